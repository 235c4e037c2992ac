import DecreeSimulator
import Paxos

/// What there is to judge a run by, gathered when it is over.
struct Evidence {
    /// What a running node said when all was quiet.
    struct NodeState: Hashable, Sendable {
        let node: Int
        let executedThrough: UInt64
        let chain: String
        let stateDigest: String
    }

    var history: [DecreeSimulator.Operation]
    var logs: [LogCopy]
    var states: [NodeState]
    /// The log from slot 1, read from the nodes while they ran; nil where the stores hold it.
    var whole: LogCopy?
    /// What those held that are no members any more.
    var formerLogs: [LogCopy] = []

    /// The slot all nodes had executed when all was quiet; nil if they never agreed on one.
    var settled: Slot? {
        guard let slot = states.first?.executedThrough, states.allSatisfy({ $0.executedThrough == slot })
        else { return nil }
        return Slot(rawValue: slot)
    }
}

extension DecreeSimulator.NodeState {
    /// What a node said, read; nil if it makes no sense.
    init?(_ state: Evidence.NodeState) {
        guard let slot = Slot(rawValue: state.executedThrough),
            let chain = UInt64(state.chain, radix: 16), let digest = UInt64(state.stateDigest, radix: 16)
        else { return nil }
        self.init(
            node: state.node, executedThrough: slot, chain: Digest(rawValue: chain),
            digest: Digest(rawValue: digest))
    }
}
