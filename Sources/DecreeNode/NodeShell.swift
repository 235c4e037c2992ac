package import DecreeStore
package import Paxos

/// What surrounds a node's core: sockets, a disk and a clock, real or simulated. The core calls it, on the
/// one thread that both live on, and is told by `NodeCore`'s methods what happened.
package protocol NodeShell: AnyObject {
    /// Sends a message to a peer, or loses it: the protocol sends it again, or catches up.
    func send(
        _ message: Message, in group: GroupID, to peer: NodeID, persistSequence: PersistSequence)

    /// What was sent since the last time may leave together.
    func flushPeers()

    /// Tells whoever holds the tickets; and whatever else is ready for clients may leave together.
    func respond(_ responses: [(Ticket, ClientResponse)])

    /// Has the disk do a job. The one before has been reported.
    func perform(_ job: consuming DiskJob)

    /// Calls `endTurn()` when what has arrived by now has been handed in.
    func scheduleTurnEnd()

    /// A peer has shown that it is up: no need to wait before trying to reach it.
    func peerIsUp(_ peer: NodeID)

    /// A step is durable.
    func committed(nanoseconds: UInt64, counters: StoreCounters)

    /// The disk is full, or has room again.
    func becameReadOnly(_ isReadOnly: Bool)

    /// The node must say nothing more. `finished` follows when the disk is done.
    func failed(_ failure: NodeFailure)

    /// The disk will report no more: its store is closed, or given up.
    func finished()
}

/// Why a node must not go on.
package enum NodeFailure: Error, Sendable, Equatable {
    /// The store failed.
    case store(StoreError)
    /// Peers have seen this store further on, or another store under this id.
    case fenced(String)
}
