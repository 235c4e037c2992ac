import Paxos
import Testing
import ValueLog

@Suite struct ValueLogTests {
    private func machine(_ values: [String]) -> ValueLog {
        var machine = ValueLog()
        for value in values {
            _ = machine.execute(Array(value.utf8)[...], at: LogPosition(slot: Slot(1), index: 0))
        }
        return machine
    }

    @Test func theReplyIsTheNumberOfTheValue() {
        var machine = machine(["a", "b"])
        let reply = machine.execute([], at: LogPosition(slot: Slot(2), index: 0))
        #expect(reply == .ok([3, 0, 0, 0, 0, 0, 0, 0]))
        #expect(machine.query([]) == reply)
        #expect(machine.bytes == 2)
    }

    @Test func theDigestTellsOrderAndLengths() {
        let digests = [["a", "b"], ["b", "a"], ["ab"], ["a"], []].map { machine($0).digest() }
        #expect(Set(digests).count == digests.count)
    }

    @Test func aSnapshotRestoresIt() throws {
        var restored = machine(["x"])
        try restored.restore(from: machine(["a", "b"]).snapshot()[...])
        #expect(restored.digest() == machine(["a", "b"]).digest())
    }

    @Test func whatIsNoSnapshotChangesNothing() {
        let whole = machine(["a"]).snapshot()
        for bytes in [[], [2] + whole.dropFirst(), Array(whole.dropLast()), whole + [0]] {
            var machine = machine(["x"])
            #expect(throws: MachineRestoreError.self) { try machine.restore(from: bytes[...]) }
            #expect(machine.digest() == self.machine(["x"]).digest())
        }
    }
}
