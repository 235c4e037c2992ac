import Paxos

/// A machine whose snapshots are large: so large that they come in several chunks. What fills them follows from the
/// state, so that chunks of two snapshots never fit together.
struct PaddedMachine: StateMachine {
    private var machine: any StateMachine
    private let paddingBytes: Int

    init(_ machine: any StateMachine, paddingBytes: Int) {
        self.machine = machine
        self.paddingBytes = paddingBytes
    }

    mutating func execute(_ command: ArraySlice<UInt8>, at position: LogPosition) -> Reply {
        machine.execute(command, at: position)
    }

    func query(_ query: ArraySlice<UInt8>) -> Reply { machine.query(query) }

    func digest() -> Digest { machine.digest() }

    func snapshot() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(paddingBytes + 4_096)
        let seed = digest().rawValue
        for number in 0..<UInt64(paddingBytes / 8) { bytes.appendInteger(seed &+ number) }
        return bytes + machine.snapshot()
    }

    mutating func restore(from snapshot: ArraySlice<UInt8>) throws(MachineRestoreError) {
        // What is read is not looked at: that chunks belong together is for others to see to.
        try machine.restore(from: snapshot.dropFirst(paddingBytes / 8 * 8))
    }
}
