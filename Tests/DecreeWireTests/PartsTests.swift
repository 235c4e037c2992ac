import DecreeWire
import NIOCore
import Paxos
import Testing

@Suite struct PartsTests {
    func votes(payloadBytes: [Int]) -> [AcceptedProposal] {
        payloadBytes.enumerated().map { index, bytes in
            AcceptedProposal(
                slot: Slot(UInt64(index + 1)), ballot: Samples.lowBallot,
                proposal: Samples.proposal(payloadBytes: bytes))
        }
    }

    @Test func nothingIsOnePart() {
        #expect(AcceptedProposal.parts(of: [], budgetBytes: 100) == [[]])
    }

    @Test(arguments: [1, 57, 58, 59, 100, 116, 117, 1_000, 10_000])
    func partsKeepOrderAndBudget(budgetBytes: Int) {
        let votes = votes(payloadBytes: [0, 0, 10, 500, 0, 3, 0, 900, 1, 1])
        let parts = AcceptedProposal.parts(of: votes, budgetBytes: budgetBytes)
        #expect(parts.flatMap { $0 } == votes)
        for part in parts {
            let bytes = part.reduce(0) { $0 + $1.encodedBytes }
            #expect(bytes <= budgetBytes || part.count == 1)
        }
        for (part, next) in zip(parts, parts.dropFirst()) {
            let bytes = part.reduce(0) { $0 + $1.encodedBytes }
            #expect(bytes + next[next.startIndex].encodedBytes > budgetBytes, "a part is filled")
        }
    }

    @Test func everyPartOfTheLargestPromiseFitsAFrame() throws {
        let large = Samples.proposal(payloadBytes: WireLimit.payloadBytes)
        let votes = (1...9).map {
            AcceptedProposal(slot: Slot($0), ballot: Samples.lowBallot, proposal: large)
        }
        let parts = Promise.parts(
            ballot: Samples.highBallot, chosenThrough: .zero, floor: .zero, accepted: votes)
        #expect(parts.count == 3)
        #expect(parts.flatMap(\.accepted) == votes)
        for (index, part) in parts.enumerated() {
            #expect(part.part == index && part.parts == 3)
            _ = try Samples.encoded(
                .peer(PeerFrame(group: .first, persistSequence: 0, message: .promise(part))))
        }
        let decided = AcceptedProposal.prefix(of: votes[...], budgetBytes: FrameBudget.votesBytes)
        #expect(decided.count == 3)
    }

    @Test func manySmallVotesFillAFrame() throws {
        let votes = (1...200_000).map {
            AcceptedProposal(slot: Slot($0), ballot: Samples.lowBallot, proposal: .noOp)
        }
        let parts = Promise.parts(
            ballot: Samples.lowBallot, chosenThrough: .zero, floor: .zero, accepted: votes)
        #expect(parts.count == 2)
        var buffer = ByteBuffer()
        try Message.promise(parts[0]).write(
            group: .first, persistSequence: 0, version: WireVersion.maximum, into: &buffer)
        var decoder = FrameDecoder.behindHandshake
        decoder.append(buffer)
        #expect(try decoder.next() != nil)
    }
}
