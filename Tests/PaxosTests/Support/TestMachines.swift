import Paxos

/// Keeps every command in the order of execution: what was done twice, or not at all, shows.
struct ListMachine: StateMachine {
    private(set) var items: [[UInt8]] = []

    /// Appends the command; the reply is how many stood before it.
    mutating func execute(_ command: ArraySlice<UInt8>, at position: LogPosition) -> Reply {
        items.append(Array(command))
        return .ok(Self.number(items.count - 1))
    }

    /// Any query is answered with the number of items.
    func query(_ query: ArraySlice<UInt8>) -> Reply { .ok(Self.number(items.count)) }

    func digest() -> Digest {
        items.reduce(.zero) { $0.chained(.zero, Digest(of: $1)) }
    }

    func snapshot() -> [UInt8] {
        items.reduce(into: []) { bytes, item in
            bytes.appendInteger(UInt32(item.count))
            bytes += item
        }
    }

    mutating func restore(from snapshot: ArraySlice<UInt8>) throws(MachineRestoreError) {
        var reader = ByteReader(snapshot)
        var items: [[UInt8]] = []
        while !reader.isAtEnd {
            guard let count = reader.readInteger(UInt32.self), let item = reader.readBytes(Int(count)) else {
                throw MachineRestoreError("no list of items")
            }
            items.append(Array(item))
        }
        self.items = items
    }

    static func number(_ value: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendInteger(UInt64(value))
        return bytes
    }
}

/// One value, overwritten by each command.
struct RegisterMachine: StateMachine {
    private(set) var value: [UInt8] = []

    /// Writes; the reply is what stood there.
    mutating func execute(_ command: ArraySlice<UInt8>, at position: LogPosition) -> Reply {
        defer { value = Array(command) }
        return .ok(value)
    }

    func query(_ query: ArraySlice<UInt8>) -> Reply { .ok(value) }
    func digest() -> Digest { Digest(of: value) }
    func snapshot() -> [UInt8] { value }

    mutating func restore(from snapshot: ArraySlice<UInt8>) throws(MachineRestoreError) {
        value = Array(snapshot)
    }
}

extension Reply {
    /// The number a `ListMachine` answered.
    var number: Int? {
        var reader = ByteReader(bytes[...])
        return reader.readInteger(UInt64.self).map(Int.init)
    }
}
