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

    /// Each part tells of the slots behind the one before, the last of all that follow.
    @Test func partsLeaveOutNoSlot() {
        let prepare = Prepare(ballot: Samples.highBallot, firstOpen: Slot(5), attempt: 3)
        let votes = [7, 9, 12].map {
            AcceptedProposal(slot: Slot($0), ballot: Samples.lowBallot, proposal: .noOp)
        }
        for (budgetBytes, ranges) in [
            (1, [5...7, 8...9, 10...Slot.maximum.rawValue]), (60, [5...9, 10...Slot.maximum.rawValue]),
            (1_000, [5...Slot.maximum.rawValue]),
        ] as [(Int, [ClosedRange<UInt64>])] {
            let parts = Promise.parts(
                answering: prepare, chosenThrough: Slot(4), floor: .zero, accepted: votes,
                budgetBytes: budgetBytes)
            #expect(
                parts.map(\.scope)
                    == ranges.map {
                        PromiseScope(
                            firstOpen: Slot(5), attempt: 3, from: Slot($0.lowerBound),
                            through: Slot($0.upperBound))
                    })
        }
        let silent = Promise.parts(
            answering: prepare, chosenThrough: Slot(4), floor: .zero, accepted: [])
        #expect(silent.map(\.scope?.through) == [.maximum])
    }

    @Test func everyPartOfTheLargestPromiseFitsAFrame() throws {
        let large = Samples.proposal(payloadBytes: WireLimit.payloadBytes)
        let votes = (1...9).map {
            AcceptedProposal(slot: Slot($0), ballot: Samples.lowBallot, proposal: large)
        }
        let parts = Promise.parts(
            answering: Prepare(ballot: Samples.highBallot, firstOpen: Slot(1)), chosenThrough: .zero,
            floor: .zero, accepted: votes)
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
            answering: Prepare(ballot: Samples.lowBallot, firstOpen: Slot(1)), chosenThrough: .zero,
            floor: .zero, accepted: votes)
        #expect(parts.count == 2)
        var buffer = ByteBuffer()
        try Message.promise(parts[0]).write(
            group: .first, persistSequence: 0, version: WireVersion.maximum, into: &buffer)
        var decoder = FrameDecoder.behindHandshake
        decoder.append(buffer)
        #expect(try decoder.next() != nil)
    }
}
