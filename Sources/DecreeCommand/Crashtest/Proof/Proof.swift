import Bank
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

    var history: [RecordedOperation]
    var logs: [LogCopy]
    var states: [NodeState]

    /// The slot all nodes had executed when all was quiet; nil if they never agreed on one.
    var settled: Slot? {
        guard let slot = states.first?.executedThrough, states.allSatisfy({ $0.executedThrough == slot })
        else { return nil }
        return Slot(rawValue: slot)
    }
}

/// The judgement: every acknowledgement accounted for, or what is wrong.
///
/// The log is replayed by a model with sessions and a bank of its own, so that a mistake in the nodes' own
/// bookkeeping shows as a difference.
struct Proof: Sendable {
    let counts: Accounting.Counts
    let readsChecked: Int
    let orderChecked: Int
    let slots: UInt64
    let commandsInLog: Int
    /// Commands that stand in the log a second time, without effect: retries that met their first attempt.
    let repeatedInLog: Int
    let total: Int64
    let violations: [Violation]

    init(_ evidence: Evidence) {
        let comparison = LogComparison(evidence.logs, settled: evidence.settled)
        var reads = ReadCheck(evidence.history)
        let replay = Replay(comparison.longest) { slot, bank in reads.executed(slot, bank) }
        reads.finish()
        let accounting = Accounting(evidence.history, replay)
        let order = RealTimeOrder(evidence.history)

        counts = accounting.counts
        readsChecked = reads.checked
        orderChecked = order.checked
        slots = comparison.longest.through.rawValue
        commandsInLog = replay.entries.count
        repeatedInLog = replay.entries.count - replay.effects.count
        total = replay.bank.total
        violations =
            comparison.violations + replay.violations + accounting.violations + reads.violations
            + order.violations + Self.checkTotal(replay) + Self.checkStates(evidence, replay)
    }

    /// Violations of one kind.
    func count(_ kind: Violation.Kind) -> Int { violations.count { $0.kind == kind } }

    private static func checkTotal(_ replay: Replay) -> [Violation] {
        let expected = replay.bank.paidIn - replay.bank.paidOut
        var violations: [Violation] = []
        if replay.bank.total != expected {
            violations.append(
                Violation(.total, "accounts hold \(replay.bank.total), and \(expected) was paid in"))
        }
        for (account, balance) in replay.bank.balances where balance < 0 {
            violations.append(Violation(.total, "\(account) holds \(balance)"))
        }
        return violations
    }

    /// The nodes' states against one another, against the log, and against the model.
    private static func checkStates(_ evidence: Evidence, _ replay: Replay) -> [Violation] {
        var violations: [Violation] = []
        let digest = replay.nodeBank.digest().description
        for state in evidence.states {
            if state.stateDigest != digest {
                violations.append(
                    Violation(
                        .state, "node \(state.node) is in state \(state.stateDigest), the log makes \(digest)"
                    ))
            }
            let chain = Slot(rawValue: state.executedThrough).flatMap { slot in
                evidence.logs.first { $0.node == state.node }?.chain(through: slot)
            }
            if let chain, chain.description != state.chain {
                violations.append(
                    Violation(
                        .logs,
                        "node \(state.node) was at chain \(state.chain) at slot \(state.executedThrough), "
                            + "its store holds \(chain)"))
            }
        }
        let accounts = Dictionary(
            uniqueKeysWithValues: replay.nodeBank.accounts.map { ($0.name.text, $0.balance) })
        if accounts != replay.bank.balances {
            violations.append(Violation(.state, "the bank and its model differ in their accounts"))
        }
        return violations
    }
}
