/// Why a client cannot speak to a cluster or a node. What becomes of a request is an `Outcome`, never an
/// error.
public enum ClientError: Error, Hashable, Sendable, CustomStringConvertible {
    /// None of the nodes could be reached in time; what was wrong with each, in the order they were given.
    case unreachable([Trouble])
    /// A node did not answer in time.
    case timedOut(NodeAddress)
    /// The client was closed.
    case closed

    /// What is wrong with one node.
    public struct Trouble: Hashable, Sendable, CustomStringConvertible {
        /// The node.
        public let address: NodeAddress
        /// What is wrong.
        public let reason: String

        /// A trouble.
        public init(address: NodeAddress, reason: String) {
            self.address = address
            self.reason = reason
        }

        /// Both.
        public var description: String { "\(address): \(reason)" }
    }

    /// What is wrong and what to do.
    public var description: String {
        switch self {
        case .unreachable(let troubles):
            "no node could be reached; check that they run and that the addresses are right. "
                + troubles.map(\.description).joined(separator: "; ")
        case .timedOut(let address): "\(address) did not answer in time; try again, or look at its log"
        case .closed: "the client was closed; make a new one"
        }
    }
}
