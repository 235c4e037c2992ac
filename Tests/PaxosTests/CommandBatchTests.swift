import Testing

@testable import Paxos

/// Many commands of one client as one.
@Suite struct CommandBatchTests {
    /// Counts up by each command's first byte; rejects a zero.
    private struct Sum: StateMachine {
        var sum: UInt64 = 0

        mutating func execute(_ command: ArraySlice<UInt8>, at position: LogPosition) -> Reply {
            guard let byte = command.first, byte > 0 else { return .rejected("zero") }
            sum += UInt64(byte)
            return .ok([UInt8(truncatingIfNeeded: sum)])
        }

        func query(_ query: ArraySlice<UInt8>) -> Reply { .ok() }
        func digest() -> Digest { Digest(of: sum, 0, 0, 0) }
        func snapshot() -> [UInt8] { [] }
        mutating func restore(from snapshot: ArraySlice<UInt8>) throws(MachineRestoreError) {}
    }

    private static let position = LogPosition(slot: Slot(1), index: 0)

    @Test(
        arguments: [[[1]], [[], [1, 2], []], (0..<8_192).map { [UInt8(truncatingIfNeeded: $0)] }]
            as [[[UInt8]]])
    func itIsReadAsItWasWritten(_ commands: [[UInt8]]) throws {
        for isAtomic in [false, true] {
            let batch = CommandBatch(commands.map { $0[...] }, isAtomic: isAtomic)
            let read = try #require(CommandBatch(bytes: ([9] + batch.bytes).dropFirst()))
            #expect(read.commands.map { Array($0) } == commands && read.isAtomic == isAtomic)
        }
    }

    @Test func theBytesStayAsTheyAre() {
        #expect(
            CommandBatch([[7], [8, 9]], isAtomic: true).bytes
                == [1, 2, 0, 0, 0, 1, 0, 0, 0, 7, 2, 0, 0, 0, 8, 9])
        #expect(
            BatchReply.bytes(of: [.ok([5]), .rejected("no")])
                == [0, 1, 0, 0, 0, 5, 1, 2, 0, 0, 0, 0x6e, 0x6f])
    }

    @Test func whatIsNoneIsNotRead() {
        let whole = CommandBatch([[7], [8, 9]]).bytes
        for count in 0..<whole.count { #expect(CommandBatch(bytes: whole.prefix(count)) == nil) }
        #expect(CommandBatch(bytes: (whole + [0])[...]) == nil)
        #expect(CommandBatch(bytes: ([2] + whole.dropFirst())[...]) == nil, "a third mode")
        #expect(CommandBatch(bytes: [0, 0, 0, 0, 0]) == nil, "no command")
        #expect(CommandBatch(bytes: [0, 255, 255, 255, 255]) == nil, "a count of 2^32 - 1")
        let tooMany = [0, 1, 32, 0, 0] + [UInt8](repeating: 0, count: 4 * 8_193)
        #expect(CommandBatch(bytes: tooMany[...]) == nil)
    }

    @Test func independentCommandsAreEachExecuted() throws {
        var machine = Sum()
        let reply = machine.execute(CommandBatch([[1], [0], [2]]), at: Self.position)
        #expect(!reply.isRejected)
        #expect(BatchReply.replies(in: reply.bytes) == [.ok([1]), .rejected("zero"), .ok([3])])
        #expect(machine.sum == 3)
    }

    @Test func anAtomicBatchIsDoneWholeOrNotAtAll() {
        var machine = Sum(sum: 10)
        let refused = machine.execute(CommandBatch([[1], [0], [2]], isAtomic: true), at: Self.position)
        #expect(refused == .rejected("command 1: zero"))
        #expect(machine.sum == 10)
        let done = machine.execute(CommandBatch([[1], [2]], isAtomic: true), at: Self.position)
        #expect(BatchReply.replies(in: done.bytes) == [.ok([11]), .ok([13])])
    }

    /// Answers with as many bytes as the command says, in units of 64 KiB.
    private struct Talker: StateMachine {
        var count = 0

        mutating func execute(_ command: ArraySlice<UInt8>, at position: LogPosition) -> Reply {
            count += 1
            return .ok(Array(repeating: 7, count: Int(command.first ?? 0) << 16))
        }

        func query(_ query: ArraySlice<UInt8>) -> Reply { .ok() }
        func digest() -> Digest { Digest(of: UInt64(count), 0, 0, 0) }
        func snapshot() -> [UInt8] { [] }
        mutating func restore(from snapshot: ArraySlice<UInt8>) throws(MachineRestoreError) {}
    }

    @Test func theRepliesTogetherAreBounded() throws {
        var machine = Talker()
        let reply = machine.execute(CommandBatch([[31], [1], [0], [20]]), at: Self.position)
        #expect(reply.bytes.count <= BatchReply.limitBytes)
        #expect(BatchReply.replies(in: reply.bytes)?.map(\.bytes.count) == [31 << 16, 0, 0, 0])
        #expect(machine.count == 4)
        let refused = machine.execute(CommandBatch([[31], [1]], isAtomic: true), at: Self.position)
        #expect(refused.isRejected && machine.count == 4)
    }

    /// Through a group: one entry, one reply, and for a retry the same reply without a second execution.
    @Test func aRetryIsAnsweredWithTheReplyThatIsKept() throws {
        let cluster = TestCluster()
        cluster.elect(1)
        let session = cluster.openSession(at: 1)
        func request(_ sequence: UInt64) -> ClientRequest {
            .batch(
                session: session.id, sequence: sequence, firstUnacknowledged: 1,
                payload: CommandBatch([Array("a".utf8)[...], Array("b".utf8)[...]]).bytes[...])
        }
        let first = cluster.ask(request(1), of: 1)
        guard case .executed(let reply, _)? = first else {
            Issue.record("\(String(describing: first))")
            return
        }
        #expect(BatchReply.replies(in: reply.bytes)?.count == 2)
        #expect(cluster.ask(request(1), of: 1) == first)
        cluster.crash(1)
        cluster.elect(2)
        #expect(cluster.ask(request(1), of: 2) == first)
        cluster.restart(1)
        cluster.converge()
        for node: UInt16 in 1...3 { #expect(cluster.items(on: node) == ["a", "b"]) }
    }

    /// Each counts for when a snapshot is due: all of them are executed again at a start.
    @Test func commandsOfABatchAreCounted() {
        var limits = Limits()
        limits.snapshotCommands = 100
        for (commands, isDue) in [(98, false), (99, true)] {
            var replica = Replica(machine: ListMachine(), genesis: Configuration(voters: [NodeID(1)]))
            var step = Step()
            var builder = ProposalBuilder()
            builder.append(.openSession)
            builder.append(
                .batch(
                    session: SessionID(openedAt: .first(of: Slot(1))), sequence: 1, firstUnacknowledged: 1,
                    payload: CommandBatch(Array(repeating: [1], count: commands)).bytes[...]))
            replica.execute(builder.build(), in: Slot(1), tickets: [], into: &step)
            #expect(replica.isSnapshotDue(after: limits) == isDue)
        }
    }

    @Test func bytesThatAreNoBatchNeverEnterTheLog() {
        let cluster = TestCluster()
        cluster.elect(1)
        let session = cluster.openSession(at: 1)
        let response = cluster.ask(
            .batch(session: session.id, sequence: 1, firstUnacknowledged: 1, payload: [1, 2, 3]), of: 1)
        #expect(response == .refused(.malformedBatch))
    }
}
