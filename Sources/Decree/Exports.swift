// Whoever embeds a node writes a state machine and names groups and replies: one import is enough.
@_exported public import Paxos
