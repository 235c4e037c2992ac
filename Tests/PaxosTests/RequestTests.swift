import Testing

@testable import Paxos

/// What a leader answers before a request enters the log.
@Suite struct RequestTests {
    private func leading(limits: Limits = TestCluster.shortTimes) -> SoloGroup {
        let solo = SoloGroup(voters: 1, limits: limits)
        solo.tick()
        #expect(solo.group.isLeading)
        return solo
    }

    private func session(of solo: SoloGroup) -> TestSession {
        guard case .opened(let id)? = solo.answer(to: .openSession) else {
            return TestSession(id: SessionID(rawValue: 0))
        }
        return TestSession(id: id)
    }

    @Test func aFollowerRefuses() {
        let solo = SoloGroup()
        for request in [.openSession, TestCluster.read()] as [ClientRequest] {
            #expect(solo.answer(to: request) == .notLeader(leader: nil))
        }
        #expect(
            solo.answer(to: TestCluster.read(.stale))
                == .answered(.ok(ListMachine.number(0)), executedThrough: .zero, consistency: .stale))
    }

    @Test func whatNoNodeWouldTakeIsRefusedForGood() {
        let solo = leading()
        let session = session(of: solo)
        let table: [(sequence: UInt64, first: UInt64)] = [(0, 0), (0, 1), (1, 0), (1, 2), (1_025, 1)]
        for (sequence, first) in table {
            let ticket = solo.ask(session.command("x", sequence: sequence, firstUnacknowledged: first))
            #expect(solo.responses[ticket] == .refused(.outsideWindow), "\(sequence) from \(first)")
        }
        let large = ClientRequest.query(
            payload: Array(repeating: 0, count: (1 << 20) + 1)[...], consistency: .stale)
        #expect(solo.answer(to: large) == .refused(.tooLarge))
    }

    @Test func aRetryIsAnsweredWithoutASlot() {
        let solo = leading()
        let session = session(of: solo)
        let first = solo.ask(session.command("x", sequence: 1))
        let through = solo.group.chosenThrough
        let again = solo.ask(session.command("x", sequence: 1))
        #expect(solo.responses[again] == solo.responses[first])
        #expect(solo.group.chosenThrough == through)
    }

    @Test func aSessionThatWasNeverOpenedIsExpired() {
        let solo = leading()
        _ = session(of: solo)
        let unknown = TestSession(id: SessionID(openedAt: LogPosition(slot: Slot(1), index: 7)))
        let through = solo.group.chosenThrough
        #expect(solo.answer(to: unknown.command("x", sequence: 1)) == .sessionExpired)
        #expect(solo.group.chosenThrough == through, "that took no slot")
    }

    /// A deposed leader that does not know it yet lacks the session's opening: it may not call it unknown.
    @Test func aSessionOpenedBeyondThisNodesLogIsNotSaidToBeExpired() {
        let solo = SoloGroup()
        let ballot = solo.lead()
        let elsewhere = TestSession(id: SessionID(openedAt: LogPosition(slot: Slot(5), index: 0)))
        let ticket = solo.ask(elsewhere.command("x", sequence: 1))
        #expect(solo.responses[ticket] == nil)
        // Nor does it come to be executed if this node leads after all: the log has the last word.
        solo.accepted(ballot, 1, through: 1, from: 2)
        #expect(solo.responses[ticket] == .sessionExpired)
    }

    /// What is read for clients is held in memory: however many ask, a few wait at a time. Peers, who catch up, do not
    /// wait for them.
    @Test(
        arguments: [
            { (number: UInt64) in AdminRequest.readSlots(from: Slot(number)) },
            { number in
                let header = SnapshotHeader(
                    slot: Slot(2), chain: .zero, byteCount: 9 << 16, digest: .zero)
                return .readChunks(header, from: UInt32(number))
            },
        ] as [@Sendable (UInt64) -> AdminRequest])
    func oneReadTooManyIsToBeAskedForAgain(request: @Sendable (UInt64) -> AdminRequest) {
        var group = SoloGroup(chosen: (1...9).map { AcceptedProposal($0, Ballot(3, 2), .sessions(1)) }).group
        var step = Step()
        for number in 1...UInt64(Step.maximumClientReads) + 2 {
            group.handle(.request(Ticket(rawValue: number), .admin(request(number))), into: &step)
        }
        #expect(step.reads.count == Step.maximumClientReads)
        let refused = step.takeResponses()
        #expect(refused.map(\.0.rawValue) == [5, 6])
        #expect(refused.map(\.1) == [.busy, .busy])
        group.handle(.message(.fetch(Fetch(from: Slot(1), through: Slot(3))), from: NodeID(2)), into: &step)
        #expect(step.reads.last?.to == .node(NodeID(2)))
        // The next step has room again.
        #expect(step.takeReads().count == Step.maximumClientReads + 1)
        group.handle(.request(Ticket(rawValue: 7), .admin(request(7))), into: &step)
        #expect(step.reads.count == 1)
    }
}
