import DecreeNode
import DecreeWire
import NIOCore

/// Where messages come from and go to: nodes by their place from 0, clients behind them.
typealias Endpoint = Int

/// One frame on its way, as bytes.
struct Packet {
    enum Kind {
        /// The first frame of a connection.
        case hello
        /// The answer.
        case helloReply
        /// Everything after.
        case frame
        /// The other end is not there, or wants no more.
        case reset
    }

    let kind: Kind
    let from: Endpoint
    let to: Endpoint
    /// In which life the sender sent it.
    let fromLife: Int
    /// The life it is meant for; nil for a hello, which is for whoever is there.
    let toLife: Int?
    /// The connection it belongs to, by the dialling end's count.
    let connection: Int
    /// Whether the sender dialled the connection.
    let isFromDialler: Bool
    var bytes: ByteBuffer
    /// The version of the protocol that the bytes are of.
    var version = WireVersion.maximum
    /// Whether it is what a client within the sender's process asks.
    var isRequest = false
    /// The narrow links, by their faults, that it is through.
    var passed: Set<Int> = []
}

/// A connection as the end that was dialled sees it.
struct Accepted {
    /// What its core calls it.
    let id: ConnectionID
    /// The dialling end, with its life and its count.
    let end: Endpoint
    let life: Int
    let connection: Int
    /// The version that both ends speak, once the hello was answered with yes.
    var version: UInt16?
}

/// A connection as the end that dialled it sees it.
struct Dialled {
    enum State {
        case down
        /// The hello is on its way.
        case greeting
        /// The other end, in its life of this number, has let it in.
        case up(life: Int)
    }

    var state = State.down
    /// Counts the attempts; what belongs to an earlier one is void.
    var connection = 0
    var failures = 0
    /// The version that both ends speak, while it is up.
    var version = WireVersion.maximum

    var isUp: Bool { if case .up = state { true } else { false } }
}
