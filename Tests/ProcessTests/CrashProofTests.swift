import Bank
import DecreeSimulator
import Paxos
import Testing

@testable import DecreeCommand

/// The judge of crash tests: each of its checkers is asked, and what it finds is told. (What the checkers
/// find is the matter of `DecreeSimulatorTests`.)
@Suite struct CrashProofTests {
    /// One slot that opens a session and an account, another that pays in, and a read.
    private func evidence(reads total: Int64 = 107, stands: Int64 = 7) -> Evidence {
        let session = SessionID(openedAt: LogPosition(slot: Slot(1), index: 0))
        let commands: [BankCommand] = [.open(.a, balance: 100), .deposit(.a, amount: 7)]
        let chosen: [BankCommand] = [.open(.a, balance: 100), .deposit(.a, amount: stands)]
        var bank = Bank()
        var rows: [LogCopy.Row] = []
        var history: [DecreeSimulator.Operation] = []
        var chain = Digest.zero
        for (index, command) in commands.enumerated() {
            let slot = Slot(UInt64(index + 1))
            var batch = ProposalBuilder()
            if index == 0 { batch.append(.openSession) }
            let position = LogPosition(slot: slot, index: UInt32(batch.count))
            let sequence = UInt64(index + 1)
            batch.append(
                .command(
                    session: session, sequence: sequence, firstUnacknowledged: 1,
                    payload: chosen[index].bytes[...]))
            let proposal = batch.build()
            chain = chain.chained(slot, proposal.digest)
            rows.append(LogCopy.Row(slot: slot, proposal: proposal, chain: chain))
            let reply = bank.execute(command.bytes[...], at: position)
            let receipt = Receipt(session: session, sequence: sequence, position: position)
            history.append(
                Operation(
                    client: 0, number: index, request: .command(command.bytes), invoked: sequence * 10,
                    completed: sequence * 10 + 5, outcome: .ok(reply: reply.bytes, receipt)))
        }
        history.append(
            Operation(
                client: 1, number: 0, request: .query(BankQuery.total.bytes, .linearizable), invoked: 50,
                completed: 60,
                outcome: .ok(
                    reply: BankResult.balance(total).reply.bytes,
                    Receipt(executedThrough: Slot(2), consistency: .linearizable))))
        let states = (1...3).map { node in
            Evidence.NodeState(
                node: node, executedThrough: 2, chain: chain.description,
                stateDigest: bank.digest().description)
        }
        return Evidence(
            history: history, logs: (1...3).map { LogCopy(node: $0, rows: rows) }, states: states)
    }

    private func kinds(_ evidence: Evidence) -> Set<Violation.Kind> {
        Set(Proof(evidence).violations.map(\.kind))
    }

    @Test func aRunInOrderPasses() {
        let proof = Proof(evidence())
        #expect(proof.violations == [])
        #expect(proof.counts == HistoryCheck.Counts(acknowledged: 2))
        #expect(proof.readsChecked == 1 && proof.orderChecked == 3)
        #expect(proof.slots == 2 && proof.commandsInLog == 2 && proof.repeatedInLog == 0)
        #expect(proof.total == 107)
        #expect(proof.opening.verdict == .linearizable && proof.opening.operations == 3)
    }

    @Test func aWrongReadIsFoundByTheModelByTheTotalsAndWithoutSlots() {
        let proof = Proof(evidence(reads: 100))
        #expect(Set(proof.violations.map(\.kind)) == [.wrongAnswer, .stale, .notLinearizable])
        #expect(proof.count(.wrongAnswer) == 1)
    }

    @Test func anotherCommandInTheLogIsFound() {
        #expect(kinds(evidence(stands: 8)) == [.lost, .ghost, .wrongAnswer, .state])
    }

    @Test func nodesThatDifferAreFound() {
        var spoilt = evidence()
        spoilt.logs[1].rows.removeLast()
        #expect(kinds(spoilt) == [.logs])
        for digest in [Digest.zero.description, "nonsense"] {
            spoilt = evidence()
            let state = spoilt.states[1]
            spoilt.states[1] = Evidence.NodeState(
                node: 2, executedThrough: state.executedThrough, chain: state.chain, stateDigest: digest)
            #expect(kinds(spoilt) == [.state])
        }
    }

    @Test func nodesThatNeverSettledAreHeldAgainstTheirOwnSlots() {
        var evidence = evidence()
        evidence.states[1] = Evidence.NodeState(
            node: 2, executedThrough: 0, chain: Digest.zero.description,
            stateDigest: Bank().digest().description)
        #expect(evidence.settled == nil)
        #expect(kinds(evidence) == [])
    }
}

extension AccountName {
    static let a = named("a")

    static func named(_ text: String) -> AccountName {
        do {
            return try AccountName(text)
        } catch {
            preconditionFailure("\(text) is a name")
        }
    }
}
