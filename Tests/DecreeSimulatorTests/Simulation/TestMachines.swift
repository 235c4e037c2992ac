import DecreeSimulator
import Paxos
import Synchronization

/// A register with a version, changed by whoever knows the version: compare and set.
struct Register: StateMachine {
    private(set) var version: UInt64 = 0
    private(set) var value: [UInt8] = []

    static func set(after version: UInt64, to value: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendInteger(version)
        return bytes + value
    }

    mutating func execute(_ command: ArraySlice<UInt8>, at position: LogPosition) -> Reply {
        var reader = ByteReader(command)
        guard let expected = reader.readInteger(UInt64.self) else { return .rejected("malformed") }
        guard expected == version else { return Reply(isRejected: true, bytes: Array("\(version)".utf8)) }
        version += 1
        value = Array(reader.rest)
        return state
    }

    func query(_ query: ArraySlice<UInt8>) -> Reply { state }

    private var state: Reply {
        var bytes: [UInt8] = []
        bytes.appendInteger(version)
        return .ok(bytes + value)
    }

    func digest() -> Digest { Digest(of: snapshot()) }
    func snapshot() -> [UInt8] { Self.set(after: version, to: value) }

    mutating func restore(from snapshot: ArraySlice<UInt8>) throws(MachineRestoreError) {
        var reader = ByteReader(snapshot)
        guard let version = reader.readInteger(UInt64.self) else { throw MachineRestoreError("too short") }
        self.version = version
        value = Array(reader.rest)
    }
}

/// Clients that read a version, try to set the next, and try again from what they are told.
struct RegisterWorkload: Workload {
    var machine: any StateMachine { Register() }

    func next(
        client: Int, number: Int, clients: Int, after last: Reply?, _ random: inout SeededGenerator
    ) -> Operation.Request {
        guard let version = last.flatMap(Self.version), !random.chance(1, in: 8) else {
            return .query([], .linearizable)
        }
        return .command(Register.set(after: version, to: Array("\(client).\(number)".utf8)))
    }

    /// The version an answer tells of: that of a success or a read, or the one that stood in the way.
    static func version(_ reply: Reply) -> UInt64? {
        if reply.isRejected { return UInt64(reply.text) }
        var reader = ByteReader(reply.bytes[...])
        return reader.readInteger(UInt64.self)
    }
}

/// Appends what it is given to a list: a log's log.
struct ListMachine: StateMachine {
    private(set) var items: [[UInt8]] = []

    mutating func execute(_ command: ArraySlice<UInt8>, at position: LogPosition) -> Reply {
        items.append(Array(command))
        return .ok(Array("\(items.count)".utf8))
    }
    func query(_ query: ArraySlice<UInt8>) -> Reply { .ok(Array("\(items.count)".utf8)) }
    func digest() -> Digest { Digest(of: Array(items.joined(separator: [0]))) }
    func snapshot() -> [UInt8] { Array(items.joined(separator: [0])) }
    mutating func restore(from snapshot: ArraySlice<UInt8>) throws(MachineRestoreError) {
        items = snapshot.split(separator: 0).map { Array($0) }
    }
}

/// Appends, and reads how many there are.
struct ListWorkload: Workload {
    var machine: any StateMachine { ListMachine() }

    func next(
        client: Int, number: Int, clients: Int, after last: Reply?, _ random: inout SeededGenerator
    ) -> Operation.Request {
        random.chance(1, in: 10)
            ? .query([], .linearizable) : .command(Array("\(client).\(number)".utf8))
    }
}

/// A machine with a mood: what it makes of a command differs from copy to copy.
private struct MoodyMachine: StateMachine {
    private static let moods = Mutex<UInt64>(0)
    private var sum: UInt64 = 0

    mutating func execute(_ command: ArraySlice<UInt8>, at position: LogPosition) -> Reply {
        sum &+= Self.moods.withLock { mood in
            mood += 1
            return mood
        }
        return .ok()
    }
    func query(_ query: ArraySlice<UInt8>) -> Reply { .ok() }
    func digest() -> Digest { Digest(rawValue: sum) }
    func snapshot() -> [UInt8] { [] }
    mutating func restore(from snapshot: ArraySlice<UInt8>) throws(MachineRestoreError) {}
}

struct MoodyWorkload: Workload {
    var machine: any StateMachine { MoodyMachine() }
    func next(
        client: Int, number: Int, clients: Int, after last: Reply?, _ random: inout SeededGenerator
    ) -> Operation.Request { .command(Array("\(client).\(number)".utf8)) }
}

/// Its nodes count from one; its specification from zero.
struct WrongWorkload: Workload {
    var machine: any StateMachine { ListMachine() }
    var model: any StateMachine {
        var list = ListMachine()
        _ = list.execute([1], at: LogPosition(slot: .zero, index: 0))
        return list
    }
    func next(
        client: Int, number: Int, clients: Int, after last: Reply?, _ random: inout SeededGenerator
    ) -> Operation.Request { .command(Array("\(client).\(number)".utf8)) }
}
