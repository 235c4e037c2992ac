@testable import Paxos

/// One node of a test cluster: its memory, which a crash takes, and its rows, which stay.
final class TestNode {
    let id: NodeID
    /// The core; nil while the node is down.
    var group: Group?
    /// The step that fills, and the one that is being written.
    var filling = Step()
    var writing: Step?
    var rows = DurableRows()
    /// While set, what is being written stays so.
    var isDiskStuck = false
    /// Times started.
    var lives: UInt64 = 0
    /// Rows of the filling step that the judge has seen.
    var rowsSeen = 0
    /// Decisions sent at most in one message.
    static let decisionsAtOnce = 8

    init(id: NodeID) { self.id = id }

    private(set) var isUp = false
    var isDiskIdle: Bool { writing == nil }

    func start(configuration: Configuration, machine: any StateMachine, limits: Limits, seed: UInt64) {
        lives += 1
        var group = Group(
            id: .first, node: id, configuration: configuration, machine: machine, limits: limits,
            seed: seed &* 31 &+ UInt64(id.rawValue) &* 1_009 &+ lives)
        var slot = Slot.zero.next
        while let decided = rows.decision(in: slot) {
            group.replay(decided, chain: rows.chain(at: slot))
            slot = slot.next
        }
        group.restore(rows.votes)
        self.group = group
        isUp = true
    }

    /// Loses its memory, and every row that was not committed.
    func crash() {
        group = nil
        isUp = false
        filling = Step()
        writing = nil
        rowsSeen = 0
    }

    /// Hands the filling step to the disk.
    func beginWriting() {
        writing = filling.takeTransaction()
        rowsSeen = 0
    }

    /// What the store reads for `read`: as many as fit a message.
    func decisions(for read: LogRead) -> Envelope? {
        let last = min(read.through, read.from.advanced(by: Self.decisionsAtOnce - 1))
        return group?.decisions((read.from...last).compactMap { rows.decision(in: $0) }, for: read)
    }
}
