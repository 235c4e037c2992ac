public import Paxos

/// Judges a recorded history by the chosen log: every acknowledgement accounted for, or what is wrong.
///
/// The log is replayed by a model with sessions of its own. Then
/// - every acknowledged write stands in the log at its receipt's position, with its bytes, had its effect
///   once, and was answered as the model answers there;
/// - what failed had no effect, what is unknown one at most, and nothing else happened;
/// - every read was answered from the model's state after the slot its receipt names;
/// - whatever was asked after something was acknowledged comes after it (stale reads excepted);
/// - what nodes said of their states is what the log makes of them.
///
/// What it asks of a workload: no two commands of a run have equal bytes. A command with a receipt is known
/// by its session and sequence; one without (failed, or unknown before it had a sequence) by its bytes alone,
/// and where others have the same bytes one cannot tell who did it: such an effect is given to whoever is
/// unknown, and a failed one that was done goes unnoticed.
///
/// What it asks of a cluster: the whole log from slot 1.
public struct HistoryCheck: Sendable {
    /// Writes by what their clients were told.
    public struct Counts: Equatable, Sendable {
        /// Answered.
        public var acknowledged = 0
        /// Answered with a refusal of the state machine.
        public var rejected = 0
        /// Definitely not done.
        public var failed = 0
        /// Unknown to their clients, and done.
        public var unknownDone = 0
        /// Unknown to their clients, and not done.
        public var unknownNotDone = 0

        /// Counts.
        public init(
            acknowledged: Int = 0, rejected: Int = 0, failed: Int = 0, unknownDone: Int = 0,
            unknownNotDone: Int = 0
        ) {
            self.acknowledged = acknowledged
            self.rejected = rejected
            self.failed = failed
            self.unknownDone = unknownDone
            self.unknownNotDone = unknownNotDone
        }
    }

    /// Writes by what their clients were told.
    public let counts: Counts
    /// Reads held against the model.
    public let readsChecked: Int
    /// Operations held against those acknowledged before them.
    public let orderChecked: Int
    /// The last slot that was replayed.
    public let through: Slot
    /// Commands in the log.
    public let commandsInLog: Int
    /// Commands that stand in the log without effect: retries that met their first attempt, and commands of
    /// sessions that were gone.
    public let repeatedInLog: Int
    /// Where they stand.
    let unexecuted: Set<LogPosition>
    private let effects: [Replay.CommandID: Replay.Effect]
    /// The model after the log.
    public let model: any StateMachine
    /// The nodes' machine after the log, if one was given.
    public let machine: (any StateMachine)?
    /// What is wrong.
    public let violations: [Violation]

    /// How many slots lie between two looks at the model's own flaws.
    static let flawInterval: UInt64 = 64

    /// Judges.
    ///
    /// - Parameters:
    ///   - history: everything that clients asked.
    ///   - log: the chosen slots from 1.
    ///   - model: the specification, as it is before the first slot. If it is a `ModelMachine`, it is asked
    ///     for its flaws from time to time.
    ///   - machine: what the nodes run, as it is before the first slot: to compare their digests with. Without
    ///     it, nodes at the same slot are compared with one another.
    ///   - states: what nodes said of themselves.
    ///   - configuration: the cluster's, so that the model evicts sessions as the nodes do. Without it the
    ///     model forgets nothing, which is right as long as a run stays below the limits.
    ///   - wording: how to tell operations to a person.
    public init(
        _ history: [Operation], log: [ChosenSlot], model: any StateMachine,
        machine: (any StateMachine)? = nil, states: [NodeState] = [], configuration: Configuration? = nil,
        wording: Wording = .plain
    ) {
        var replay = Replay(model: model, machine: machine, limits: configuration)
        var reads = ReadCheck(history, wording)
        var nodes = StateCheck(states)
        var flaws = Flaws()
        reads.executed(.zero, replay.model)
        nodes.executed(replay)
        for chosen in log {
            guard replay.execute(chosen) else { break }
            reads.executed(chosen.slot, replay.model)
            nodes.executed(replay)
            if chosen.slot.rawValue % Self.flawInterval == 0 { flaws.look(at: replay) }
        }
        reads.finish()
        nodes.finish(replay.through)
        flaws.look(at: replay)
        let accounting = Accounting(history, replay, wording)
        let order = RealTimeOrder(history, done: accounting.positions, wording)

        counts = accounting.counts
        readsChecked = reads.checked
        orderChecked = order.checked
        through = replay.through
        commandsInLog = replay.entries.count
        repeatedInLog = replay.entries.count - replay.effects.count
        unexecuted = replay.unexecuted
        effects = replay.effects
        self.model = replay.model
        self.machine = replay.machine
        violations =
            Self.contradictions(in: history, wording) + replay.violations + accounting.violations
            + reads.violations + order.violations + flaws.violations + nodes.violations
    }

    /// Every command that was executed, as readers of the log are to be given it, in order.
    var executed: [TailRecord.Given] {
        effects.map { id, effect in
            TailRecord.Given(
                position: effect.position, session: id.session, sequence: id.sequence,
                isBatch: effect.isBatch, digest: Digest(of: effect.payload))
        }.sorted { $0.position < $1.position }
    }

    /// Violations of one kind.
    public func count(_ kind: Violation.Kind) -> Int { violations.count { $0.kind == kind } }

    /// Times that run backwards, and clients that ask before they were answered: what such a history says of
    /// real time is worth nothing.
    private static func contradictions(in history: [Operation], _ wording: Wording) -> [Violation] {
        var violations: [Violation] = []
        for (_, operations) in Dictionary(grouping: history, by: \.client).sorted(by: { $0.key < $1.key }) {
            var free: UInt64 = 0
            for operation in operations.sorted(by: { $0.invoked < $1.invoked }) {
                if operation.invoked < free {
                    violations.append(
                        Violation(
                            .history,
                            "\(wording.text(operation)): asked before its client had its last answer"))
                }
                if let completed = operation.completed, completed < operation.invoked {
                    violations.append(
                        Violation(.history, "\(wording.text(operation)): completed before it was invoked"))
                }
                free = max(free, operation.completed ?? operation.invoked)
            }
        }
        return violations
    }
}

/// What a model finds wrong with itself, the first time.
private struct Flaws {
    var violations: [Violation] = []

    mutating func look(at replay: Replay) {
        guard violations.isEmpty, let model = replay.model as? any ModelMachine else { return }
        violations = model.flaws().map { Violation(.total, "after slot \(replay.through): \($0)") }
    }
}
