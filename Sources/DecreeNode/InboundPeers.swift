import DecreeWire
import Paxos

/// A connection that another process opened to this node, as its shell names it. No name is given twice.
package struct ConnectionID: Hashable, Comparable, Sendable {
    /// The name.
    package let rawValue: UInt64
    /// A name.
    package init(rawValue: UInt64) { self.rawValue = rawValue }
    /// Orders by age: the newest last.
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Who has connected to this node as which start of a peer, and who waits to be let in because another process of that
/// node is connected.
struct InboundPeers {
    /// A connection of a peer that was let in. One a peer: a newer connection of the same process supersedes the older.
    struct Admitted {
        let peer: NodeID
        let connection: ConnectionID
        let start: NodeStart
        /// Whether it was told that its start stands in this node's store.
        var isTold = false
        /// Bytes of its bulky messages that have come, and those that it was told of.
        var received: UInt64 = 0
        var toldReceived: UInt64 = 0
        /// Whether some of a message has come meanwhile, so that it is told the same again.
        var isArriving = false
    }

    /// A process that knocks as a peer, and may come in but for other processes of that node.
    struct Caller {
        let peer: NodeID
        let connection: ConnectionID
        let hello: Hello
        /// The version that is to be spoken.
        let version: UInt16

        /// Its start, if it speaks a version that says so.
        var seen: SeenStart? { version >= WireVersion.starts ? hello.seen : nil }
    }

    /// One that waits while another process of its node is asked whether it lives.
    struct Newcomer {
        let caller: Caller
        let older: ConnectionID
        let nonce: UInt64
        /// When the older one is taken for gone.
        let deadline: UInt64
    }

    /// A process that is connected, while others tell of a later start of its node: it is asked whether it lives.
    struct Doubted {
        let peer: NodeID
        let connection: ConnectionID
        let nonce: UInt64
        /// When it is taken for gone.
        let deadline: UInt64
    }

    var admitted: [Admitted] = []
    var newcomers: [Newcomer] = []
    var doubted: [Doubted] = []
    /// The last number of those this node has asked with.
    private(set) var lastNonce: UInt64 = 0
    /// The last starts of each peer, as the latest of them that was met told them.
    var lineages: [NodeID: [NodeStart]] = [:]
    /// Which start each link of this node's own leads to.
    var reached: [NodeID: NodeStart] = [:]

    /// Ticks for which a process may take to say that it lives: one that is stopped, or behind a dead connection, does not.
    static let ticksToAnswer: UInt64 = 100

    subscript(peer: NodeID) -> Admitted? { admitted.first { $0.peer == peer } }

    /// Whether a frame that came as a peer's on that connection is the peer's.
    func isCurrent(_ connection: ConnectionID, of peer: NodeID) -> Bool {
        self[peer].map { $0.connection == connection } ?? true
    }

    /// The number to ask the process at the other end with. It may not count on this node's word until it is told again.
    mutating func nextNonce(for connection: ConnectionID) -> UInt64 {
        if let index = admitted.firstIndex(where: { $0.connection == connection }) {
            admitted[index].isTold = false
        }
        lastNonce += 1
        return lastNonce
    }

    /// Whether a caller, or this node, waits for what the process at the other end says. Until it is settled who goes
    /// on, that one is not told that it is witnessed.
    func isAsked(_ connection: ConnectionID) -> Bool {
        newcomers.contains { $0.older == connection } || doubted.contains { $0.connection == connection }
    }

    /// The process at the other end is told that its start is in this node's store.
    mutating func tell(_ connection: ConnectionID) {
        guard let index = admitted.firstIndex(where: { $0.connection == connection }) else { return }
        admitted[index].isTold = true
    }

    /// Counts what has come. Returns how much of it the peer was not told of.
    mutating func note(received bytes: UInt64, on connection: ConnectionID) -> UInt64 {
        guard let index = admitted.firstIndex(where: { $0.connection == connection }) else { return 0 }
        admitted[index].received = max(admitted[index].received, bytes)
        return admitted[index].received - admitted[index].toldReceived
    }

    mutating func noteArriving(_ connection: ConnectionID) {
        guard let index = admitted.firstIndex(where: { $0.connection == connection }) else { return }
        admitted[index].isArriving = true
    }

    /// What peers are to be told of what has come.
    mutating func takeReceived() -> [(ConnectionID, UInt64)] {
        var told: [(ConnectionID, UInt64)] = []
        for index in admitted.indices
        where admitted[index].received > admitted[index].toldReceived || admitted[index].isArriving {
            admitted[index].toldReceived = admitted[index].received
            admitted[index].isArriving = false
            told.append((admitted[index].connection, admitted[index].received))
        }
        return told
    }

    /// Lets a connection in, in place of the one there was.
    mutating func admit(_ peer: NodeID, _ connection: ConnectionID, _ start: NodeStart) {
        admitted.removeAll { $0.peer == peer }
        admitted.append(Admitted(peer: peer, connection: connection, start: start))
    }
}
