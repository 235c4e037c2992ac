public import DecreeClient
import Paxos

extension Node {
    /// The commands of a group's log from a bookmark on, read from this very node: see `tail(from:of:through:)` of a
    /// position. Another log than the bookmark's is refused with `TailError.otherLog`.
    public func tail(
        from bookmark: LogBookmark, of group: GroupID = .first, through: Slot? = nil
    ) -> Tail {
        let source = NodeTail(node: self, group: group, wanted: bookmark.log)
        return Tail(of: source, from: bookmark.position, through: through)
    }

    /// The commands of a group's log from a position on, as they were executed, read from this very node: see `Tail`. It
    /// gives what this node has learnt, which need not lead, and ends with an error when the node does, or finds rows
    /// damaged that other nodes have.
    ///
    /// - Parameters:
    ///   - position: the first to be read; behind the last one read, `LogEntry.position.next`. It
    ///     is taken as it is: if the node may be of another cluster later, keep `LogEntry.bookmark.next` instead.
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
    /// The log that is meant; nil for whatever the node has.
    private let wanted: LogID?
    private(set) var log: LogID?

    init(node: Node, group: GroupID, wanted: LogID? = nil) {
        self.node = node
        self.group = group
        self.wanted = wanted
    }

    mutating func check(_ position: LogPosition) async throws(TailError) {
        guard let found = await node.log(of: group) else {
            throw .unanswered(node.hosts(group) ? .unreachable(.closed) : .refused(.unknownGroup))
        }
        log = found
        if let wanted, wanted != found { throw .otherLog(wanted: wanted, found: found) }
        while !Task.isCancelled {
            switch await node.ask(.admin(.tail(from: position.slot, waitingTicks: 0)), of: group) {
            case .admin(.executed(let slots))
            where slots.decided.isEmpty && position > .first(of: slots.chosenThrough.next):
                // This node may lag: the leader tells the end.
                guard let end = await node.query([], of: group).receipt?.executedThrough else { continue }
                guard position > .first(of: end.next) else { return }
                throw .beyondEnd(position, end: end)
            case .busy: try? await Task.sleep(for: Self.pause)
            // Whatever else it says, it says of the slots as well.
            default: return
            }
        }
    }

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
