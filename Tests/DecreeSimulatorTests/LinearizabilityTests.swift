import DecreeSimulator
import Paxos
import Testing

/// The classic histories: which have an order that explains them, and which have none.
@Suite struct LinearizabilityTests {
    var line = Timeline()

    @Test mutating func nothingIsLinearizable() { #expect(line.isLinearizable) }

    // MARK: Reads

    @Test mutating func aReadOfTheLastValueIsAccepted() {
        line.write(0, "1", 0...10)
        line.write(0, "2", 20...30)
        line.read(1, sees: "2", 40...50)
        #expect(line.isLinearizable)
    }

    @Test mutating func aStaleReadIsFound() {
        line.write(0, "1", 0...10)
        line.write(0, "2", 20...30)
        line.read(1, sees: "1", 40...50)
        #expect(line.isViolation)
    }

    @Test mutating func aReadThatIsCalledStaleIsLeftOut() {
        line.write(0, "1", 0...10)
        line.write(0, "2", 20...30)
        line.read(1, sees: "1", 40...50, .stale)
        #expect(line.isLinearizable)
    }

    @Test(arguments: ["", "1"]) mutating func aReadDuringAWriteSeesEither(value: String) {
        line.write(0, "1", 0...100)
        line.read(1, sees: value, 10...20)
        #expect(line.isLinearizable)
    }

    @Test mutating func whatEndsInTheNanosecondInWhichAnotherBeginsOverlapsIt() {
        line.write(0, "1", 0...10)
        line.read(1, sees: "", 10...20)
        #expect(line.isLinearizable)
        line.read(2, sees: "", 11...20)
        #expect(line.isViolation)
    }

    @Test mutating func readsOfTwoClientsDoNotGoBackInTime() {
        line.write(0, "1", 0...10)
        line.write(0, "2", 20...100)
        line.read(1, sees: "2", 30...40)
        line.read(2, sees: "1", 50...60)
        #expect(line.isViolation)
    }

    @Test mutating func readsThatOverlapMaySeeOneValueEach() {
        line.write(0, "1", 0...10)
        line.write(0, "2", 20...100)
        line.read(1, sees: "2", 30...60)
        line.read(2, sees: "1", 40...50)
        #expect(line.isLinearizable)
    }

    @Test mutating func aWriteThatWasSeenDoesNotVanish() {
        line.unknownWrite(0, "1", 0...10)
        line.read(1, sees: "1", 20...30)
        #expect(line.isLinearizable)
        line.read(1, sees: "", 40...50)
        #expect(line.isViolation)
    }

    // MARK: Writes

    @Test mutating func aLostUpdateIsFound() {
        line.append(0, "a", gives: "a", 0...10)
        line.append(1, "b", gives: "ab", 20...30)
        #expect(line.isLinearizable)
        line.append(2, "c", gives: "ac", 40...50)
        #expect(line.isViolation)
    }

    @Test mutating func twoThatOverlapCannotBothHaveBeenTheFirst() {
        line.append(0, "a", gives: "a", 0...100)
        line.append(1, "b", gives: "b", 0...100)
        #expect(line.isViolation)
    }

    @Test mutating func whatOverlapsIsPutInTheOrderItsAnswersTell() {
        line.append(0, "a", gives: "cba", 0...100)
        line.append(1, "b", gives: "cb", 0...100)
        line.append(2, "c", gives: "c", 0...100)
        line.read(3, sees: "cb", 50...60)
        #expect(line.isLinearizable)
    }

    @Test mutating func whatFailedIsNotSeen() {
        line.failedWrite(0, "1", 0...10)
        line.read(1, sees: "", 20...30)
        #expect(line.isLinearizable)
        line.read(1, sees: "1", 40...50)
        #expect(line.isViolation)
    }

    // MARK: Unknown writes

    @Test mutating func anUnknownWriteMayTakeEffectLate() {
        line.unknownWrite(0, "1", 0...10)
        line.read(1, sees: "", 20...30)
        line.write(1, "2", 40...50)
        line.read(1, sees: "2", 60...70)
        line.read(1, sees: "1", 80...90)
        #expect(line.isLinearizable)
    }

    @Test mutating func anUnknownWriteDoesNotTakeEffectTwice() {
        line.unknownWrite(0, "1", 0...10)
        line.read(1, sees: "1", 20...30)
        line.write(1, "2", 40...50)
        line.read(1, sees: "1", 60...70)
        #expect(line.isViolation)
    }

    @Test mutating func anUnknownWriteDoesNotTakeEffectBeforeItIsAsked() {
        line.read(1, sees: "1", 0...10)
        line.unknownWrite(0, "1", 20...30)
        #expect(line.isViolation)
    }

    @Test mutating func aWriteWithoutAnEndMayBeDoneOrNot() {
        line.unansweredWrite(0, "1", from: 5)
        line.read(1, sees: "", 20...30)
        #expect(line.isLinearizable)
        line.read(1, sees: "1", 40...50)
        #expect(line.isLinearizable)
        line.read(1, sees: "", 60...70)
        #expect(line.isViolation)
    }
}
