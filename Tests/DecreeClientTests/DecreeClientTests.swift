import DecreeClient
import DecreeWire
import Logging
import NIOCore
import Paxos
import Synchronization
import Testing

@Suite(.serialized, .timeLimit(.minutes(1))) struct DecreeClientTests {
    func client(
        _ nodes: FakeNode..., cluster: String = "bank", connections: Int = 1,
        settings: ClientSettings = ClientSettings()
    ) -> DecreeClient {
        var configuration = DecreeClient.Configuration(
            cluster: cluster, nodes: nodes.map { NodeAddress(host: "127.0.0.1", port: $0.port) },
            connections: connections, session: settings)
        configuration.logger.logLevel = .critical
        return DecreeClient(configuration)
    }

    func bytes(_ number: Int) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) } }

    func isOk(_ outcome: Outcome, _ reply: [UInt8]) -> Bool {
        if case .ok(reply, _) = outcome { true } else { false }
    }

    // MARK: Asking

    @Test func commandsAndQueriesAreAnswered() async throws {
        let log = FakeLog()
        let node = FakeNode(1) { .answer(log.answer($0)) }
        try await node.start()
        let client = client(node)
        try await client.connected()
        let session = client.session()
        for number in 1...3 {
            let outcome = await session.submit(bytes(number))
            #expect(isOk(outcome, bytes(number)))
            #expect(outcome.receipt?.sequence == UInt64(number))
        }
        let read = await session.query([7], consistency: .stale)
        #expect(
            read
                == .ok(
                    reply: [7],
                    Receipt(
                        executedThrough: Slot(4), consistency: .stale,
                        log: LogID(genesis: node.genesis, group: .first))))
        await client.close()
        try await node.stop()
    }

    @Test func aLongWriteGoesOutOnce() async throws {
        let log = FakeLog()
        let commands = Atomic<Int>(0)
        let node = FakeNode(1) { frame in
            if case .request(_, _, .command) = frame { commands.wrappingAdd(1, ordering: .relaxed) }
            return .answer(log.answer(frame))
        }
        try await node.start()
        let client = client(node)
        let session = client.session()
        #expect(isOk(await session.submit([1]), [1]))
        // Together they are more than the channel calls writable, and what the kernel takes at once.
        let payload = [UInt8](repeating: 2, count: 1_024)
        let (outcomes, continuation) = AsyncStream<Outcome>.makeStream()
        session.eventLoop.execute {
            for _ in 0..<100 { session.submit(payload[...]) { continuation.yield($0) } }
        }
        for await outcome in outcomes.prefix(100) { #expect(isOk(outcome, payload)) }
        #expect(commands.load(ordering: .relaxed) == 101)
        await client.close()
        try await node.stop()
    }

    @Test func manyCommandsAreUnderWayAtOnce() async throws {
        let log = FakeLog()
        let node = FakeNode(1) { .answer(log.answer($0)) }
        try await node.start()
        let client = client(node)
        let session = client.session()
        let outcomes = await withTaskGroup(of: (Int, Outcome).self) { group in
            for number in 0..<5_000 {
                group.addTask { (number, await session.submit(bytes(number))) }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        #expect(outcomes.allSatisfy { isOk($0.value, bytes($0.key)) })
        #expect(log.executions.count == 5_000)
        #expect(node.connectionCount == 1)
        await client.close()
        try await node.stop()
    }

    @Test func sessionsShareConnections() async throws {
        let log = FakeLog()
        let node = FakeNode(1) { .answer(log.answer($0)) }
        try await node.start()
        let client = client(node, connections: 8)
        let sessions = (0..<1_000).map { _ in client.session() }
        let answered = await withTaskGroup(of: Bool.self) { group in
            for (index, session) in sessions.enumerated() {
                group.addTask {
                    for number in 0..<5 {
                        let command = bytes(index * 5 + number)
                        guard isOk(await session.submit(command), command) else { return false }
                    }
                    return true
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(answered == 1_000)
        #expect(log.executions.count == 5_000)
        #expect(node.connectionCount == 8)
        await client.close()
        try await node.stop()
    }

    @Test func aCompletionMaySubmitAgain() async throws {
        let log = FakeLog()
        let node = FakeNode(1) { .answer(log.answer($0)) }
        try await node.start()
        let client = client(node)
        let session = client.session()
        let load = Load(session: session, total: 2_000)
        await load.run(concurrency: 16)
        #expect(log.executions.count == 2_000)
        await client.close()
        try await node.stop()
    }

    @Test func anIndexGivenAgainTakesNoLateAnswers() async throws {
        // Answers come only with the next request, when the session that asked is gone.
        let log = FakeLog()
        let late = Mutex<ClientFrame?>(nil)
        let node = FakeNode(1) { frame in
            guard case .request(_, _, .command) = frame else { return .answer(log.answer(frame)) }
            let answer = log.answer(frame)
            let before = late.withLock { late in
                defer { late = answer }
                return late
            }
            return before.map { .answer($0) } ?? .silence
        }
        try await node.start()
        let client = client(node)
        try await client.connected()
        for number in 0..<5 {
            let outcome = await client.session().submit(bytes(number), deadline: .milliseconds(100))
            #expect(!outcome.isAnswered, "command \(number) took another's answer")
        }
        await client.close()
        try await node.stop()
    }

    // MARK: Trouble

    /// Nodes take turns at executing without answering and closing the connection.
    @Test func brokenConnectionsLoseNothingAndDoNothingTwice() async throws {
        let log = FakeLog()
        let count = Atomic<Int>(0)
        let react: @Sendable (ClientFrame) -> FakeNode.Reaction = { frame in
            let number = count.wrappingAdd(1, ordering: .relaxed).newValue
            if number % 97 == 0 { return .close }
            let answer = log.answer(frame)
            return number % 61 == 0 ? .close : .answer(answer)
        }
        let nodes = [FakeNode(1, react: react), FakeNode(2, react: react), FakeNode(3, react: react)]
        for node in nodes { try await node.start() }
        let client = client(nodes[0], nodes[1], nodes[2])
        let session = client.session()
        let load = Load(session: session, total: 1_000)
        await load.run(concurrency: 8)
        #expect(load.unanswered == 0)
        #expect(log.executions.count == 1_000)
        #expect(log.executions.values.allSatisfy { $0 == 1 })
        await client.close()
        for node in nodes { try await node.stop() }
    }

    @Test func aNodeThatRestartsIsFoundAgain() async throws {
        let log = FakeLog()
        let node = FakeNode(1) { .answer(log.answer($0)) }
        try await node.start()
        let client = client(node)
        let session = client.session()
        #expect(isOk(await session.submit([1]), [1]))
        try await node.stop()
        let waiting = Task { await session.submit([2]) }
        try await node.start()
        #expect(isOk(await waiting.value, [2]))
        #expect(log.executions == [[1]: 1, [2]: 1])
        await client.close()
        try await node.stop()
    }

    @Test func garbageInTheMiddleOfAConnectionIsSurvived() async throws {
        let log = FakeLog()
        let count = Atomic<Int>(0)
        let node = FakeNode(1) { frame in
            let number = count.wrappingAdd(1, ordering: .relaxed).newValue
            return number == 3 ? .garbage : .answer(log.answer(frame))
        }
        try await node.start()
        let client = client(node)
        let session = client.session()
        for number in 0..<5 { #expect(isOk(await session.submit(bytes(number)), bytes(number))) }
        #expect(node.connectionCount == 2)
        await client.close()
        try await node.stop()
    }

    @Test func nobodyThereIsFailedAndSaysWhy() async throws {
        let node = FakeNode(1) { _ in .silence }
        try await node.start()
        try await node.stop()
        let client = client(node)
        let session = client.session()
        let outcome = await session.submit([1], deadline: .milliseconds(100))
        #expect(outcome == .failed(.deadlinePassed(.unreachable)))
        let error = await #expect(throws: ClientError.self) {
            try await client.connected(within: .milliseconds(50))
        }
        #expect(error?.description.contains("127.0.0.1:\(node.port): Connection refused") == true)
        await client.close()
    }

    @Test func aNodeThatNeverAnswersIsUnknown() async throws {
        let log = FakeLog()
        let node = FakeNode(1) { frame in
            if case .request(_, _, .command(_, 2, _, _)) = frame { return .silence }
            return .answer(log.answer(frame))
        }
        try await node.start()
        let client = client(node)
        let session = client.session()
        #expect(isOk(await session.submit([1]), [1]))
        let outcome = await session.submit([2], deadline: .milliseconds(100))
        guard case .unknown(.deadlinePassed(.noAnswer), let receipt) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(receipt.sequence == 2 && receipt.session != nil)
        await client.close()
        try await node.stop()
    }

    @Test func theWrongClusterIsToldAtOnce() async throws {
        let node = FakeNode(1, cluster: "shop") { _ in .silence }
        try await node.start()
        let client = client(node)
        let error = await #expect(throws: ClientError.self) {
            try await client.connected(within: .seconds(30))
        }
        #expect(error?.description.contains("belongs to cluster \"shop\"") == true)
        await client.close()
        try await node.stop()
    }

    @Test func aNodeWithoutRoomIsTriedAgain() async throws {
        let node = FakeNode(1, refusals: 2) { _ in .silence }
        try await node.start()
        let client = client(node)
        try await client.connected(within: .seconds(30))
        #expect(node.connectionCount == 3)
        await client.close()
        try await node.stop()
    }

    @Test func oneNodeUnderTwoAddressesIsUsedOnce() async throws {
        let log = FakeLog()
        let node = FakeNode(1) { .answer(log.answer($0)) }
        let same = FakeNode(1) { .answer(log.answer($0)) }
        try await node.start()
        try await same.start()
        let client = client(node, same)
        let session = client.session()
        for number in 0..<10 { #expect(isOk(await session.submit(bytes(number)), bytes(number))) }
        await client.close()
        try await node.stop()
        try await same.stop()
    }

    // MARK: Status, and the end

    @Test func statusComesOverAConnectionOfItsOwn() async throws {
        let log = FakeLog()
        let node = FakeNode(1) { .answer(log.answer($0)) }
        try await node.start()
        let client = client()
        let address = NodeAddress(host: "127.0.0.1", port: node.port)
        let anyCluster = DecreeClient(cluster: "", nodes: [])
        #expect(try await client.status(of: address, within: .seconds(30)) == Array("{\"node\":1}".utf8))
        #expect(try await anyCluster.status(of: address, within: .seconds(30)) == Array("{\"node\":1}".utf8))
        try await node.stop()
        await #expect(throws: ClientError.self) { try await client.status(of: address) }
        await client.close()
        await anyCluster.close()
    }

    @Test func statusOfASilentNodeTimesOut() async throws {
        let node = FakeNode(1) { _ in .silence }
        try await node.start()
        let client = client()
        let address = NodeAddress(host: "127.0.0.1", port: node.port)
        await #expect(throws: ClientError.timedOut(address)) {
            try await client.status(of: address, within: .milliseconds(50))
        }
        await client.close()
        try await node.stop()
    }

    @Test func closingTellsEverybody() async throws {
        let log = FakeLog()
        let (heard, hear) = AsyncStream.makeStream(of: Void.self)
        let node = FakeNode(1) { frame in
            guard case .request(_, _, .command) = frame else { return .answer(log.answer(frame)) }
            hear.yield()
            return .silence
        }
        try await node.start()
        let client = client(node)
        let session = client.session()
        async let outcome = session.submit([1])
        for await _ in heard { break }
        await client.close()
        guard case .unknown(.closed, _) = await outcome else {
            Issue.record("what was sent is not known")
            return
        }
        #expect(await session.submit([2]) == .failed(.closed))
        await #expect(throws: ClientError.closed) { try await client.connected() }
        try await node.stop()
    }

    @Test(arguments: [
        ("localhost:7001", "localhost", 7_001), ("[::1]:80", "::1", 80),
        ("10.0.0.1:65535", "10.0.0.1", 65_535),
    ])
    func addressesAreRead(_ text: String, _ host: String, _ port: Int) {
        #expect(NodeAddress(text) == NodeAddress(host: host, port: port))
        #expect(NodeAddress(text)?.description == text)
    }

    @Test(arguments: [
        "", "localhost", ":7001", "localhost:", "localhost:0", "localhost:65536", "::1:80", "a:b",
    ])
    func whatIsNoAddressIsRefused(_ text: String) {
        #expect(NodeAddress(text) == nil)
        #expect(NodeAddress.list("localhost:1,\(text)") == nil)
    }
}

/// A closed loop on the session's event loop: each completion submits the next.
final class Load: Sendable {
    private let session: Session
    private let total: Int
    private let state = Mutex<(next: Int, done: Int, unanswered: Int)>((0, 0, 0))
    private let finished: AsyncStream<Void>
    private let finish: AsyncStream<Void>.Continuation

    init(session: Session, total: Int) {
        self.session = session
        self.total = total
        (finished, finish) = AsyncStream.makeStream()
    }

    var unanswered: Int { state.withLock { $0.unanswered } }

    func run(concurrency: Int) async {
        for _ in 0..<concurrency { submit() }
        for await _ in finished {}
    }

    private func submit() {
        let number = state.withLock { state -> Int? in
            guard state.next < total else { return nil }
            defer { state.next += 1 }
            return state.next
        }
        guard let number else { return }
        let command = (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
        session.submit(command[...], deadline: .seconds(30)) { outcome in
            let isDone = self.state.withLock { state in
                state.done += 1
                if !outcome.isAnswered { state.unanswered += 1 }
                return state.done == self.total
            }
            if isDone { self.finish.finish() }
            self.submit()
        }
    }
}
