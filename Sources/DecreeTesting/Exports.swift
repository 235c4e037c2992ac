// Whoever tries a machine of their own writes a workload, and names replies and faults: one import is enough.
@_exported public import DecreeSimulator
@_exported public import Paxos
