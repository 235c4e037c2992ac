import Paxos

/// One value: `=x` writes x, `+x` appends x and answers what stands then; any query reads.
struct RegisterModel: StateMachine {
    private var value: [UInt8] = []

    mutating func execute(_ command: ArraySlice<UInt8>, at position: LogPosition) -> Reply {
        switch command.first {
        case UInt8(ascii: "="):
            value = Array(command.dropFirst())
            return .ok()
        case UInt8(ascii: "+"):
            value += command.dropFirst()
            return .ok(value)
        default: return .rejected("not a command")
        }
    }

    func query(_ query: ArraySlice<UInt8>) -> Reply { .ok(value) }
    func digest() -> Digest { Digest(of: value) }
    func snapshot() -> [UInt8] { value }
    mutating func restore(from snapshot: ArraySlice<UInt8>) throws(MachineRestoreError) {
        value = Array(snapshot)
    }
}
