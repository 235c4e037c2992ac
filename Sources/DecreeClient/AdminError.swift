public import Paxos

/// Why what an operator asked is not answered.
public enum AdminError: Error, Hashable, Sendable {
    /// The members stay as they are.
    case changeRefused(ConfigurationRefusal)
    /// It can never be done, or not as things are.
    case refused(RequestRefusal)
    /// Nodes answer, and none leads.
    case noLeader
    /// Queues stayed full, or the leader had no time, until the deadline. Nothing was done.
    case busy
    /// It was asked, and no answer came: it may be done or not. Asking again is harmless.
    case noAnswer
    /// No node could be reached, or not the one that was named. Nothing was done.
    case unreachable(ClientError)
    /// The node speaks a version that knows no such request.
    case outdated(NodeAddress)
}

extension AdminError: CustomStringConvertible {
    /// What is wrong and what to do.
    public var description: String {
        switch self {
        case .changeRefused(let refusal): refusal.description
        case .refused(let refusal): refusal.advice
        case .noLeader:
            "no node leads: a majority of the voters must be up and reach one another; see `decree status`"
        case .busy: "the cluster is busy: nothing was done; try again"
        case .noAnswer: "no answer came in time: it may be done or not; look, or ask again, which is harmless"
        case .unreachable(let error): error.description
        case .outdated(let address): "\(address) runs an earlier version that does not know this: upgrade it"
        }
    }
}

extension RequestRefusal {
    /// The reason, and what to do.
    fileprivate var advice: String {
        switch self {
        case .tooLarge: "the request is too large"
        case .outsideWindow: "the sequence lies outside the session's window"
        case .unknownGroup: "the node does not host this group"
        case .noSuccessor: "no voter is up and close enough to lead instead: wait until it has caught up"
        case .gone: "the slot or the snapshot is gone: begin anew"
        case .malformedBatch: "the bytes are no batch of commands"
        case .noSnapshot: "a snapshot is being taken already, or nothing has been executed since the last"
        case .batchesTooNew: "a member understands no batches, or has not been met yet"
        }
    }
}
