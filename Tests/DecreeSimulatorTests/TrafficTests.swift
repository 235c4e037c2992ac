import Paxos
import Testing

@testable import DecreeSimulator

/// What crosses links where nothing is lost (invariant SentOnce).
@Suite struct TrafficTests {
    private let value = Proposal(bytes: [UInt8](repeating: 0, count: 10_000))

    private func accept(_ slot: UInt64, round: UInt64 = 1) -> Message {
        .accept(
            Accept(
                ballot: Ballot(round: round, node: NodeID(1)), slot: Slot(slot), proposal: value,
                chosenThrough: .zero))
    }

    private func decision(_ slot: UInt64) -> Message {
        let decided = AcceptedProposal(
            slot: Slot(slot), ballot: Ballot(round: 1, node: NodeID(1)), proposal: value)
        return .decisions(Decisions(decided: [decided], chosenThrough: Slot(slot)))
    }

    private func traffic(_ messages: [Message]) -> Traffic {
        var traffic = Traffic(bulkyBytes: 4_096)
        for message in messages {
            for peer in 1...2 { traffic.sees(message, in: .first, to: peer) }
        }
        return traffic
    }

    @Test func whatIsSentOnceToEachIsNoFlaw() {
        let traffic = traffic((1...10).map { accept($0) } + (11...20).map(decision))
        #expect(traffic.sent == 400_000 && traffic.needed == 400_000 && traffic.flaw == nil)
    }

    @Test func aValueIsNeededInEachBallot() {
        let traffic = traffic((1...10).flatMap { [accept($0), accept($0, round: 2)] })
        #expect(traffic.needed == 400_000 && traffic.flaw == nil)
    }

    @Test func whatIsSentAgainIsAFlaw() throws {
        let repeated = traffic((1...10).flatMap { [accept($0), accept($0)] })
        #expect(try #require(repeated.flaw).hasPrefix("SentOnce: 400000 bytes"))
        let fetched = traffic((1...10).flatMap { [accept($0), decision($0)] })
        #expect(fetched.needed == 200_000 && fetched.flaw != nil)
    }
}
