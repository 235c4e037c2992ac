import DecreeClient
import DecreeWire
import Paxos
import Synchronization
import Testing

/// Node 1 does not lead, and says that node 2 does.
extension DecreeClientTests {
    private func follower() -> FakeNode {
        FakeNode(1) { frame in
            switch frame {
            // It does not reach the leader either.
            case .request(let id, _, _), .relay(let id, _, _):
                .answer(.response(id: id, .notLeader(leader: NodeID(2))))
            default: .silence
            }
        }
    }

    @Test func redirectsAreFollowed() async throws {
        let log = FakeLog()
        let leader = FakeNode(2) { .answer(log.answer($0)) }
        let follower = follower()
        try await leader.start()
        try await follower.start()
        let client = client(follower, leader)
        let session = client.session()
        for number in 0..<10 { #expect(isOk(await session.submit(bytes(number)), bytes(number))) }
        await client.close()
        try await leader.stop()
        try await follower.stop()
    }

    /// The pauses between attempts have grown to more than a second while it was down.
    @Test(.timeLimit(.minutes(1))) func aLeaderThatWasDownForLongIsReachedAtOnce() async throws {
        let log = FakeLog()
        let leader = FakeNode(2) { .answer(log.answer($0)) }
        let follower = follower()
        try await leader.start()
        try await follower.start()
        let client = client(follower, leader)
        let session = client.session()
        #expect(isOk(await session.submit([1]), [1]))
        try await leader.stop()
        // Refuses eight times: the ninth attempt comes a second later at least.
        let deaf = FakeNode(2, refusals: .max) { _ in .silence }
        deaf.address.withLock { $0 = leader.port }
        try await deaf.start()
        while deaf.connectionCount < 8 { try await Task.sleep(for: .milliseconds(5)) }
        try await deaf.stop()
        try await leader.start()
        let start = ContinuousClock.now
        #expect(isOk(await session.submit([2]), [2]))
        #expect(ContinuousClock.now - start < .milliseconds(700))
        await client.close()
        try await leader.stop()
        try await follower.stop()
    }
}
