import Paxos
import Testing

@testable import DecreeSimulator

/// Whether what a reader of the log was given is held against the log: one entry more, less, twice, or changed is found.
struct TailCheckTests {
    /// Commands at 2.0, 2.1, 2.2, 4.0 and 5.1; what else stands in the slots was not executed, or is no command.
    private static let entries = [(2, 0), (2, 1), (2, 2), (4, 0), (5, 1)].enumerated().map { number, place in
        LogEntry(
            log: LogID(rawValue: 7),
            position: LogPosition(slot: Slot(UInt64(place.0)), index: UInt32(place.1)),
            session: SessionID(openedAt: LogPosition(slot: Slot(1), index: 0)), sequence: UInt64(number + 1),
            payload: [UInt8(number)])
    }

    private static let executed: [TailRecord.Given] = {
        var record = TailRecord(from: .first(of: Slot(1)))
        for entry in entries { record.add(entry) }
        return record.parts[0].given
    }()

    /// What is said of one who read from slot 1 to the end, and was given these entries.
    private func flaw(given places: [Int], to end: UInt64 = 6) -> String? {
        var record = TailRecord(from: .first(of: Slot(1)))
        for place in places { record.add(Self.entries[place]) }
        record.read(to: .first(of: Slot(end)))
        return flaw(record)
    }

    private func flaw(_ record: TailRecord) -> String? {
        TailCheck(record, executed: Self.executed, through: Slot(5)).flaw
    }

    @Test func everyCommandOnceInOrderIsRight() {
        #expect(flaw(given: [0, 1, 2, 3, 4]) == nil)
        #expect(flaw(given: [0, 1, 2], to: 4) == nil, "one who is not at the end yet")
        #expect(flaw(given: [], to: 1) == nil)
    }

    @Test(arguments: [[1, 2, 3, 4], [0, 2, 3, 4], [0, 1, 2, 4], [0, 1, 2, 3], []])
    func oneThatIsLeftOutIsFound(places: [Int]) {
        #expect(flaw(given: places)?.contains("not given") == true)
    }

    @Test(arguments: [[0, 0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 4], [0, 1, 2, 1, 2, 3, 4]])
    func oneThatIsGivenTwiceIsFound(places: [Int]) {
        #expect(
            flaw(given: places)?.contains("given before") == true
                || flaw(given: places)?.contains("not executed") == true)
    }

    @Test func oneThatWasNotExecutedIsFound() {
        var record = TailRecord(from: .first(of: Slot(1)))
        for entry in Self.entries.prefix(4) { record.add(entry) }
        let stray = LogEntry(
            log: LogID(rawValue: 7), position: LogPosition(slot: Slot(5), index: 0),
            session: Self.entries[0].session, sequence: 1, payload: [0])
        record.add(stray)
        record.add(Self.entries[4])
        record.read(to: .first(of: Slot(6)))
        #expect(flaw(record)?.contains("5.0") == true)
    }

    @Test func oneWithOtherBytesOrAnotherNameIsFound() {
        for change in 0..<4 {
            var record = TailRecord(from: .first(of: Slot(1)))
            let one = Self.entries[0]
            record.add(
                LogEntry(
                    log: one.log, position: one.position,
                    session: change == 0
                        ? SessionID(openedAt: LogPosition(slot: Slot(1), index: 1)) : one.session,
                    sequence: change == 1 ? 9 : one.sequence, payload: change == 2 ? [9] : one.payload,
                    isBatch: change == 3))
            #expect(flaw(record)?.contains("another command") == true)
        }
    }

    @Test func whatAReaderWasToldIsDeletedMayBeMissing() {
        var record = TailRecord(from: .first(of: Slot(1)))
        record.add(Self.entries[0])
        record.skip(to: .first(of: Slot(4)))
        record.add(Self.entries[3])
        record.read(to: .first(of: Slot(5)))
        #expect(flaw(record) == nil)
        record.read(to: .first(of: Slot(6)))
        #expect(flaw(record)?.contains("5.1") == true, "that is behind the gap")
    }

    @Test func oneWhoGoesBackIsFound() {
        var record = TailRecord(from: .first(of: Slot(4)))
        record.add(Self.entries[3])
        record.skip(to: .first(of: Slot(4)))
        #expect(flaw(record)?.contains("went back") == true)
    }

    @Test func nobodyReadsBeyondTheEnd() {
        #expect(flaw(given: [0, 1, 2, 3, 4], to: 7)?.contains("ends with slot 5") == true)
    }
}
