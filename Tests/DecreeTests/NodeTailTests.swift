import Bank
import Decree
import DecreeClient
import Testing

/// The log as the node's own process reads it.
@Suite(.serialized, .timeLimit(.minutes(1))) struct NodeTailTests {
    @Test func aFollowersTailGivesWhatAnotherNodeWasAskedToDo() async throws {
        let cluster = try InProcessCluster(nodes: 3)
        try cluster.start()
        let hasLeader = await cluster.eventually {
            $0.contains { $0.groups.contains { $0.role == "leader" } }
        }
        try #require(hasLeader)
        let nodes = cluster.nodes
        let account = try AccountName("a")
        let commands = [BankCommand.open(account, balance: 1)] + (1...5).map { .deposit(account, amount: $0) }
        var positions: [LogPosition] = []
        for (index, command) in commands.enumerated() {
            let outcome = await nodes[index % 3].submit(command.bytes)
            positions.append(try #require(outcome.receipt?.position, "\(outcome)"))
        }
        for node in nodes {
            var found: [LogEntry] = []
            for try await entry in node.tail(from: .first(of: Slot(1))) {
                found.append(entry)
                if found.count == commands.count { break }
            }
            #expect(found.map(\.payload) == commands.map(\.bytes))
            #expect(found.map(\.position) == positions)
        }
        // It waits for what comes, ends when it is cancelled, and fails when the node ends.
        let waiting = Task {
            var tail = nodes[0].tail(from: positions[5].next).makeAsyncIterator()
            return try await tail.next()
        }
        let more = await nodes[1].submit(BankCommand.deposit(account, amount: 9).bytes)
        #expect(try await waiting.value?.position == more.receipt?.position)
        let last = try #require(more.receipt?.position)
        // What leaves the process names its log, and is gone on with in no other, nor beyond its end.
        let bookmark = try #require(more.receipt?.bookmark)
        #expect(await nodes[2].log() == bookmark.log)
        var again = nodes[2].tail(from: bookmark).makeAsyncIterator()
        #expect(try await again.next()?.bookmark == bookmark)
        let other = LogBookmark(log: LogID(rawValue: ~bookmark.log.rawValue), position: last)
        var stranger = nodes[0].tail(from: other).makeAsyncIterator()
        await #expect(throws: TailError.otherLog(wanted: other.log, found: bookmark.log)) {
            try await stranger.next()
        }
        let beyond = LogPosition.first(of: last.slot.advanced(by: 100))
        var lost = nodes[1].tail(from: beyond).makeAsyncIterator()
        await #expect(throws: TailError.beyondEnd(beyond, end: last.slot)) { try await lost.next() }
        let cancelled = Task {
            var tail = nodes[0].tail(from: last.next).makeAsyncIterator()
            return try await tail.next()
        }
        cancelled.cancel()
        #expect(try await cancelled.value == nil)
        let (begun, begin) = AsyncStream<Void>.makeStream()
        let ended = Task {
            var tail = nodes[2].tail(from: last).makeAsyncIterator()
            _ = try await tail.next()
            begin.finish()
            return try await tail.next()
        }
        for await _ in begun {}
        try await cluster.stop([3])
        await #expect(throws: TailError.unanswered(.unreachable(.closed))) { try await ended.value }
        var unknown = nodes[0].tail(from: last, of: GroupID(9)).makeAsyncIterator()
        await #expect(throws: TailError.unanswered(.refused(.unknownGroup))) { try await unknown.next() }
        await cluster.remove()
    }
}
