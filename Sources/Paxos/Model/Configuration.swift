/// Who votes in a group, and the limits that every replica must apply alike. It belongs to the log: it is
/// fixed when the cluster is created, and no node's own settings change it.
public struct Configuration: Hashable, Sendable {
    /// The voters, ascending, 1 through 9 of them.
    public let voters: [NodeID]
    /// A slot's configuration is fixed by the slots `alpha` before it, so no more may be in flight
    /// (Lamport, "Paxos Made Simple", section 3). Default 256.
    public let alpha: UInt32
    /// Sessions kept; opening one more evicts the one used longest ago. Default 65,536.
    public let sessionLimit: UInt32
    /// Sequences a session may have open at once, from its `firstUnacknowledged`. Default 1,024.
    public let sessionWindow: UInt32
    /// Bytes of replies kept for retries, over all sessions. One reply more evicts the session used longest
    /// ago: whoever still works with its session is not the one. Default 256 MiB.
    public let replyBytes: UInt64

    /// The largest number of voters.
    public static let maximumVoters = 9

    /// Traps on no or too many voters, duplicates, or a limit of zero: settings are judged before this.
    public init(
        voters: [NodeID], alpha: UInt32 = 256, sessionLimit: UInt32 = 65_536, sessionWindow: UInt32 = 1_024,
        replyBytes: UInt64 = 256 << 20
    ) {
        precondition((1...Self.maximumVoters).contains(voters.count), "1 through 9 voters")
        self.voters = voters.sorted()
        precondition(zip(self.voters, self.voters.dropFirst()).allSatisfy { $0 < $1 }, "duplicate voter")
        precondition(alpha > 0 && sessionLimit > 0 && sessionWindow > 0 && replyBytes > 0, "a limit of zero")
        self.alpha = alpha
        self.sessionLimit = sessionLimit
        self.sessionWindow = sessionWindow
        self.replyBytes = replyBytes
    }

    /// Where `node` stands among the voters; nil for a stranger.
    public func index(of node: NodeID) -> Int? { voters.firstIndex(of: node) }

    /// The smallest number of voters of which any two sets meet.
    public var quorumSize: Int { voters.count / 2 + 1 }

    /// Fixed-width bytes, the same on every node: stored, and digested into the cluster's genesis.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = [1]
        bytes.appendInteger(alpha)
        bytes.appendInteger(sessionLimit)
        bytes.appendInteger(sessionWindow)
        bytes.appendInteger(replyBytes)
        bytes.appendInteger(UInt16(voters.count))
        for voter in voters { bytes.appendInteger(voter.rawValue) }
        return bytes
    }

    /// Reads what `bytes` wrote; nil for anything else.
    public init?(bytes: [UInt8]) {
        var reader = ByteReader(bytes[...])
        guard reader.readInteger(UInt8.self) == 1,
            let alpha = reader.readInteger(UInt32.self), alpha > 0,
            let sessionLimit = reader.readInteger(UInt32.self), sessionLimit > 0,
            let sessionWindow = reader.readInteger(UInt32.self), sessionWindow > 0,
            let replyBytes = reader.readInteger(UInt64.self), replyBytes > 0,
            let count = reader.readInteger(UInt16.self), (1...Self.maximumVoters).contains(Int(count))
        else { return nil }
        var voters: [NodeID] = []
        for _ in 0..<count {
            guard let raw = reader.readInteger(UInt16.self), let voter = NodeID(rawValue: raw),
                voters.last.map({ $0 < voter }) ?? true
            else { return nil }
            voters.append(voter)
        }
        guard reader.isAtEnd else { return nil }
        self.init(
            voters: voters, alpha: alpha, sessionLimit: sessionLimit, sessionWindow: sessionWindow,
            replyBytes: replyBytes)
    }
}
