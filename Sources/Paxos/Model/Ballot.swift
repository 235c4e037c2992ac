/// A totally ordered claim to lead: by round, then by node. (Lamport, "Paxos Made Simple", section 2.2,
/// where it is the proposal number.)
///
/// One positive 63-bit integer, `round << 16 | node`, so that it is compared, stored and sent as it is.
public struct Ballot: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    /// `round << 16 | node`.
    public let rawValue: UInt64

    /// The ballot below every real one: nothing promised.
    public static let zero = Ballot(unchecked: 0)

    /// The largest round, 2^46 - 1.
    public static let maximumRound: UInt64 = (1 << 46) - 1

    private init(unchecked: UInt64) { rawValue = unchecked }

    /// Fails unless it is zero or holds a round of 1 through `maximumRound` and a valid node.
    public init?(rawValue: UInt64) {
        guard rawValue != 0 else {
            self = .zero
            return
        }
        let round = rawValue >> 16
        guard (1...Self.maximumRound).contains(round),
            NodeID(rawValue: UInt16(truncatingIfNeeded: rawValue)) != nil
        else { return nil }
        self.rawValue = rawValue
    }

    /// Traps when the round is not 1 through `maximumRound`: a cluster that starts an election every
    /// millisecond gets there in two thousand years.
    public init(round: UInt64, node: NodeID) {
        precondition((1...Self.maximumRound).contains(round), "ballot round \(round) is out of range")
        rawValue = round << 16 | UInt64(node.rawValue)
    }

    /// The round; 0 for `zero`.
    public var round: UInt64 { rawValue >> 16 }

    /// The node that may propose in this ballot; nil for `zero`.
    public var node: NodeID? { NodeID(rawValue: UInt16(truncatingIfNeeded: rawValue)) }

    /// The lowest ballot of `node` above this one's round.
    public func next(for node: NodeID) -> Ballot { Ballot(round: round + 1, node: node) }

    /// Orders by round, then by node.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// `round.node`.
    public var description: String { "\(round).\(rawValue & 0xffff)" }
}
