package import DecreeStore
package import DecreeWire
package import Paxos

/// What surrounds a node's core: sockets, a disk and a clock, real or simulated. The core calls it, on the
/// one thread that both live on, and is told by `NodeCore`'s methods what happened.
package protocol NodeShell: AnyObject {
    /// Sends a message to a peer, or loses it: the protocol sends it again, or catches up. `sent` goes with it, as in
    /// `PeerFrame`.
    func send(
        _ message: Message, in group: GroupID, to peer: NodeID, persistSequence: PersistSequence, sent: UInt64
    )

    /// Sends what a node says of nodes to a peer, over the connection that this node opened, or loses it.
    func send(_ frame: NodeFrame, to peer: NodeID)

    /// Sends it back over a connection that a peer opened.
    func send(_ frame: NodeFrame, on connection: ConnectionID)

    /// Answers a hello. A connection that is not admitted is closed behind the answer.
    func answer(_ reply: HelloReply, _ verdict: Handshake.Verdict, on connection: ConnectionID)

    /// Closes a connection that another process opened; `NodeCore.closed` need not follow.
    func close(_ connection: ConnectionID)

    /// The connection to a peer is to be made again: it leads to a process that is not the peer's any more.
    func greetAgain(_ peer: NodeID)

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

    /// Encodes a copy of a group, which may take long, and tells `encoded`; or is told in vain, if the node ends.
    func encode(_ capture: Capture, for group: GroupID)

    /// Sends a request to a peer, which answers `NodeCore.relayed`.
    func send(_ request: ClientFrame, to peer: NodeID) -> RequestSending

    /// Makes the digest of a copy of a group's state, which may take long, and tells `digested`.
    func digest(_ state: UndigestedState, of group: GroupID)

    /// Decodes a snapshot, which may take long, and tells `decoded`.
    func decode(_ snapshot: Snapshot, machine: any StateMachine, for group: GroupID)

    /// Who there is to speak with has changed, or where: `NodeCore.contacts`.
    func peersChanged()

    /// Connections to peers that stand are to be made anew: what a peer says to a greeting may be something else now.
    func greetPeersAgain()

    /// Something that an operator may want to know.
    func note(_ note: NodeNote)

    /// The node must say nothing more. `finished` follows when the disk is done.
    func failed(_ failure: NodeFailure)

    /// The disk will report no more: its store is closed, or given up.
    func finished()
}

/// What became of a request to a peer.
package enum RequestSending: Sendable {
    /// It leaves with the end of the turn.
    case sent
    /// No link to the peer stands.
    case unreachable
    /// What waits for the peer already is all that may.
    case noRoom
    /// The peer's build does not know it.
    case unknownToPeer
}

/// Why a node must not go on.
package enum NodeFailure: Error, Sendable, Equatable {
    /// The store failed.
    case store(StoreError)
    /// Peers have seen this store further on, or another store under this id.
    case fenced(String)
    /// The node was removed from the cluster, as it has executed itself or was told.
    case removed(String)
}

/// Something that an operator may want to know.
package enum NodeNote: Sendable, Equatable {
    /// This node has taken a snapshot, and read it back.
    case snapshotTaken(GroupID, SnapshotHeader)
    /// A snapshot is not what it should be: it is thrown away.
    case snapshotBad(GroupID, SnapshotHeader, String)
    /// A peer's snapshot cannot be used, and is not fetched any more: this node does not catch up before it is offered
    /// another.
    case snapshotRefused(GroupID, SnapshotHeader, String)
    /// A peer's snapshot is where this node goes on from.
    case snapshotInstalled(GroupID, SnapshotHeader)
    /// A row was found that says something else than was written; it is mended.
    case rot(GroupID, Slot)
    /// A peer said what cannot be true beside what others, or this node, said: one of them is broken. It was not heeded.
    case contradicted(GroupID, String)
    /// Another node leads, as far as this one knows; or none that it knows of.
    case leader(GroupID, NodeID?)
    /// Somebody asked for what is not as it was written: it is not served, and whoever asked goes to another node.
    case notServed(Damage)
    /// A process comes as a node of which this node has seen another process, from another copy of its store.
    case secondProcess(NodeID, NodeStart)
    /// A peer says that it is reached elsewhere than the log, or this node's configuration, has it.
    case announcedElsewhere(NodeID, at: String, notAt: String)
    /// The members are others, from a slot on.
    case members(GroupID, Configuration, from: Slot)
}
