import DecreeClient
import DecreeWire
import Logging
import NIOCore
import Paxos
import Synchronization
import Testing

/// The log, read from nodes that do what a test says.
@Suite(.serialized, .timeLimit(.minutes(1))) struct TailTests {
    private static let session = SessionID(rawValue: 1 << 20)

    /// What a node was asked.
    private final class Asked: Sendable {
        private let slots = Mutex<[UInt64]>([])
        var all: [UInt64] { slots.withLock { $0 } }
        func note(_ slot: Slot) { slots.withLock { $0.append(slot.rawValue) } }
    }

    private func client(_ nodes: [FakeNode], deadline: Duration = .seconds(10)) -> DecreeClient {
        var configuration = DecreeClient.Configuration(
            cluster: "bank", nodes: nodes.map { NodeAddress(host: "127.0.0.1", port: $0.port) },
            deadline: deadline)
        configuration.logger.logLevel = .critical
        return DecreeClient(configuration)
    }

    /// A node that answers those who follow the log.
    private func node(
        _ id: UInt16, genesis: Digest = .zero, _ answer: @escaping @Sendable (Slot) -> FakeNode.Reaction
    ) async throws -> FakeNode {
        let node = FakeNode(id, genesis: genesis) { frame in
            guard case .request(_, _, .admin(.tail(let from, _))) = frame else { return .silence }
            return answer(from)
        }
        try await node.start()
        return node
    }

    private static func answer(_ response: AdminResponse) -> FakeNode.Reaction {
        .answer(.response(id: 1, .admin(response)))
    }

    /// Slots with two commands each, as many as are given at once.
    private static func slots(
        _ from: Slot, _ count: UInt64 = 2, through last: UInt64 = .max, without: [LogPosition] = []
    ) -> FakeNode.Reaction {
        let slots = (from.rawValue..<from.rawValue + count).filter { $0 <= last }
        let decided = slots.map { slot in
            var builder = ProposalBuilder()
            for index in 0..<2 as Range<UInt64> {
                builder.append(
                    .command(
                        session: session, sequence: 2 * slot + index, firstUnacknowledged: 1,
                        payload: [UInt8(truncatingIfNeeded: slot), UInt8(index)]))
            }
            return AcceptedProposal(
                slot: Slot(slot), ballot: Ballot(round: 1, node: NodeID(1)), proposal: builder.build())
        }
        return answer(
            .executed(
                ExecutedSlots(
                    decided: decided, unexecuted: without.filter { slots.contains($0.slot.rawValue) },
                    chosenThrough: Slot(min(last, 1_000)))))
    }

    private func read(_ tail: Tail, _ count: Int = .max) async throws -> [String] {
        var found: [String] = []
        for try await entry in tail {
            #expect(entry.payload == [UInt8(entry.position.slot.rawValue), UInt8(entry.position.index)])
            #expect(entry.sequence == 2 * entry.position.slot.rawValue + UInt64(entry.position.index))
            #expect(entry.session == Self.session)
            found.append("\(entry.position)")
            if found.count == count { break }
        }
        return found
    }

    @Test func theLogIsReadInOrderAndToItsEnd() async throws {
        let node = try await node(1) {
            Self.slots($0, without: [LogPosition(slot: Slot(5), index: 0)])
        }
        let client = client([node])
        let all = ["3.0", "3.1", "4.0", "4.1", "5.1", "6.0", "6.1"]
        #expect(try await read(client.tail(from: Slot(3), through: Slot(6))) == all)
        // Resumed behind any of them it gives the rest.
        for (place, text) in all.enumerated() {
            let parts = text.split(separator: ".")
            let last = try LogPosition(
                slot: Slot(#require(UInt64(parts[0]))), index: #require(UInt32(parts[1])))
            let rest = try await read(client.tail(from: last.next, through: Slot(6)))
            #expect(rest == Array(all.dropFirst(place + 1)))
        }
        #expect(try await read(client.tail(from: Slot(7), through: Slot(6))) == [])
        await client.close()
        try await node.stop()
    }

    /// Nothing is asked for before what was answered is taken.
    @Test func whoTakesSlowlyIsGivenSlowly() async throws {
        let asked = Asked()
        let node = try await node(1) {
            asked.note($0)
            return Self.slots($0)
        }
        let client = client([node])
        var tail = client.tail(from: Slot(1)).makeAsyncIterator()
        #expect(tail.position == .first(of: Slot(1)))
        for taken in 1...12 {
            let entry = try await tail.next()
            #expect(tail.position == entry?.position.next)
            #expect(asked.all == Array([1, 3, 5].prefix((taken + 3) / 4)))
        }
        await client.close()
        try await node.stop()
    }

    /// A node that dies, one that does not answer to the purpose, one that has less, and one that has it.
    @Test func anotherNodeGoesOnWhereOneEnds() async throws {
        let nodes = try await [
            node(1) { $0.rawValue > 2 ? .close : Self.slots($0) },
            node(2) { Self.slots($0, through: 4) },
            node(3) { _ in Self.answer(.logBegins(at: Slot(9))) },
            node(4) { Self.slots(Slot($0.rawValue + 1)) },
            node(5) { $0.rawValue % 4 == 1 ? .answer(.response(id: 1, .refused(.gone))) : Self.slots($0) },
        ]
        for _ in 0..<4 {
            let client = client(nodes)
            let expected = (1...8).flatMap { ["\($0).0", "\($0).1"] }
            // Nodes 1 and 2 alone have slot 1, and 5 has what comes after 5.
            let found = try await read(client.tail(from: Slot(1), through: Slot(8), deadline: .seconds(1)), 8)
            #expect(found == Array(expected.prefix(8)))
            await client.close()
        }
        for node in nodes { try await node.stop() }
    }

    @Test func whereTheLogBeginsIsToldWhenNobodyHasMore() async throws {
        let nodes = try await [
            node(1) { _ in Self.answer(.logBegins(at: Slot(9))) },
            node(2) { _ in Self.answer(.logBegins(at: Slot(7))) },
        ]
        let client = client(nodes)
        var tail = client.tail(from: Slot(3)).makeAsyncIterator()
        await #expect(throws: TailError.logBegins(at: Slot(7))) { try await tail.next() }
        #expect(tail.position == .first(of: Slot(3)))
        await client.close()
        // One that is down may have more, and is waited for before that is said.
        try await nodes[0].stop()
        let again = self.client(nodes)
        let before = ContinuousClock.now
        await #expect(throws: TailError.logBegins(at: Slot(7))) {
            try await read(again.tail(from: Slot(3), deadline: .milliseconds(300)))
        }
        #expect(ContinuousClock.now - before >= .milliseconds(300))
        await again.close()
        try await nodes[1].stop()
    }

    /// One that is behind what others have deleted has nothing new, and would have nothing for ever.
    @Test func aNodeThatLagsDoesNotHideThatTheLogBeginsLater() async throws {
        let nodes = [
            try await node(1) { _ in Self.answer(.logBegins(at: Slot(9))) },
            try await node(2) { from in Self.slots(from, through: 0) },
        ]
        let client = client(nodes, deadline: .milliseconds(300))
        let slots = client.tail(from: .first(of: Slot(3))).makeAsyncIterator()
        var tail = slots
        await #expect(throws: TailError.logBegins(at: Slot(9))) {
            for _ in 0..<3 { _ = try await tail.next() }
        }
        await client.close()
        for node in nodes { try await node.stop() }
    }

    @Test func aTailGivesUpWhenNobodyAnswers() async throws {
        let node = try await node(1) { Self.slots($0, through: 2) }
        let client = client([node], deadline: .milliseconds(300))
        var tail = client.tail(from: Slot(1)).makeAsyncIterator()
        for _ in 0..<4 { _ = try await tail.next() }
        try await node.stop()
        await #expect(throws: TailError.self) { try await tail.next() }
        // It goes on where it was when there is somebody again.
        #expect(tail.position == .first(of: Slot(3)))
        let other = try await self.node(1) { Self.slots($0) }
        let again = self.client([other])
        #expect(try await read(again.tail(from: tail.position), 2) == ["3.0", "3.1"])
        await again.close()
        await client.close()
        try await other.stop()
    }

    /// What never changes is told at once.
    @Test func aRefusalForGoodIsToldAtOnce() async throws {
        let node = try await node(1) { _ in .answer(.response(id: 1, .refused(.unknownGroup))) }
        let client = client([node], deadline: .seconds(60))
        await #expect(throws: TailError.unanswered(.refused(.unknownGroup))) {
            try await read(client.tail(from: Slot(1)))
        }
        await client.close()
        try await node.stop()
    }

    /// What was begun in one cluster is not gone on with in another that has its name.
    @Test func anotherClustersLogIsNotReadOn() async throws {
        let mine = try await node(1) { $0.rawValue > 2 ? .close : Self.slots($0) }
        let other = try await node(2, genesis: Digest(rawValue: 9)) {
            $0.rawValue == 1 ? .close : Self.slots($0)
        }
        let client = client([mine, other], deadline: .milliseconds(300))
        var found = 0
        await #expect(throws: TailError.self) {
            for try await _ in client.tail(from: Slot(1)) {
                found += 1
                if found > 4 { break }
            }
        }
        #expect(found == 4)
        await client.close()
        try await mine.stop()
        try await other.stop()
    }

    @Test func aCancelledTailEndsAtOnce() async throws {
        let asked = Asked()
        let node = try await node(1) {
            asked.note($0)
            return .silence
        }
        let client = client([node])
        let task = Task { try await read(client.tail(from: Slot(1))) }
        while asked.all.isEmpty { await Task.yield() }
        let before = ContinuousClock.now
        task.cancel()
        #expect(try await task.value == [])
        #expect(ContinuousClock.now - before < .seconds(1))
        await client.close()
        try await node.stop()
    }
}
