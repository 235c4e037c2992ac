import Paxos
