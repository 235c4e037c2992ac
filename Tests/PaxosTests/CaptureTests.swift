import Testing

@testable import Paxos

/// A replica in a snapshot, and back.
@Suite struct CaptureTests {
    private static let configuration = Configuration(
        voters: [NodeID(1), NodeID(2)], alpha: 4, sessionLimit: 3, sessionWindow: 8, replyBytes: 4 * 56 + 20)

    /// A replica at some slot: sessions with gaps in their replies, a change of the members under way.
    private func replica() -> Replica {
        var replica = Replica(machine: ListMachine(), genesis: Self.configuration)
        execute(.openSession, .openSession, on: &replica)
        execute(command(0, 1, "a"), command(0, 3, "b"), command(1, 5, "c"), on: &replica)
        execute(.change(TestCluster.learning(3)), on: &replica)
        return replica
    }

    private func command(_ session: UInt32, _ sequence: UInt64, _ text: String, from first: UInt64 = 1)
        -> Entry
    {
        .command(
            session: SessionID(openedAt: LogPosition(slot: Slot(1), index: session)), sequence: sequence,
            firstUnacknowledged: first, payload: Array(text.utf8)[...])
    }

    private func execute(_ entries: Entry..., on replica: inout Replica) {
        var builder = ProposalBuilder()
        for entry in entries { builder.append(entry) }
        var step = Step()
        replica.execute(builder.build(), in: replica.executedThrough.next, tickets: [], into: &step)
    }

    private func restored(_ replica: Replica) throws -> Replica {
        Replica(try Capture(decoding: replica.capture().encode(), machine: ListMachine()))
    }

    @Test func isReadAsItWasWritten() throws {
        let one = replica()
        let other = try restored(one)
        #expect(other.executedThrough == one.executedThrough && other.chain == one.chain)
        #expect(other.configurations == one.configurations)
        #expect(other.configurations.entries.count == 2)
        #expect(other.growth == one.growth)
        #expect(other.machine.digest() == one.machine.digest())
        #expect(other.sessions.keptBytes == one.sessions.keptBytes)
        #expect(other.capture().encode().header == one.capture().encode().header, "byte for byte")
    }

    @Test func everySequenceIsJudgedAsBefore() throws {
        let (one, other) = (replica(), try restored(replica()))
        for session: UInt32 in 0...2 {
            let id = SessionID(openedAt: LogPosition(slot: Slot(1), index: session))
            for sequence: UInt64 in 1...12 {
                #expect(
                    one.sessions.foresee(id, sequence: sequence)
                        == other.sessions.foresee(id, sequence: sequence))
            }
        }
    }

    /// Whatever comes after, both evict the same sessions: for their number, and for their replies' bytes.
    @Test(arguments: 1...20)
    func evictionsAfterARestoreBehaveAsBefore(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var one = replica()
        var other = try restored(one)
        for number in 1...60 {
            let entry: Entry
            if random.chance(1, in: 6) {
                entry = .openSession
            } else {
                let ids = one.sessions.sessions.keys.sorted()
                let id = ids.randomElement(using: &random) ?? SessionID(rawValue: 1)
                entry = .command(
                    session: id, sequence: UInt64(random.below(8) + 1), firstUnacknowledged: 1,
                    payload: Array("\(number)".utf8)[...])
            }
            execute(entry, on: &one)
            execute(entry, on: &other)
            // Once more, from wherever it has come to.
            if number % 7 == 0 { other = try restored(other) }
            #expect(one.sessions.sessions.keys.sorted() == other.sessions.sessions.keys.sorted())
            #expect(one.sessions.keptBytes == other.sessions.keptBytes)
        }
        #expect(one.capture().encode().header == other.capture().encode().header, "seed \(seed)")
    }

    @Test func anythingElseIsRefused() {
        let snapshot = replica().capture().encode()
        for count in 0..<snapshot.bytes.count {
            #expect(throws: MachineRestoreError.self, "\(count) bytes") {
                try Capture(
                    decoding: other(snapshot, Array(snapshot.bytes.prefix(count))), machine: ListMachine())
            }
        }
        #expect(throws: MachineRestoreError.self) {
            try Capture(decoding: other(snapshot, snapshot.bytes + [0]), machine: ListMachine())
        }
        // Of another slot, or another log, than its header says.
        let (slot, chain) = (snapshot.header.slot, snapshot.header.chain)
        for (slot, chain) in [(slot.next, chain), (slot, Digest.zero)] {
            #expect(throws: MachineRestoreError.self) {
                try Capture(
                    decoding: Snapshot(slot: slot, chain: chain, bytes: snapshot.bytes),
                    machine: ListMachine())
            }
        }
    }

    /// What a log has grown by comes with a snapshot, whoever sent it.
    @Test func growthThatCannotBeCountedIsEnough() throws {
        var bytes: [UInt8] = []
        for _ in 0..<2 { bytes.appendInteger(UInt64.max - 1) }
        var reader = ByteReader(bytes[...])
        var growth = try #require(LogGrowth(from: &reader))
        growth.add(bytes: 1, commands: 1)
        growth.add(bytes: 1, commands: 1)
        let isDue = growth.isDue(bytes: .max, commands: .max)
        #expect(isDue)
    }

    /// Equal tables are equal bytes: any other order is refused, and so is a session that comes twice.
    @Test(arguments: [[1, 2, 3], [2, 1, 3], [1, 3, 2], [1, 1, 2], [1, 2, 2], [1, 2, 1]])
    func sessionsAreReadInTheirOrderAlone(ids: [UInt64]) {
        let configuration = Configuration(voters: [NodeID(1)])
        var bytes: [UInt8] = []
        bytes.appendInteger(UInt32(ids.count))
        for id in ids {
            var one: [UInt8] = []
            let session = Session(lastUsed: LogPosition(slot: Slot(id), index: 0))
            SessionTable(configuration: configuration, sessions: [SessionID(rawValue: id): session])
                .append(to: &one)
            bytes += one.dropFirst(4)
        }
        var reader = ByteReader(bytes[...])
        let table = SessionTable(from: &reader, configuration: configuration)
        #expect((table != nil) == (ids == [1, 2, 3]))
    }

    private func other(_ snapshot: Snapshot, _ bytes: [UInt8]) -> Snapshot {
        Snapshot(slot: snapshot.header.slot, chain: snapshot.header.chain, bytes: bytes)
    }
}
