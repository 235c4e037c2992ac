public import DecreeClient
import Paxos

extension Node {
    /// The commands of a group's log from a position on, as they were executed, read from this very node: see `Tail`. It
    /// gives what this node has learnt, which need not lead, and ends with an error when the node does, or finds rows
    /// damaged that other nodes have.
    ///
    /// - Parameters:
    ///   - position: the first to be read; behind the last one read, `LogEntry.position.next`.
    ///   - through: the last slot to be read; without it the tail waits for what comes.
    public func tail(
        from position: LogPosition, of group: GroupID = .first, through: Slot? = nil
    ) -> Tail {
        Tail(of: NodeTail(node: self, group: group), from: position, through: through)
    }
}

private struct NodeTail: TailSource {
    let node: Node
    let group: GroupID

    /// Half a second: a task that is cancelled meanwhile waits no longer. Asking anew costs nothing here.
    private static let waitingTicks: UInt32 = 50
    private static let pause = Duration.milliseconds(20)

    mutating func slots(from: Slot) async throws(TailError) -> ExecutedSlots {
        while !Task.isCancelled {
            switch await node.ask(.admin(.tail(from: from, waitingTicks: Self.waitingTicks)), of: group) {
            case .admin(.executed(let slots)): return slots
            case .admin(.logBegins(let slot)): throw .logBegins(at: slot)
            case .refused(let refusal): throw .unanswered(.refused(refusal))
            case nil: throw .unanswered(.unreachable(.closed))
            default: try? await Task.sleep(for: Self.pause)
            }
        }
        return ExecutedSlots(decided: [], unexecuted: [], chosenThrough: .zero)
    }
}
