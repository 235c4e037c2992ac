import Testing

@testable import Paxos

/// Whatever a peer sends that passes the wire, it ends no node, and makes it store and count up from nothing that could
/// end it later. (What is the machine's own, two different states after one slot, ends a node at once, as it should.)
@Suite struct HostileFramesTests {
    private static let highest = Ballot(round: Ballot.maximumRound, node: NodeID(2))
    private static let high = Ballot(round: Ballot.highestToldRound, node: NodeID(2))
    private static let header = SnapshotHeader(
        slot: .maximum, chain: .zero, byteCount: 1 << 40, digest: .zero)
    /// A batch that ends in the middle of an entry.
    private static let torn = Proposal(bytes: [1, 1, 0, 0])

    // MARK: One of each

    static let messages: [Message] = [
        .preVote(PreVote(ballot: highest, chosenThrough: .maximum)),
        .preVoteReply(
            PreVoteReply(ballot: highest, isGranted: true, promised: highest, chosenThrough: .maximum)),
        .prepare(Prepare(ballot: highest, firstOpen: .maximum, attempt: .max)),
        .promise(
            Promise(
                ballot: highest, part: .max - 1, parts: .max, chosenThrough: .maximum, floor: .maximum,
                scope: PromiseScope(
                    firstOpen: .maximum, attempt: .max, from: .maximum, through: .maximum),
                accepted: [AcceptedProposal(slot: .maximum, ballot: highest, proposal: torn)])),
        .accept(Accept(ballot: highest, slot: .maximum, proposal: torn, chosenThrough: .maximum)),
        .accept(Accept(ballot: high, slot: Slot(1), proposal: torn, chosenThrough: .zero)),
        .accepted(Accepted(ballot: highest, from: Slot(1), through: .maximum)),
        .accepted(Accepted(ballot: high, from: .maximum, through: Slot(1))),
        .rejection(Rejection(ballot: highest, promised: highest)),
        .heartbeat(Heartbeat(ballot: highest, round: .max, chosenThrough: .maximum)),
        .heartbeat(
            Heartbeat(
                ballot: high, round: .max, chosenThrough: Slot.highestTold,
                checkpoint: StateCheckpoint(slot: Slot(65_536), chain: .zero, state: .zero))),
        .heartbeatReply(
            HeartbeatReply(
                ballot: highest, round: .max, executedThrough: .maximum, commitMicroseconds: .max,
                abstainThrough: .maximum)),
        .fetch(Fetch(from: Slot(1), through: .maximum)), .fetch(Fetch(from: .maximum, through: Slot(1))),
        .decisions(
            Decisions(
                decided: [AcceptedProposal(slot: Slot(1), ballot: highest, proposal: torn)],
                chosenThrough: .maximum)),
        .decisions(
            Decisions(
                decided: [AcceptedProposal(slot: Slot(1), ballot: high, proposal: torn)],
                chosenThrough: Slot(1))),
        .handover(Handover(ballot: highest)),
        .snapshotOffer(SnapshotOffer(header: header, chosenThrough: .maximum)),
        .snapshotOffer(
            SnapshotOffer(
                header: SnapshotHeader(slot: Slot(9), chain: .zero, byteCount: .max, digest: .zero),
                chosenThrough: Slot(9))),
        .fetchSnapshot(FetchSnapshot(header: header, from: .max)),
        .snapshotChunk(SnapshotChunk(header: header, index: .max, bytes: [])),
    ]

    private func group(leading isLeading: Bool) -> (SoloGroup, Ballot) {
        let solo = SoloGroup(
            votes: RecoveredVotes(
                promised: Ballot(1, 2), accepted: [AcceptedProposal(2, Ballot(1, 2), .sessions(2))]))
        let ballot = isLeading ? solo.lead() : .zero
        if isLeading { solo.accepted(ballot, 1, through: 1, from: 2) }
        return (solo, ballot)
    }

    @Test(arguments: messages.indices)
    func aFrameEndsNoNode(_ index: Int) {
        for isLeading in [false, true] {
            let (solo, _) = group(leading: isLeading)
            solo.receive(Self.messages[index], from: 2)
            solo.endTurn()
            // Whatever it was told, it goes on, and finds ballots of its own.
            solo.tick(300)
            #expect(solo.group.highestSeen.round <= Ballot.highestToldRound + 300)
            #expect(solo.group.acceptor.promised.round <= Ballot.highestToldRound + 300)
            #expect(solo.group.chosenThrough < Slot(100))
        }
    }

    // MARK: Lies

    @Test func aSecondValueInOneBallotIsRefused() {
        let (solo, _) = group(leading: false)
        let ballot = Ballot(3, 2)
        func accept(_ proposal: Proposal) -> Message {
            .accept(Accept(ballot: ballot, slot: Slot(1), proposal: proposal, chosenThrough: .zero))
        }
        solo.receive(accept(.sessions(1)), from: 2)
        let rows = solo.rows.count
        solo.receive(accept(.sessions(2)), from: 2)
        #expect(solo.rows.count == rows)
        #expect(solo.group.acceptor.vote(in: Slot(1))?.value == .sessions(1))
        #expect(solo.takeContradiction() == "node 2 proposes two values in slot 1, ballot 3.2")
        #expect(solo.takeContradiction() == nil)
    }

    @Test func aPromiseThatContradictsAnotherDoesNotCount() {
        let solo = SoloGroup(voters: 5)
        let ballot = solo.campaign()
        let vote = AcceptedProposal(1, Ballot(1, 2), .sessions(1))
        solo.promise(ballot, from: 2, accepted: [vote])
        solo.promise(ballot, from: 3, accepted: [AcceptedProposal(1, Ballot(1, 2), .sessions(2))])
        #expect(solo.group.leader == nil)
        #expect(solo.takeContradiction()?.hasPrefix("node 3 reports a vote in slot 1") == true)
        solo.promise(ballot, from: 4, accepted: [vote])
        #expect(solo.group.leader != nil)
    }

    @Test func aDecisionThatCannotBeIsRefused() {
        let (voter, _) = group(leading: false)
        let vote = Accept(ballot: Ballot(3, 2), slot: Slot(1), proposal: .sessions(1), chosenThrough: .zero)
        voter.receive(.accept(vote), from: 2)
        voter.decide([AcceptedProposal(1, Ballot(2, 3), .sessions(9))], chosenThrough: 1, from: 3)
        #expect(voter.group.chosenThrough == .zero)
        #expect(voter.takeContradiction() != nil)
        // In a higher ballot than that of its vote, it may be.
        voter.decide([AcceptedProposal(1, Ballot(4, 3), .sessions(9))], chosenThrough: 1, from: 3)
        #expect(voter.group.chosenThrough == Slot(1))
        #expect(voter.takeContradiction() == nil)

        let leader = SoloGroup()
        let ballot = leader.lead(accepted: [AcceptedProposal(1, Ballot(1, 2), .sessions(1))])
        #expect(leader.group.isLeading)
        leader.decide([AcceptedProposal(1, ballot, .sessions(9))], chosenThrough: 1, from: 3)
        #expect(leader.group.chosenThrough == .zero)
        #expect(leader.takeContradiction() != nil)
    }

    // MARK: Anything

    /// Messages of all kinds with extreme and ordinary values, to a node that follows, leads, changes its members, and is
    /// told snapshots.
    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func noMixOfFramesEndsANode(seed: UInt64) {
        var frames = HostileFrames(seed: seed)
        let solo = SoloGroup(alpha: [1, 4, 256][Int(seed % 3)])
        if seed % 2 == 0 { frames.ballot = solo.lead() }
        for number in 0..<400 {
            solo.receive(frames.next(), from: frames.sender)
            if number % 7 == 0 { solo.tick(Int(seed % 5)) }
            if number % 31 == 0 { _ = solo.ask(.openSession) }
            if let own = solo.group.leader?.ballot ?? solo.group.scout?.ballot { frames.ballot = own }
            frames.chosenThrough = solo.group.chosenThrough
            _ = solo.takeSent()
        }
        solo.tick(100)
        #expect(solo.group.highestSeen.round < Ballot.maximumRound)
    }
}

/// Draws frames that the wire would let pass.
struct HostileFrames {
    private var random: SeededGenerator
    /// What the node under test is about, so that now and then a frame is taken seriously.
    var ballot = Ballot(2, 1)
    var chosenThrough = Slot.zero
    private(set) var sender: UInt16 = 2

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func next() -> Message {
        sender = UInt16.random(in: 2...4, using: &random)
        switch Int.random(in: 0..<15, using: &random) {
        case 0: return .preVote(PreVote(ballot: theirs(), chosenThrough: bound()))
        case 1:
            return .preVoteReply(
                PreVoteReply(
                    ballot: anybodys(), isGranted: .random(using: &random), promised: anybodys(),
                    chosenThrough: bound()))
        case 2: return .prepare(Prepare(ballot: theirs(), firstOpen: slot(), attempt: count()))
        case 3:
            let parts = max(1, count())
            return .promise(
                Promise(
                    ballot: anybodys(), part: .random(in: 0..<parts, using: &random), parts: parts,
                    chosenThrough: bound(), floor: bound(), scope: scope(), accepted: votes()))
        case 4:
            return .accept(
                Accept(ballot: theirs(), slot: slot(), proposal: proposal(), chosenThrough: bound()))
        case 5: return .accepted(Accepted(ballot: anybodys(), from: slot(), through: slot()))
        case 6: return .rejection(Rejection(ballot: anybodys(), promised: anybodys()))
        case 7: return .heartbeat(Heartbeat(ballot: theirs(), round: round(), chosenThrough: bound()))
        case 8:
            return .heartbeatReply(
                HeartbeatReply(
                    ballot: anybodys(), round: round(), executedThrough: bound(),
                    commitMicroseconds: count(), abstainThrough: bound()))
        case 9: return .fetch(Fetch(from: slot(), through: slot()))
        case 10: return .decisions(Decisions(decided: decided(), chosenThrough: bound()))
        case 11: return .handover(Handover(ballot: theirs()))
        case 12: return .snapshotOffer(SnapshotOffer(header: header(), chosenThrough: bound()))
        case 13: return .fetchSnapshot(FetchSnapshot(header: header(), from: count()))
        default: return .snapshotChunk(SnapshotChunk(header: header(), index: count(), bytes: [0]))
        }
    }

    private mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int.random(in: values.indices, using: &random)]
    }

    private mutating func theirs() -> Ballot {
        let near = ballot.round + UInt64.random(in: 0...2, using: &random)
        let round = pick([
            1, near, near, near, Ballot.highestToldRound, Ballot.highestToldRound + 1, Ballot.maximumRound,
        ])
        // The ordinary ones most of the time: a node that has promised the highest takes no other seriously.
        return Ballot(
            round: Int.random(in: 0..<20, using: &random) > 0 ? min(round, near) : round, node: NodeID(sender)
        )
    }

    private mutating func anybodys() -> Ballot { Bool.random(using: &random) ? ballot : theirs() }

    private mutating func slot() -> Slot {
        let near = chosenThrough.rawValue + UInt64.random(in: 1...5, using: &random)
        return Slot(pick([1, near, near, near, near, Slot.highestTold.rawValue, Slot.maximum.rawValue]))
    }

    private mutating func bound() -> Slot { pick([.zero, chosenThrough, chosenThrough, slot()]) }
    private mutating func round() -> UInt64 { pick([0, 1, 5, .max]) }
    private mutating func count() -> UInt32 { pick([0, 1, 2, 3, 1 << 16, .max]) }

    private mutating func scope() -> PromiseScope? {
        guard Bool.random(using: &random) else { return nil }
        let from = slot()
        return PromiseScope(
            firstOpen: pick([from, chosenThrough.next]), attempt: pick([0, 0, 1, .max]), from: from,
            through: pick([from, .maximum, .maximum]))
    }

    private mutating func proposal() -> Proposal {
        var builder = ProposalBuilder()
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return .noOp
        case 1: return Proposal(bytes: [1, UInt8.random(in: 0...9, using: &random)])
        case 2: builder.append(.change(.remove(NodeID(UInt16.random(in: 1...5, using: &random)))))
        case 3: builder.append(.change(.promote(NodeID(4))))
        case 4:
            builder.append(
                .change(.add(node: NodeID(4), role: .joining(replacing: nil), store: nil, address: "a:1")))
        case 5:
            builder.append(
                .command(
                    session: SessionID(rawValue: 1 << 20), sequence: round(), firstUnacknowledged: round(),
                    payload: [1]))
        case 6:
            builder.append(
                .batch(
                    session: SessionID(rawValue: round()), sequence: 1, firstUnacknowledged: 1, payload: [9]))
        default: builder.append(.openSession)
        }
        return builder.build()
    }

    private mutating func vote(_ slot: Slot) -> AcceptedProposal {
        AcceptedProposal(slot: slot, ballot: theirs(), proposal: proposal())
    }

    private mutating func votes() -> [AcceptedProposal] {
        let slots = (0..<Int.random(in: 0...3, using: &random)).map { _ in slot() }
        return Set(slots).sorted().map { vote($0) }
    }

    private mutating func decided() -> [AcceptedProposal] {
        let first = slot()
        let count = Int.random(in: 0...3, using: &random)
        return (0..<count).compactMap { Slot(rawValue: first.rawValue + UInt64($0)) }.map { vote($0) }
    }

    private mutating func header() -> SnapshotHeader {
        SnapshotHeader(
            slot: slot(), chain: .zero, byteCount: pick([1, 100_000, 1 << 40, .max]), digest: .zero)
    }
}
