/// A node that belongs to a group: what it may do there, where it is reached, and which store it has.
public struct Member: Hashable, Sendable {
    /// What a member may do.
    public enum Role: Hashable, Sendable {
        /// Votes, and may lead.
        case voter
        /// Learns and executes, and is asked for nothing.
        case nonVoter
        /// Learns, and becomes a voter as soon as it is close; in the place of another, if one is named.
        case joining(replacing: NodeID?)
    }

    /// The node.
    public let node: NodeID
    /// What it may do.
    public var role: Role
    /// Its store; nil for those the cluster was created with, and for who is admitted and has yet to come.
    public var store: StoreID?
    /// Where it is reached, "host:port", of at most `maximumAddressBytes`; empty where nodes are told by their
    /// own configurations.
    public var address: String

    /// The longest address, in bytes of UTF-8.
    public static let maximumAddressBytes = 255

    /// A member. An address from outside has been judged, and one that is too long refused: its bytes could not be
    /// read back.
    public init(node: NodeID, role: Role = .voter, store: StoreID? = nil, address: String = "") {
        precondition(address.utf8.count <= Self.maximumAddressBytes, "a member's address is too long")
        self.node = node
        self.role = role
        self.store = store
        self.address = address
    }

    /// Whether nothing but its id is known: a voter from the beginning.
    var isPlain: Bool { role == .voter && store == nil && address.isEmpty }
}
