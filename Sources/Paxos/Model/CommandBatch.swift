/// Many commands of one client as one: one request, one place in its session, one entry of the log, one reply.
///
/// They are executed in order and stand at the entry's position, all of them. Independent ones are each executed
/// whatever became of the others; of atomic ones either all are done or, if the machine rejects one, none. A retry is
/// answered with the reply that is kept, so a batch is executed once, whole. That reply is bounded: see `BatchReply`.
///
/// Bytes: one byte (0 independent, 1 atomic), the number of commands in 4 bytes, then each: its length in 4 bytes and
/// its bytes. Integers are little-endian.
public struct CommandBatch: Hashable, Sendable {
    /// Whether all are done or none.
    public let isAtomic: Bool
    /// The commands, in order.
    public let commands: [ArraySlice<UInt8>]

    /// The most commands in one batch. Together, with 4 bytes for each and 5 for all, they are no more than the value
    /// limit of 1 MiB.
    public static let commandLimit = 8_192

    /// A batch of commands, of which there must be 1 through `commandLimit`: any other number ends the program.
    public init(_ commands: [ArraySlice<UInt8>], isAtomic: Bool = false) {
        precondition(
            (1...Self.commandLimit).contains(commands.count),
            "1 through \(Self.commandLimit) commands make a batch")
        self.commands = commands
        self.isAtomic = isAtomic
    }

    /// Reads what `bytes` has; nil for anything else.
    public init?(bytes: ArraySlice<UInt8>) {
        var reader = ByteReader(bytes)
        guard let mode = reader.readInteger(UInt8.self), mode <= 1,
            let count = reader.readInteger(UInt32.self),
            (1...Self.commandLimit).contains(Int(count))
        else { return nil }
        var commands: [ArraySlice<UInt8>] = []
        // A command takes 4 bytes at least: a count from outside reserves no more than its bytes could fill.
        commands.reserveCapacity(min(Int(count), reader.rest.count / 4))
        for _ in 0..<count {
            guard let length = reader.readInteger(UInt32.self), let command = reader.readBytes(Int(length))
            else {
                return nil
            }
            commands.append(command)
        }
        guard reader.isAtEnd else { return nil }
        self.commands = commands
        isAtomic = mode == 1
    }

    /// The batch as it is submitted and stands in the log.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(commands.reduce(5) { $0 + 4 + $1.count })
        bytes.append(isAtomic ? 1 : 0)
        bytes.appendInteger(UInt32(commands.count))
        for command in commands {
            bytes.appendInteger(UInt32(command.count))
            bytes.append(contentsOf: command)
        }
        return bytes
    }
}

/// What became of a batch's commands: the reply to each, in their order. Of an atomic batch that was refused there are
/// none, but a rejection, "command 17: " and the machine's reason.
///
/// Together they have at most `limitBytes`, for they travel in one frame and are kept as one reply. What a machine answers
/// beyond that is left out of an independent batch: that command's reply, and each later one that does not fit, says
/// whether it was rejected and has no bytes. An atomic batch is refused then.
///
/// Bytes: for each its rejection flag in one byte, its length in 4 bytes, and its bytes.
public enum BatchReply {
    /// The bytes of the replies to one batch, with 5 for each: 2 MiB.
    public static let limitBytes = 2 << 20

    /// What the reply to a batch holds.
    package static func bytes(of replies: [Reply]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(replies.reduce(0) { $0 + 5 + $1.bytes.count })
        for reply in replies {
            bytes.append(reply.isRejected ? 1 : 0)
            bytes.appendInteger(UInt32(reply.bytes.count))
            bytes.append(contentsOf: reply.bytes)
        }
        return bytes
    }

    /// The replies to the commands of a batch, from the reply to the batch; nil if it is none.
    public static func replies(in bytes: [UInt8]) -> [Reply]? {
        var reader = ByteReader(bytes[...])
        var replies: [Reply] = []
        while let flag = reader.readInteger(UInt8.self) {
            guard flag <= 1, let length = reader.readInteger(UInt32.self),
                let bytes = reader.readBytes(Int(length))
            else { return nil }
            replies.append(Reply(isRejected: flag == 1, bytes: Array(bytes)))
        }
        return replies
    }
}

extension StateMachine {
    /// Executes a batch: what of an atomic one is refused leaves the machine as it was, which is a value.
    package mutating func execute(_ batch: CommandBatch, at position: LogPosition) -> Reply {
        let before = batch.isAtomic ? self : nil
        var replies: [Reply] = []
        var room = BatchReply.limitBytes
        replies.reserveCapacity(batch.commands.count)
        for (place, command) in batch.commands.enumerated() {
            let reply = execute(command, at: position)
            if let before, reply.isRejected {
                self = before
                return .rejected("command \(place): \(reply.text)")
            }
            room -= 5
            if reply.bytes.count <= room {
                room -= reply.bytes.count
                replies.append(reply)
            } else if let before {
                self = before
                return .rejected(
                    "command \(place): the replies to the batch are over \(BatchReply.limitBytes) bytes")
            } else {
                replies.append(Reply(isRejected: reply.isRejected, bytes: []))
            }
        }
        return .ok(BatchReply.bytes(of: replies))
    }
}
