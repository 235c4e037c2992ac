import Bank
import DecreeSimulator
import Paxos

/// The judgement: every acknowledgement accounted for, or what is wrong. The checkers of `DecreeSimulator`,
/// put to work on a bank.
struct Proof: Sendable {
    let counts: HistoryCheck.Counts
    let readsChecked: Int
    let orderChecked: Int
    let slots: UInt64
    let commandsInLog: Int
    /// Commands that stand in the log a second time, without effect: retries that met their first attempt.
    let repeatedInLog: Int
    let total: Int64
    /// The run's beginning, explained without the nodes' slots.
    let opening: Linearizability
    let violations: [Violation]

    /// Operations of the beginning: what a search without slots can bear.
    static let openingCount = 2_000
    /// Where that search gives up.
    static let configurationLimit = 50_000

    init(_ evidence: Evidence) {
        let whole = evidence.whole.map { [$0] } ?? []
        let comparison = LogComparison(whole + evidence.logs, settled: evidence.settled)
        // They may lack what came after they left; what they hold must be the log.
        let former = evidence.formerLogs.flatMap { LogComparison(whole + [$0]).violations }
        let states = evidence.states.compactMap(DecreeSimulator.NodeState.init)
        let check = HistoryCheck(
            evidence.history, log: comparison.chosen, model: BankModel(), machine: Bank(), states: states,
            wording: .bank)
        opening = Linearizability(
            Linearizability.opening(of: evidence.history, count: Self.openingCount), model: BankModel(),
            configurationLimit: Self.configurationLimit, wording: .bank)

        counts = check.counts
        readsChecked = check.readsChecked
        orderChecked = check.orderChecked
        slots = check.through.rawValue
        commandsInLog = check.commandsInLog
        repeatedInLog = check.repeatedInLog
        total = (check.model as? BankModel)?.total ?? 0
        violations =
            comparison.violations + former + check.violations + BankTotals(evidence.history).violations
            + opening.violations + Self.differences(check) + Self.nonsense(evidence)
    }

    /// Violations of one kind.
    func count(_ kind: Violation.Kind) -> Int { violations.count { $0.kind == kind } }

    /// The bank that the nodes run against its model.
    private static func differences(_ check: HistoryCheck) -> [Violation] {
        guard let model = check.model as? BankModel, let bank = check.machine as? Bank else { return [] }
        return model.differences(from: bank).map { Violation(.state, $0) }
    }

    /// Nodes whose words could not be read.
    private static func nonsense(_ evidence: Evidence) -> [Violation] {
        evidence.states.filter { DecreeSimulator.NodeState($0) == nil }.map { state in
            Violation(.state, "node \(state.node) says \(state.agreement), which makes no sense")
        }
    }
}
