import DecreeClient
import DecreeWire
import Logging
import Paxos
import Synchronization
import Testing

/// Invariant PositionNamesItsLog: a tail goes on only in the log that its position is of, and not beyond its end.
@Suite(.serialized, .timeLimit(.minutes(1))) struct TailBookmarkTests {
    private static let (old, new) = (Digest(rawValue: 1 << 32), Digest(rawValue: 2 << 32))
    private static let (oldLog, newLog) = (
        LogID(genesis: old, group: .first), LogID(genesis: new, group: .first)
    )
    private static let session = SessionID(rawValue: 1 << 20)

    private func client(_ nodes: [FakeNode], deadline: Duration = .seconds(10)) -> DecreeClient {
        var configuration = DecreeClient.Configuration(
            cluster: "bank", nodes: nodes.map { NodeAddress(host: "127.0.0.1", port: $0.port) },
            deadline: deadline)
        configuration.logger.logLevel = .critical
        return DecreeClient(configuration)
    }

    /// A node whose log has one command a slot, as far as it knows; as a leader it tells the end to a client that reads.
    ///
    /// - Parameter isWaitedAt: called when a tail waits for what the node does not know yet.
    private func node(
        _ id: UInt16, _ genesis: Digest, knows known: UInt64, through last: UInt64? = nil,
        isWaitedAt: @escaping @Sendable () -> Void = {}
    ) async throws -> FakeNode {
        let node = FakeNode(id, genesis: genesis) { frame in
            switch frame {
            case .request(_, _, .admin(.tail(let from, let ticks))):
                if from.rawValue > known, ticks > 0 {
                    isWaitedAt()
                    return .silence
                }
                let decided = (from.rawValue..<max(from.rawValue, known + 1)).map { slot in
                    var builder = ProposalBuilder()
                    builder.append(
                        .command(
                            session: Self.session, sequence: slot, firstUnacknowledged: 1, payload: [1]))
                    return AcceptedProposal(
                        slot: Slot(slot), ballot: Ballot(round: 1, node: NodeID(1)), proposal: builder.build()
                    )
                }
                let slots = ExecutedSlots(decided: decided, unexecuted: [], chosenThrough: Slot(known))
                return .answer(.response(id: 1, .admin(.executed(slots))))
            case .request(let id, _, .query(_, let consistency)):
                guard let last else { return .answer(.response(id: id, .notLeader(leader: nil))) }
                return .answer(
                    .response(
                        id: id, .answered(.ok([]), executedThrough: Slot(last), consistency: consistency)))
            default: return .silence
            }
        }
        try await node.start()
        return node
    }

    private func first(_ tail: Tail) async throws -> LogEntry? {
        var tail = tail.makeAsyncIterator()
        return try await tail.next()
    }

    private func bookmark(_ slot: UInt64, _ index: UInt32 = 0, of log: LogID = oldLog) -> LogBookmark {
        LogBookmark(log: log, position: LogPosition(slot: Slot(slot), index: index))
    }

    @Test func entriesNameTheirLogAndAreGoneOnBehind() async throws {
        let node = try await node(1, Self.old, knows: 3, through: 3)
        let client = client([node])
        var read: [LogBookmark] = []
        for try await entry in client.tail(from: Slot(1), through: Slot(3)) { read.append(entry.bookmark) }
        #expect(read.map(\.description) == (1...3).map { "\($0).0@00000001" })
        let next = try await first(client.tail(from: read[0].next, through: Slot(3)))
        #expect(next?.bookmark == read[1])
        // Behind the last one there is nothing yet: that is no error.
        #expect(try await first(client.tail(from: read[2].next, through: Slot(3))) == nil)
        #expect(try await first(client.tail(from: bookmark(4), through: Slot(3))) == nil)
        await client.close()
        try await node.stop()
    }

    /// As after `decree restore`: nothing would be read, or what is another command's.
    @Test(arguments: [1, 3, 4, 90] as [UInt64])
    func anotherLogIsAnErrorAtOnce(_ slot: UInt64) async throws {
        let nodes = try await [node(1, Self.new, knows: 3, through: 3), node(2, Self.new, knows: 3)]
        let client = client(nodes, deadline: .seconds(60))
        for through in [nil, Slot(3)] {
            await #expect(throws: TailError.otherLog(wanted: Self.oldLog, found: Self.newLog)) {
                _ = try await first(client.tail(from: bookmark(slot), through: through))
            }
        }
        await client.close()
        for node in nodes { try await node.stop() }
    }

    /// Of a mixture the nodes that keep the log are read.
    @Test func strangersArePassedOver() async throws {
        let nodes = try await [node(1, Self.new, knows: 9), node(2, Self.old, knows: 3)]
        for _ in 0..<4 {
            let client = client(nodes)
            let entry = try await first(client.tail(from: bookmark(2)))
            #expect(entry?.bookmark == bookmark(2))
            await client.close()
        }
        for node in nodes { try await node.stop() }
    }

    @Test func beyondTheEndIsAnErrorThatNamesIt() async throws {
        let node = try await node(1, Self.old, knows: 3, through: 5)
        let client = client([node])
        for position in [bookmark(6, 1), bookmark(7), bookmark(1_000)] {
            let error = TailError.beyondEnd(position.position, end: Slot(5))
            for through in [nil, Slot(5)] {
                await #expect(throws: error) {
                    _ = try await first(client.tail(from: position, through: through))
                }
                await #expect(throws: error) {
                    _ = try await first(client.tail(from: position.position, through: through))
                }
            }
        }
        await client.close()
        try await node.stop()
    }

    /// A node that lags does not know the end: the leader does.
    @Test func aNodeThatLagsRefusesNoPosition() async throws {
        let (waiting, wait) = AsyncStream.makeStream(of: Void.self)
        let node = try await node(1, Self.old, knows: 3, through: 5) { wait.yield() }
        let client = client([node])
        for position in [bookmark(5), bookmark(5, 7), bookmark(6)] {
            let task = Task { try await first(client.tail(from: position)) }
            for await _ in waiting { break }
            task.cancel()
            #expect(try await task.value == nil, "it waits")
        }
        await client.close()
        try await node.stop()
    }

    /// Where no node leads the end is not known, and nothing is said of it.
    @Test func anEndThatIsNotKnownIsNotGuessed() async throws {
        let node = try await node(1, Self.old, knows: 3)
        let client = client([node], deadline: .milliseconds(300))
        await #expect(throws: TailError.unanswered(.noLeader)) {
            _ = try await first(client.tail(from: bookmark(9)))
        }
        await client.close()
        try await node.stop()
    }

    /// A tail that lives on while its cluster is replaced is told so, and given nothing of the new one.
    @Test func aLogThatIsReplacedUnderATailIsTold() async throws {
        let before = try await node(1, Self.old, knows: 1)
        let client = client([before], deadline: .milliseconds(300))
        var tail = client.tail(from: Slot(1)).makeAsyncIterator()
        #expect(try await tail.next()?.log == Self.oldLog)
        try await before.stop()
        let after = FakeNode(1, genesis: Self.new) { _ in .silence }
        after.address.withLock { $0 = before.port }
        try await after.start()
        await #expect(throws: TailError.otherLog(wanted: Self.oldLog, found: Self.newLog)) {
            _ = try await tail.next()
        }
        #expect(tail.bookmark == bookmark(2))
        await client.close()
        try await after.stop()
    }
}
