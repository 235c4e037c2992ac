import Paxos

/// What happened, as a digest, and if somebody wants to read it, as lines that are told as they come. Equal seeds have equal digests:
/// everything that happens passes here, with what tells it from other happenings.
struct Trace {
    private(set) var digest = Digest.zero
    private let sink: ((TraceLine) -> Void)?

    init(sink: ((TraceLine) -> Void)?) { self.sink = sink }

    mutating func note(
        _ kind: TraceLine.Kind, at time: UInt64, node: Int? = nil, detail: UInt64 = 0,
        _ text: @autoclosure () -> String
    ) {
        digest = Digest(
            of: digest.rawValue, time, kind.code &+ UInt64(node ?? 999) << 8, detail)
        sink?(TraceLine(time: time, kind: kind, node: node, text: text()))
    }
}

/// A line of a simulation's history.
public struct TraceLine: Sendable, Hashable, CustomStringConvertible {
    /// What sort of happening it is.
    public enum Kind: String, Sendable, CaseIterable {
        case fault, node, receive, lost, disk, client, violation, phase

        var code: UInt64 { UInt64(Self.allCases.firstIndex(of: self) ?? 0) }
    }

    /// Nanoseconds of virtual time.
    public let time: UInt64
    /// What sort it is.
    public let kind: Kind
    /// The node it happened on or to; nil if none.
    public let node: Int?
    /// What happened.
    public let text: String

    /// For people: time, node, what.
    public var description: String {
        let place = node.map { "node \($0 + 1)" } ?? ""
        let padded = place + String(repeating: " ", count: max(0, 8 - place.count))
        let name = kind.rawValue + String(repeating: " ", count: max(0, 9 - kind.rawValue.count))
        return "\(VirtualTime.text(time)) \(padded) \(name) \(text)"
    }
}
