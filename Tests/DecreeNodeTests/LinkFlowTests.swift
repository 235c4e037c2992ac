import Testing

@testable import DecreeNode
@testable import Paxos

/// What is bulky waits for its turn, and nothing that waits, or is on its way, is sent twice.
@Suite struct LinkFlowTests {
    private let ballot = Ballot(round: 1, node: NodeID(1))
    private let kibibyte = 1 << 10

    /// A flow to a peer that tells what has come.
    private func flow() -> LinkFlow { LinkFlow(isCounted: true, atTick: 0) }

    private func take(
        _ slot: UInt64, bytes: Int, in flow: inout LinkFlow, ballot: Ballot? = nil, chosenThrough: UInt64 = 0,
        atTick tick: UInt64 = 0
    ) {
        let accept = Accept(
            ballot: ballot ?? self.ballot, slot: Slot(slot), proposal: .noOp,
            chosenThrough: Slot(chosenThrough))
        flow.take(.accept(accept), in: .first, bytes: bytes, atTick: tick)
    }

    private func slots(_ released: [LinkFlow.Bulk]) -> [UInt64] {
        released.compactMap { bulk in
            if case .accept(let accept) = bulk.message { accept.slot.rawValue } else { nil }
        }
    }

    @Test func withoutReceiptsAllLeavesAtOnce() {
        var flow = LinkFlow(isCounted: false, atTick: 0)
        for slot: UInt64 in 1...3 { take(slot, bytes: 1 << 20, in: &flow) }
        let released = flow.release(atTick: 0)
        #expect(slots(released) == [1, 2, 3])
        #expect(released.allSatisfy { $0.sent == 0 })
        #expect(flow.limit(Slot(3), of: ballot, in: .first) == Slot(3))
    }

    @Test func theWindowOpensAsWhatIsSentComes() {
        var flow = flow()
        for slot: UInt64 in 1...100 { take(slot, bytes: 16 * kibibyte, in: &flow) }
        var released = flow.release(atTick: 0)
        #expect(slots(released) == [1, 2])
        #expect(released.map(\.sent) == [16 << 10, 32 << 10])
        #expect(flow.release(atTick: 0).isEmpty)
        var rounds = 0
        while flow.queuedBytes > 0, let last = released.last {
            rounds += 1
            flow.received(last.sent, atTick: UInt64(rounds))
            released = flow.release(atTick: UInt64(rounds))
            #expect(!released.isEmpty)
        }
        // It doubles with each round trip.
        #expect(rounds <= 6)
    }

    @Test func oneThatIsLargerThanTheWindowGoesAlone() {
        var flow = flow()
        take(1, bytes: 1 << 20, in: &flow)
        take(2, bytes: 8 * kibibyte, in: &flow)
        #expect(slots(flow.release(atTick: 0)) == [1])
        flow.received(1 << 20, atTick: 40)
        #expect(slots(flow.release(atTick: 40)) == [2])
    }

    /// Sends as much as may leave over a link that takes `rate` bytes a tick; returns the most that was on its way at the end
    /// of the time.
    private func most(
        onItsWay flow: inout LinkFlow, _ ticks: Range<UInt64>, rate: Int, counted last: UInt64,
        link: inout (bytes: Int, arrived: UInt64, slot: UInt64)
    ) -> Int {
        var most = 0
        for tick in ticks {
            while flow.queuedBytes < 1 << 20 {
                link.slot += 1
                take(link.slot, bytes: 16 * kibibyte, in: &flow, chosenThrough: link.slot - 1, atTick: tick)
            }
            link.bytes += flow.release(atTick: tick).reduce(0) { $0 + $1.bytes }
            let passed = min(link.bytes, rate)
            // It is never idle once it has begun.
            if tick > ticks.lowerBound + 30 { #expect(passed == rate) }
            link.bytes -= passed
            link.arrived += UInt64(passed)
            flow.received(link.arrived, atTick: tick)
            if tick + last >= ticks.upperBound { most = max(most, flow.bytesInFlight) }
        }
        return most
    }

    /// On a link that takes 25 KiB a tick no more than some tenths of a second's worth is on its way.
    @Test func theWindowFollowsTheLink() {
        var flow = flow()
        var link = (bytes: 0, arrived: UInt64(0), slot: UInt64(0))
        let rate = 25 * kibibyte
        let most = most(onItsWay: &flow, 0..<1_000, rate: rate, counted: 900, link: &link)
        #expect(most < 30 * rate, "\(most)")
        #expect(most > 5 * rate, "\(most)")
    }

    /// Also not where it took eight times as much before.
    @Test func theWindowFollowsALinkThatBecomesSlower() {
        var flow = flow()
        var link = (bytes: 0, arrived: UInt64(0), slot: UInt64(0))
        let rate = 25 * kibibyte
        let before = most(onItsWay: &flow, 0..<300, rate: 8 * rate, counted: 100, link: &link)
        #expect(before > 40 * rate, "\(before)")
        let after = most(onItsWay: &flow, 300..<1_200, rate: rate, counted: 100, link: &link)
        #expect(after < 30 * rate, "\(after)")
    }

    @Test func whatIsUnderwayIsNotSentTwice() {
        var flow = flow()
        take(1, bytes: 8 * kibibyte, in: &flow)
        take(1, bytes: 8 * kibibyte, in: &flow)
        #expect(slots(flow.release(atTick: 0)) == [1])
        take(1, bytes: 8 * kibibyte, in: &flow, atTick: 20)
        #expect(flow.release(atTick: 20).isEmpty, "it is on its way")
        flow.received(8 << 10, atTick: 21)
        take(1, bytes: 8 * kibibyte, in: &flow, atTick: 40)
        #expect(flow.release(atTick: 40).isEmpty, "it has just come")
        take(1, bytes: 8 * kibibyte, in: &flow, atTick: 71)
        #expect(slots(flow.release(atTick: 71)) == [1], "there was no room for it")
        flow.received(16 << 10, atTick: 72)
        take(1, bytes: 8 * kibibyte, in: &flow, atTick: 130)
        #expect(flow.release(atTick: 130).isEmpty, "longer each time")
        take(1, bytes: 8 * kibibyte, in: &flow, atTick: 172)
        #expect(slots(flow.release(atTick: 172)) == [1])
        // Another leader's is another matter.
        take(1, bytes: 8 * kibibyte, in: &flow, ballot: Ballot(round: 2, node: NodeID(2)), atTick: 172)
        #expect(slots(flow.release(atTick: 172)) == [1])
    }

    @Test func aNewConnectionHasLostEverything() {
        var flow = flow()
        take(1, bytes: 8 * kibibyte, in: &flow)
        _ = flow.release(atTick: 0)
        flow = LinkFlow(isCounted: true, atTick: 5)
        take(1, bytes: 8 * kibibyte, in: &flow, atTick: 5)
        #expect(flow.release(atTick: 5).map(\.sent) == [8 << 10])
    }

    @Test func whatNobodySpeaksOfIsLost() {
        var flow = flow()
        take(1, bytes: 32 * kibibyte, in: &flow)
        take(2, bytes: 32 * kibibyte, in: &flow)
        #expect(slots(flow.release(atTick: 0)) == [1])
        flow.tick(atTick: 99)
        #expect(flow.release(atTick: 99).isEmpty)
        flow.tick(atTick: 100)
        #expect(slots(flow.release(atTick: 100)) == [2])
        take(1, bytes: 32 * kibibyte, in: &flow, atTick: 100)
        flow.tick(atTick: 200)
        #expect(flow.release(atTick: 200).isEmpty, "longer each time")
        // A late word counts for what it names.
        flow.received(64 << 10, atTick: 201)
        #expect(slots(flow.release(atTick: 201)) == [1])
    }

    @Test func anAnswerInSeveralChunksFindsRoom() {
        var flow = LinkFlow(isCounted: true, bulkyBytes: 1, atTick: 0)
        var bytes: UInt64 = 0
        for _ in 0..<SnapshotHeader.chunksAtOnce {
            flow.take(
                .decisions(Decisions(decided: [], chosenThrough: .zero)), in: .first,
                bytes: SnapshotHeader.chunkBytes, atTick: 0)
        }
        for tick: UInt64 in 1...UInt64(SnapshotHeader.chunksAtOnce) {
            #expect(flow.release(atTick: tick).count == 1)
            bytes += UInt64(SnapshotHeader.chunkBytes)
            flow.received(bytes, atTick: tick)
        }
    }

    @Test func whatFindsNoRoomIsDropped() {
        var flow = flow()
        for slot: UInt64 in 1...40 { take(slot, bytes: 1 << 20, in: &flow) }
        #expect(flow.queuedBytes == 16 << 20)
        flow.take(.decisions(Decisions(decided: [], chosenThrough: .zero)), in: .first, bytes: 1, atTick: 0)
        #expect(flow.queuedBytes == 16 << 20)
    }

    /// The peer would ask for what is on its way to it.
    @Test func theSlotsOfWhatIsUnderwayAreNotSaidToBeChosen() {
        var flow = flow()
        for slot: UInt64 in 4...5 { take(slot, bytes: 20 * kibibyte, in: &flow) }
        #expect(slots(flow.release(atTick: 0)) == [4])
        #expect(flow.limit(Slot(5), of: ballot, in: .first) == Slot(3))
        #expect(flow.limit(Slot(2), of: ballot, in: .first) == Slot(2))
        #expect(flow.limit(Slot(5), of: Ballot(round: 2, node: NodeID(1)), in: .first) == Slot(5))
        flow.received(20 << 10, atTick: 1)
        #expect(flow.limit(Slot(5), of: ballot, in: .first) == Slot(4))
        _ = flow.release(atTick: 1)
        flow.received(40 << 10, atTick: 2)
        #expect(flow.limit(Slot(5), of: ballot, in: .first) == Slot(5))
        #expect(!flow.isUnderway)
    }
}
