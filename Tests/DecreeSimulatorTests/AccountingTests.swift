import Bank
import DecreeSimulator
import Paxos
import Testing

/// The judge, judged: a run in order passes, and whatever is spoilt is found.
@Suite struct AccountingTests {
    var run = HandMade()

    @Test func aRunInOrderPasses() {
        let check = run.check()
        #expect(check.violations == [])
        #expect(check.counts == HistoryCheck.Counts(acknowledged: 4, rejected: 1))
        #expect(check.readsChecked == 2)
        #expect((check.model as? BankModel)?.total == 157)
    }

    @Test mutating func aRetryInTwoSlotsHasOneEffect() {
        run.append([run.entry(1, .deposit(.b, amount: 7), sequence: 3)])
        let check = run.check()
        #expect(check.violations == [])
        #expect(check.repeatedInLog == 1)
    }

    @Test mutating func whatIsUnknownMayBeDoneOnceOrNot() {
        let sequence = run.nextSequence(0)
        run.append([run.entry(0, .deposit(.a, amount: 3), sequence: sequence)])
        run.execute(.deposit(.a, amount: 3))
        run.record(
            0, .deposit(.a, amount: 3), .unknown(.deadlinePassed(.noAnswer), Receipt()))
        run.record(
            0, .deposit(.a, amount: 4), .unknown(.deadlinePassed(.noAnswer), Receipt()))
        let check = run.check()
        #expect(check.violations == [])
        #expect(check.counts.unknownDone == 1 && check.counts.unknownNotDone == 1)
    }

    @Test mutating func whatItsClientHadAcknowledgedIsNotExecutedLate() {
        run.append([run.entry(1, .deposit(.b, amount: 9), sequence: 5, firstUnacknowledged: 5)])
        run.execute(.deposit(.b, amount: 9))
        run.append([run.entry(1, .deposit(.b, amount: 8), sequence: 4)])
        run.record(1, .deposit(.b, amount: 9), .unknown(.closed, Receipt()))
        run.record(1, .deposit(.b, amount: 8), .unknown(.closed, Receipt()))
        let check = run.check()
        #expect(check.violations == [])
        #expect(check.counts.unknownDone == 1 && check.counts.unknownNotDone == 1)
    }

    @Test mutating func whatWasNeverAnsweredMayBeDoneOnceOrNot() {
        let sequence = run.nextSequence(0)
        run.append([run.entry(0, .deposit(.a, amount: 3), sequence: sequence)])
        run.execute(.deposit(.a, amount: 3))
        let receipt = Receipt(session: HandMade.sessions[0], sequence: sequence)
        for (amount, receipt) in [(3, receipt), (4, Receipt())] {
            run.history.append(
                Operation(
                    client: 8 + amount, number: 1,
                    request: .command(BankCommand.deposit(.a, amount: Int64(amount)).bytes),
                    invoked: run.time, unanswered: receipt))
        }
        let check = run.check()
        #expect(check.violations == [])
        #expect(check.counts.unknownDone == 1 && check.counts.unknownNotDone == 1)
    }

    @Test mutating func commandsOfEqualBytesAreToldApartByTheirReceipts() {
        run.write(0, .deposit(.b, amount: 7))
        run.write(1, .deposit(.b, amount: 7))
        #expect(run.check().violations == [])
    }

    @Test mutating func theModelsOwnFlawsAreFound() {
        let check = HistoryCheck(run.history, log: run.chosen, model: LeakyModel(), wording: .bank)
        #expect(check.kinds == [.total])
        #expect(check.violations.first?.detail == "after slot 6: a coin is missing")
    }

    // MARK: Lost

    @Test mutating func anAcknowledgementWithNothingInTheLogIsLost() {
        run.slots[3] = .noOp
        #expect(run.check().count(.lost) == 1)
    }

    @Test mutating func anAcknowledgementBeyondTheLogIsLost() {
        run.slots.removeLast()
        let kinds = run.check().kinds
        #expect(kinds.contains(.lost), "the last write, and the read that saw it")
        #expect(run.check().count(.lost) == 2)
    }

    @Test mutating func anotherCommandInItsPlaceIsALoss() {
        run.slots[5] = run.slots[3]
        #expect(run.check().count(.lost) == 1)
    }

    @Test mutating func aReceiptThatSaysNothingIsALoss() {
        run.spoil(0, .ok(reply: [], Receipt()))
        #expect(run.check().count(.lost) == 1)
    }

    // MARK: Doubled

    @Test mutating func aCommandUnderTwoSequencesIsDoneTwice() {
        let sequence = run.nextSequence(0)
        run.append([run.entry(0, .deposit(.b, amount: 7), sequence: sequence)])
        run.execute(.deposit(.b, amount: 7))
        let check = run.check()
        #expect(check.kinds == [.doubled])
        #expect(check.violations.first?.detail.hasSuffix("was done at 6.0 and 7.0") == true)
    }

    @Test mutating func anAcknowledgementOfTheSecondPlaceIsASecondExecution() {
        run.append([run.entry(1, .deposit(.b, amount: 7), sequence: 3)])
        let receipt = Receipt(
            session: HandMade.sessions[1], sequence: 3, position: LogPosition(slot: run.last, index: 0))
        run.spoil(5, HandMade.outcome(BankResult.balance(87).reply, receipt))
        #expect(run.check().count(.doubled) == 1)
    }

    @Test mutating func aRetryThatNodesExecuteAgainShowsInTheirState() {
        run.append([run.entry(1, .deposit(.b, amount: 7), sequence: 3)])
        run.execute(.deposit(.b, amount: 7))
        #expect(run.check().kinds == [.state])
    }

    @Test mutating func aRetryThatNodesExecuteAgainShowsInTheNextAnswer() {
        run.append([run.entry(1, .deposit(.b, amount: 7), sequence: 3)])
        run.execute(.deposit(.b, amount: 7))
        run.write(0, .deposit(.b, amount: 1))
        run.read(0, .total)
        let check = run.check()
        #expect(check.kinds == [.wrongAnswer, .state])
        let totals = BankTotals(run.history).violations.map(\.kind)
        #expect(totals == [.stale], "the total is more than was ever paid in")
        #expect(check.count(.wrongAnswer) == 2)
    }

    @Test mutating func twoAcknowledgementsOfOneSequenceAreOneTooMany() throws {
        let first = try #require(run.history.first)
        run.record(0, first.request, first.outcome)
        #expect(run.check().count(.doubled) == 1)
    }

    // MARK: Ghosts

    @Test mutating func whatFailedMustNotBeDone() {
        let sequence = run.nextSequence(0)
        run.append([run.entry(0, .deposit(.a, amount: 3), sequence: sequence)])
        run.execute(.deposit(.a, amount: 3))
        run.record(0, .deposit(.a, amount: 3), .failed(.deadlinePassed(.noLeader)))
        #expect(run.check().kinds == [.ghost])
    }

    @Test mutating func whatNobodySubmittedIsAGhost() {
        let sequence = run.nextSequence(0)
        run.append([run.entry(0, .deposit(.a, amount: 3), sequence: sequence)])
        run.execute(.deposit(.a, amount: 3))
        #expect(run.check().kinds == [.ghost])
    }

    @Test mutating func whatIsDoneUnderAnotherSequenceThanItsClientKnowsIsAGhost() {
        let sequence = run.nextSequence(0)
        run.append([run.entry(0, .deposit(.a, amount: 3), sequence: sequence)])
        run.execute(.deposit(.a, amount: 3))
        let receipt = Receipt(session: HandMade.sessions[0], sequence: sequence + 1)
        run.record(0, .deposit(.a, amount: 3), .unknown(.closed, receipt))
        #expect(run.check().kinds == [.ghost])
    }

    @Test mutating func anotherCommandUnderTheSequenceOfAnUnknownOneIsAGhost() {
        let sequence = run.nextSequence(0)
        run.append([run.entry(0, .deposit(.a, amount: 3), sequence: sequence)])
        run.execute(.deposit(.a, amount: 3))
        let receipt = Receipt(session: HandMade.sessions[0], sequence: sequence)
        run.record(0, .deposit(.a, amount: 4), .unknown(.closed, receipt))
        #expect(run.check().kinds == [.ghost])
    }

    @Test mutating func anUnknownOneThatWasDoneTwiceIsFound() {
        for _ in 0..<2 {
            let sequence = run.nextSequence(0)
            run.append([run.entry(0, .deposit(.a, amount: 3), sequence: sequence)])
            run.execute(.deposit(.a, amount: 3))
        }
        run.record(0, .deposit(.a, amount: 3), .unknown(.closed, Receipt()))
        #expect(run.check().kinds == [.doubled])
    }

    @Test mutating func bytesThatAreNoCommandAreAGhost() {
        let bytes: [UInt8] = [99]
        run.append([
            .command(
                session: HandMade.sessions[0], sequence: run.nextSequence(0), firstUnacknowledged: 1,
                payload: bytes[...])
        ])
        #expect(run.check().kinds == [.ghost])
    }

    // MARK: Answers

    @Test mutating func aWrongBalanceIsFound() throws {
        let receipt = try #require(run.history[2].outcome.receipt)
        run.spoil(2, HandMade.outcome(BankResult.transferred(from: 70, to: 81).reply, receipt))
        #expect(run.check().kinds == [.wrongAnswer])
    }

    @Test mutating func aWrongReasonIsFound() throws {
        let receipt = try #require(run.history[3].outcome.receipt)
        run.spoil(3, .rejected(reason: BankRejection.unknownAccount.rawValue, receipt))
        #expect(run.check().kinds == [.wrongAnswer])
    }

    @Test mutating func aReadThatSawSomethingElseIsFound() throws {
        let receipt = try #require(run.history[4].outcome.receipt)
        run.spoil(4, HandMade.outcome(BankResult.balance(71).reply, receipt))
        #expect(run.check().kinds == [.wrongAnswer])
    }
}

/// A bank that says of itself that it is wrong.
private struct LeakyModel: ModelMachine {
    private var bank = BankModel()

    func flaws() -> [String] { ["a coin is missing"] }
    mutating func execute(_ command: ArraySlice<UInt8>, at position: LogPosition) -> Reply {
        bank.execute(command, at: position)
    }
    func query(_ query: ArraySlice<UInt8>) -> Reply { bank.query(query) }
    func digest() -> Digest { bank.digest() }
    func snapshot() -> [UInt8] { bank.snapshot() }
    mutating func restore(from snapshot: ArraySlice<UInt8>) throws(MachineRestoreError) {
        try bank.restore(from: snapshot)
    }
}
