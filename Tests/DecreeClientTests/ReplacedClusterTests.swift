import DecreeClient
import DecreeWire
import Logging
import Paxos
import Synchronization
import Testing

/// A client that meets two clusters of one name: a restored or recovered one, after or beside the one before.
@Suite(.serialized, .timeLimit(.minutes(1))) struct ReplacedClusterTests {
    static let (old, new) = (Digest(rawValue: 1 << 32), Digest(rawValue: 2 << 32))

    func client(_ nodes: FakeNode...) -> DecreeClient {
        var configuration = DecreeClient.Configuration(
            cluster: "bank", nodes: nodes.map { NodeAddress(host: "127.0.0.1", port: $0.port) })
        configuration.logger.logLevel = .critical
        return DecreeClient(configuration)
    }

    func node(_ id: UInt16, _ log: FakeLog, _ genesis: Digest) -> FakeNode {
        FakeNode(id, genesis: genesis) { .answer(log.answer($0)) }
    }

    /// A log in which somebody else's session has the name that the old log gave to the first.
    func restoredLog() throws -> FakeLog {
        let log = FakeLog()
        guard case .opened(let session) = log.execute(.openSession) else {
            throw ClientError.closed
        }
        for sequence in 1...4 as ClosedRange<UInt64> {
            _ = log.execute(
                .command(
                    session: session, sequence: sequence, firstUnacknowledged: 1,
                    payload: [100 + UInt8(sequence)]))
        }
        return log
    }

    @Test func nothingIsAnsweredWithWhatAnotherClientDid() async throws {
        let (log, restored) = (FakeLog(), try restoredLog())
        let (heard, hear) = AsyncStream.makeStream(of: Void.self)
        let before = FakeNode(1, genesis: Self.old) { frame in
            guard case .request(_, _, .command(_, 2, _, _)) = frame else { return .answer(log.answer(frame)) }
            _ = log.answer(frame)
            hear.yield()
            return .silence
        }
        try await before.start()
        let client = client(before)
        let session = client.session()
        let first = await session.submit([1])
        #expect(first.isAnswered)
        async let second = session.submit([2])
        for await _ in heard { break }
        try await before.stop()

        let after = node(1, restored, Self.new)
        after.address.withLock { $0 = before.port }
        try await after.start()
        // Both logs may have a session of that name: the receipts say which is meant.
        let name = LogID(genesis: Self.old, group: .first)
        #expect(first.receipt?.log == name)
        let receipt = Receipt(session: first.receipt?.session, sequence: 2, log: name)
        #expect(await second == .unknown(.clusterReplaced, receipt))
        for command in 3...5 as ClosedRange<UInt8> {
            guard case .ok(let reply, let receipt) = await session.submit([command]) else {
                Issue.record("\(command) was not answered")
                continue
            }
            #expect(reply == [command] && receipt.session != first.receipt?.session)
            #expect(receipt.log == LogID(genesis: Self.new, group: .first))
            #expect(restored.executions[[command]] == 1, "what is acknowledged was executed")
        }
        #expect(restored.executions[[2]] == nil, "what may have been done is not repeated")
        await client.close()
        try await after.stop()
    }

    @Test(.timeLimit(.minutes(1))) func aMixtureOfTwoClustersIsRefusedUntilOneIsGone() async throws {
        let (log, restored) = (FakeLog(), try restoredLog())
        let (first, stranger) = (node(1, log, Self.old), node(2, restored, Self.new))
        try await first.start()
        try await stranger.start()
        try await stranger.stop()
        let client = client(first, stranger)
        let session = client.session()
        #expect(await session.submit([1]).isAnswered)
        try await stranger.start()
        // It is asked again, for the cluster that is known may be gone by then.
        while stranger.connectionCount < 3 { try await Task.sleep(for: .milliseconds(5)) }
        for command in 2...20 as ClosedRange<UInt8> {
            #expect(await session.submit([command]).isAnswered)
            #expect(log.executions[[command]] == 1)
        }
        #expect(restored.executions.count == 4)
        try await first.stop()
        // What is sent before the connection's end is seen may be answered still, or is unknown.
        var last: UInt8 = 20
        repeat {
            last += 1
            guard await session.submit([last]).isAnswered else { continue }
            #expect((log.executions[[last]] == 1) != (restored.executions[[last]] == 1))
        } while restored.executions[[last]] == nil && last < 100
        #expect(restored.executions[[last]] == 1)
        await client.close()
        try await stranger.stop()
    }

    @Test func theSameClusterAfterAnInterruptionIsGoneOnWith() async throws {
        let log = FakeLog()
        let nodes = [node(1, log, Self.old), node(2, log, Self.old)]
        for node in nodes { try await node.start() }
        let client = client(nodes[0], nodes[1])
        let session = client.session()
        let before = await session.submit([1])
        try await nodes[0].stop()
        #expect(await session.submit([2]).receipt?.session == before.receipt?.session)
        try await nodes[1].stop()
        try await nodes[0].start()
        let after = await session.submit([3])
        #expect(after.isAnswered && after.receipt?.session == before.receipt?.session)
        await client.close()
        try await nodes[0].stop()
    }
}
