import Bank
import DecreeSimulator
import Paxos
import Testing

/// The judge, judged: what is stale, what overlaps, and histories that contradict themselves.
@Suite struct OrderTests {
    var run = HandMade()

    // MARK: Real time

    @Test mutating func aStaleReadIsFound() {
        let receipt = Receipt(executedThrough: Slot(5), consistency: .linearizable)
        run.record(0, .balance(.b), HandMade.outcome(BankResult.balance(80).reply, receipt))
        #expect(run.check().kinds == [.stale], "slot 6 was acknowledged long before")
    }

    @Test mutating func aReadThatIsLabelledStaleMayBe() {
        let receipt = Receipt(executedThrough: Slot(5), consistency: .stale)
        run.record(
            0, .balance(.b), HandMade.outcome(BankResult.balance(80).reply, receipt), consistency: .stale)
        #expect(run.check().violations == [])
    }

    @Test mutating func aReadBehindAnotherReadIsStale() {
        run.append([])
        run.read(0, .total)
        let receipt = Receipt(executedThrough: run.last.previous, consistency: .linearizable)
        run.record(1, .total, HandMade.outcome(BankResult.balance(157).reply, receipt))
        #expect(run.check().kinds == [.stale])
    }

    @Test mutating func aStaleAnswerToALinearizableQuestionIsWrong() {
        let receipt = Receipt(executedThrough: run.last, consistency: .stale)
        run.record(0, .balance(.b), HandMade.outcome(BankResult.balance(87).reply, receipt))
        #expect(run.check().kinds == [.wrongAnswer])
    }

    @Test func aTotalThatCannotBeIsFoundWithoutSlots() throws {
        #expect(BankTotals(run.history).violations == [])
        #expect(BankTotals(run.history).checked == 1)
        // What it saw lacks the deposit of 7; the slot it names would pass.
        var spoilt = run
        spoilt.spoil(
            6,
            HandMade.outcome(
                BankResult.balance(150).reply,
                Receipt(executedThrough: run.last, consistency: .linearizable)))
        #expect(BankTotals(spoilt.history).violations.map(\.kind) == [.stale])
    }

    @Test mutating func aWriteInFrontOfWhatWasAcknowledgedIsFound() {
        let moved = run.history.remove(at: 0)
        run.record(0, moved.request, moved.outcome)
        #expect(run.check().kinds == [.stale])
    }

    @Test mutating func whatOverlapsMayStandInAnyOrder() {
        let moved = run.history.remove(at: 0)
        run.history.append(
            Operation(
                client: 7, number: 1, request: moved.request, invoked: moved.invoked,
                completed: run.time + 100, outcome: moved.outcome))
        #expect(run.check().violations == [])
    }

    @Test mutating func whatNobodyKnowsIsNotDoneBeforeItIsAsked() {
        let moved = run.history.remove(at: 5)
        run.record(1, moved.request, .unknown(.closed, Receipt()))
        #expect(run.check().kinds == [.stale], "the total was read in between, and saw it")
    }

    // MARK: The record itself

    @Test mutating func aClientThatAsksTwoThingsAtOnceIsAMistakeOfTheRecord() {
        let last = run.history[6]
        run.history.append(
            Operation(
                client: last.client, number: 8, request: last.request, invoked: last.invoked + 1,
                completed: last.invoked + 2, outcome: last.outcome))
        #expect(run.check().kinds == [.history])
    }

    @Test mutating func timeThatRunsBackwardsIsAMistakeOfTheRecord() {
        let last = run.history.removeLast()
        run.history.append(
            Operation(
                client: last.client, number: last.number, request: last.request, invoked: last.invoked,
                completed: last.invoked - 1, outcome: last.outcome))
        #expect(run.check().kinds == [.history])
    }
}
