/// Who belongs to a group, who of them votes, and the limits that every replica must apply alike. It belongs to
/// the log: the first one is fixed when the cluster is created, each later one by an entry, and no node's own
/// settings change it.
public struct Configuration: Hashable, Sendable {
    /// Everybody, ascending by id.
    public let members: [Member]
    /// Those of them who vote, ascending: 1 through 9.
    public let voters: [NodeID]
    /// Ids that were given up, ascending: they are never given again.
    public let retired: [NodeID]
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
    /// What the cluster was restored from, in a digest; nil for one that began empty. It tells apart clusters that
    /// would otherwise be created alike: the one that was backed up, and each that is made of the backup.
    public let origin: Digest?

    /// Which kinds of entries the log may hold.
    public let version: ClusterVersion

    /// The largest number of voters.
    public static let maximumVoters = 9
    /// The largest number of members.
    public static let maximumMembers = 32

    /// What a cluster is created with. Traps on no or too many voters, duplicates, or a limit of zero: settings
    /// are judged before this.
    public init(
        voters: [NodeID], alpha: UInt32 = 256, sessionLimit: UInt32 = 65_536, sessionWindow: UInt32 = 1_024,
        replyBytes: UInt64 = 256 << 20, version: ClusterVersion = .newest
    ) {
        self.init(
            members: voters.map { Member(node: $0) }, alpha: alpha, sessionLimit: sessionLimit,
            sessionWindow: sessionWindow, replyBytes: replyBytes, version: version)
    }

    /// As `init(voters:)`, with all that is known of members; traps alike.
    package init(
        members: [Member], retired: [NodeID] = [], alpha: UInt32 = 256, sessionLimit: UInt32 = 65_536,
        sessionWindow: UInt32 = 1_024, replyBytes: UInt64 = 256 << 20, origin: Digest? = nil,
        version: ClusterVersion = .newest
    ) {
        self.members = members.sorted { $0.node < $1.node }
        voters = self.members.filter { $0.role == .voter }.map(\.node)
        self.retired = retired.sorted()
        precondition((1...Self.maximumVoters).contains(voters.count), "1 through 9 voters")
        precondition(
            zip(self.members, self.members.dropFirst()).allSatisfy { $0.node < $1.node }, "duplicate voter")
        precondition(alpha > 0 && sessionLimit > 0 && sessionWindow > 0 && replyBytes > 0, "a limit of zero")
        self.alpha = alpha
        self.sessionLimit = sessionLimit
        self.sessionWindow = sessionWindow
        self.replyBytes = replyBytes
        self.origin = origin
        self.version = version
    }

    /// The same with other members.
    func with(members: [Member], retired: [NodeID]) -> Configuration {
        Configuration(
            members: members, retired: retired, alpha: alpha, sessionLimit: sessionLimit,
            sessionWindow: sessionWindow, replyBytes: replyBytes, origin: origin, version: version)
    }

    /// The same at another version.
    package func with(version: ClusterVersion) -> Configuration {
        Configuration(
            members: members, retired: retired, alpha: alpha, sessionLimit: sessionLimit,
            sessionWindow: sessionWindow, replyBytes: replyBytes, origin: origin, version: version)
    }

    /// The same, with the addresses where the members are, of those of whom it is known: the log may tell none, or an old
    /// one.
    ///
    /// - Parameter overridesLog: whether that counts where the log says otherwise, too.
    package func locating(overridesLog: Bool = false, _ address: (NodeID) -> String?) -> Configuration {
        let located = members.map { member in
            guard overridesLog || member.address.isEmpty, let address = address(member.node) else {
                return member
            }
            var member = member
            member.address = address
            return member
        }
        return with(members: located, retired: retired)
    }

    /// What a new cluster is created with that goes on from where this one came to: the same limits, which replicas
    /// have applied alike, and nobody of its members.
    package func succeeded(by voters: [NodeID], origin: Digest) -> Configuration {
        Configuration(
            members: voters.map { Member(node: $0) }, alpha: alpha, sessionLimit: sessionLimit,
            sessionWindow: sessionWindow, replyBytes: replyBytes, origin: origin)
    }

    /// Where `node` stands among the voters; nil for anybody else.
    public func index(of node: NodeID) -> Int? { voters.firstIndex(of: node) }

    /// The member of that id.
    public func member(_ node: NodeID) -> Member? { members.first { $0.node == node } }

    /// Whether the id was given up.
    public func isRetired(_ node: NodeID) -> Bool { retired.contains(node) }

    /// The smallest number of voters of which any two sets meet.
    public var quorumSize: Int { voters.count / 2 + 1 }
}
