import Bank
import Paxos
import Testing

@testable import DecreeCommand

/// The judge of crash tests, judged: a run in order passes, and whatever is spoilt is found.
@Suite struct CrashProofTests {
    var run = HandMade()

    @Test func aRunInOrderPasses() {
        let proof = run.proof()
        #expect(proof.violations == [])
        #expect(proof.counts == Accounting.Counts(acknowledged: 4, rejected: 1))
        #expect(proof.readsChecked == 2)
        #expect(proof.total == 157)
    }

    @Test mutating func aRetryInTwoSlotsHasOneEffect() {
        run.append([run.entry(1, .deposit(.b, amount: 7), sequence: 3)])
        let proof = run.proof()
        #expect(proof.violations == [])
        #expect(proof.repeatedInLog == 1)
    }

    @Test mutating func whatIsUnknownMayBeDoneOnceOrNot() {
        let sequence = run.nextSequence(0)
        run.append([run.entry(0, .deposit(.a, amount: 3), sequence: sequence)])
        run.execute(.deposit(.a, amount: 3))
        run.record(
            0, .command(.deposit(.a, amount: 3)), .unknown(.deadlinePassed(.noAnswer), Receipt()))
        run.record(
            0, .command(.deposit(.a, amount: 4)), .unknown(.deadlinePassed(.noAnswer), Receipt()))
        let proof = run.proof()
        #expect(proof.violations == [])
        #expect(proof.counts.unknownDone == 1 && proof.counts.unknownNotDone == 1)
    }

    @Test mutating func whatItsClientHadAcknowledgedIsNotExecutedLate() {
        run.append([run.entry(1, .deposit(.b, amount: 9), sequence: 5, firstUnacknowledged: 5)])
        run.execute(.deposit(.b, amount: 9))
        run.append([run.entry(1, .deposit(.b, amount: 8), sequence: 4)])
        run.record(1, .command(.deposit(.b, amount: 9)), .unknown(.closed, Receipt()))
        run.record(1, .command(.deposit(.b, amount: 8)), .unknown(.closed, Receipt()))
        let proof = run.proof()
        #expect(proof.violations == [])
        #expect(proof.counts.unknownDone == 1 && proof.counts.unknownNotDone == 1)
    }

    // MARK: Lost

    @Test mutating func anAcknowledgementWithNothingInTheLogIsLost() {
        run.slots[3] = .noOp
        #expect(run.proof().count(.lost) == 1)
    }

    @Test mutating func anAcknowledgementBeyondTheLogIsLost() {
        run.slots.removeLast()
        let kinds = run.proof().kinds
        #expect(kinds.contains(.lost), "the last write, and the read that saw it")
        #expect(run.proof().count(.lost) == 2)
    }

    @Test mutating func anotherCommandInItsPlaceIsALoss() {
        run.slots[5] = run.slots[3]
        #expect(run.proof().count(.lost) == 1)
    }

    @Test mutating func aReceiptThatSaysNothingIsALoss() {
        run.spoil(0, .ok(reply: [], Receipt()))
        #expect(run.proof().count(.lost) == 1)
    }

    // MARK: Doubled

    @Test mutating func aCommandUnderTwoSequencesIsDoneTwice() {
        let sequence = run.nextSequence(0)
        run.append([run.entry(0, .deposit(.b, amount: 7), sequence: sequence)])
        run.execute(.deposit(.b, amount: 7))
        let proof = run.proof()
        #expect(proof.kinds == [.doubled])
        #expect(proof.violations.first?.detail.hasSuffix("was done at 6.0 and 7.0") == true)
    }

    @Test mutating func anAcknowledgementOfTheSecondPlaceIsASecondExecution() {
        run.append([run.entry(1, .deposit(.b, amount: 7), sequence: 3)])
        let receipt = Receipt(
            session: HandMade.sessions[1], sequence: 3, position: LogPosition(slot: run.last, index: 0))
        run.spoil(5, HandMade.outcome(BankResult.balance(87).reply, receipt))
        #expect(run.proof().count(.doubled) == 1)
    }

    @Test mutating func aRetryThatNodesExecuteAgainShowsInTheirState() {
        run.append([run.entry(1, .deposit(.b, amount: 7), sequence: 3)])
        run.execute(.deposit(.b, amount: 7))
        #expect(run.proof().kinds == [.state])
    }

    @Test mutating func aRetryThatNodesExecuteAgainShowsInTheNextAnswer() {
        run.append([run.entry(1, .deposit(.b, amount: 7), sequence: 3)])
        run.execute(.deposit(.b, amount: 7))
        run.write(0, .deposit(.b, amount: 1))
        run.read(0, .total)
        let proof = run.proof()
        #expect(proof.kinds == [.wrongAnswer, .state, .stale], "the total is more than was ever paid in")
        #expect(proof.count(.wrongAnswer) == 2)
    }

    @Test mutating func twoAcknowledgementsOfOneSequenceAreOneTooMany() throws {
        let first = try #require(run.history.first)
        run.record(0, first.request, first.outcome)
        #expect(run.proof().count(.doubled) == 1)
    }

    // MARK: Ghosts

    @Test mutating func whatFailedMustNotBeDone() {
        let sequence = run.nextSequence(0)
        run.append([run.entry(0, .deposit(.a, amount: 3), sequence: sequence)])
        run.execute(.deposit(.a, amount: 3))
        run.record(0, .command(.deposit(.a, amount: 3)), .failed(.deadlinePassed(.noLeader)))
        #expect(run.proof().kinds == [.ghost])
    }

    @Test mutating func whatNobodySubmittedIsAGhost() {
        let sequence = run.nextSequence(0)
        run.append([run.entry(0, .deposit(.a, amount: 3), sequence: sequence)])
        run.execute(.deposit(.a, amount: 3))
        #expect(run.proof().kinds == [.ghost])
    }

    // MARK: Answers

    @Test mutating func aWrongBalanceIsFound() throws {
        let receipt = try #require(run.history[2].outcome.receipt)
        run.spoil(2, HandMade.outcome(BankResult.transferred(from: 70, to: 81).reply, receipt))
        #expect(run.proof().kinds == [.wrongAnswer])
    }

    @Test mutating func aWrongReasonIsFound() throws {
        let receipt = try #require(run.history[3].outcome.receipt)
        run.spoil(3, .rejected(reason: BankRejection.unknownAccount.rawValue, receipt))
        #expect(run.proof().kinds == [.wrongAnswer])
    }

    @Test mutating func aReadThatSawSomethingElseIsFound() throws {
        let receipt = try #require(run.history[4].outcome.receipt)
        run.spoil(4, HandMade.outcome(BankResult.balance(71).reply, receipt))
        #expect(run.proof().kinds == [.wrongAnswer])
    }
}
