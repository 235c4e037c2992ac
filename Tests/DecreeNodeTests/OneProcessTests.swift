import Testing

@testable import DecreeNode
@testable import DecreeStore
@testable import DecreeWire
@testable import Paxos

/// Invariant 26, OneProcess: node 1 meets processes that all say they are node 3.
@Suite struct OneProcessTests {
    let three = NodeID(3)

    func start(_ incarnation: UInt64, _ process: UInt64, at beganAt: PersistSequence = 0) -> NodeStart {
        NodeStart(incarnation: incarnation, process: process, beganAt: beganAt)
    }

    func connection(_ number: UInt64) -> ConnectionID { ConnectionID(rawValue: number) }

    func hello(
        _ node: NodeFixture, _ starts: [NodeStart], isVoting: Bool = false, at sequence: PersistSequence = 0
    ) -> Hello {
        var identity = node.core.identity
        identity.node = three
        identity.store = StoreID(rawValue: 300)
        identity.persistSequence = sequence
        identity.starts = starts
        identity.isVoting = isVoting
        return Hello(from: identity, to: NodeID(1), witnessed: nil, address: "three:1")
    }

    func isAdmitted(_ node: NodeFixture, _ number: UInt64) -> Bool {
        if case .admitted = node.answers[connection(number)] { true } else { false }
    }

    func refusal(_ node: NodeFixture, _ number: UInt64) -> HelloRefusal? {
        if case .refused(let refusal, _) = node.answers[connection(number)] { refusal } else { nil }
    }

    /// The number that a process was asked with whether it lives.
    func asked(_ node: NodeFixture, on number: UInt64) -> UInt64? {
        node.told.compactMap { told -> UInt64? in
            guard told.connection == connection(number), case .probe(let nonce, _) = told.frame else {
                return nil
            }
            return nonce
        }.last
    }

    func isWitnessed(_ node: NodeFixture, _ start: NodeStart, on number: UInt64) -> Bool {
        node.told.contains {
            guard $0.connection == connection(number), case .witnessed(start, _) = $0.frame else {
                return false
            }
            return true
        }
    }

    @Test func aStartIsWitnessedWhenItIsDurable() throws {
        let node = try NodeFixture()
        let first = start(1, 10)
        node.core.answer(hello(node, [first]), on: connection(1))
        #expect(isAdmitted(node, 1) && !isWitnessed(node, first, on: 1))
        // Others are told at once.
        #expect(
            node.told.contains {
                guard $0.peer == NodeID(2), case .seen(let told) = $0.frame else { return false }
                return told.contains { $0.node == three && $0.seen == SeenStart(first, isVoting: false) }
            })
        node.core.endTurn()
        #expect(node.isDiskBusy && !isWitnessed(node, first, on: 1))
        node.doJob()
        #expect(isWitnessed(node, first, on: 1))
        #expect(try node.store.witnesses().first { $0.node == three }?.seen?.start == first)
        // It is told again until it is known to vote: what is said once may be lost.
        node.forgetTold()
        node.tick(25)
        #expect(isWitnessed(node, first, on: 1))
        // A new connection of the same process supersedes the older.
        node.forgetTold()
        node.core.answer(hello(node, [first]), on: connection(2))
        #expect(isAdmitted(node, 2) && node.closed == [connection(1)] && isWitnessed(node, first, on: 2))
        node.core.receive(.seen([]), from: three, on: connection(1))
    }

    /// A copy that is not let in may have met a copy of this very node: that is not heeded.
    @Test func whatWhoIsRefusedSawIsNotHeeded() throws {
        let node = try NodeFixture()
        let original = start(1, 10)
        node.core.answer(hello(node, [original], isVoting: true), on: connection(1))
        var copy = hello(node, [original, start(2, 20)])
        copy.witnessed = Witness(
            store: node.core.identity.store, persistSequence: 1_000,
            seen: SeenStart(start(9, 90), isVoting: true))
        node.core.answer(copy, on: connection(2))
        let nonce = try #require(asked(node, on: 1))
        node.core.receive(.alive(nonce: nonce, isVoting: true), from: three, on: connection(1))
        #expect(refusal(node, 2) == .anotherProcess)
        #expect(node.core.failure == nil)
        // A process that is let in is believed.
        node.mayFail = true
        var known = hello(node, [original], isVoting: true)
        known.witnessed = copy.witnessed
        node.core.answer(known, on: connection(3))
        #expect(node.core.failure != nil && !isAdmitted(node, 3))
    }

    /// Its file has node 1's address for that of another: where it is reached itself is worth knowing all the same.
    @Test func whoLooksForAnotherIsHeardOf() throws {
        let node = try NodeFixture()
        var lost = hello(node, [start(1, 10)])
        lost.receiver = NodeID(2)
        node.core.answer(lost, on: connection(1))
        #expect(refusal(node, 1) == .wrongNode)
        #expect(node.core.nextAddress(of: three) == "three:1")
        // Of another cluster it is not.
        lost.genesis = Digest(rawValue: 5)
        lost.address = "elsewhere:1"
        node.core.answer(lost, on: connection(2))
        #expect(node.core.nextAddress(of: three) == "three:1")
    }

    @Test func aNodeThatWasStartedAgainIsLetIn() throws {
        let node = try NodeFixture()
        let starts = [start(1, 10), start(2, 20, at: 7)]
        node.core.answer(hello(node, [starts[0]]), on: connection(1))
        node.core.closed(connection(1))
        node.core.answer(hello(node, starts, at: 7), on: connection(2))
        #expect(isAdmitted(node, 2))
        // Its machine died, and no process closed the connection: it does not answer.
        node.core.answer(hello(node, starts + [start(3, 30, at: 8)], at: 8), on: connection(3))
        #expect(node.answers[connection(3)] == nil && asked(node, on: 2) != nil)
        node.tick(Int(InboundPeers.ticksToAnswer) - 1)
        #expect(node.answers[connection(3)] == nil)
        node.tick()
        #expect(isAdmitted(node, 3) && node.closed == [connection(2)])
        // Or it is closed while it is asked.
        node.core.answer(
            hello(node, starts + [start(3, 30, at: 8), start(4, 40, at: 8)], at: 8), on: connection(4))
        #expect(node.answers[connection(4)] == nil)
        node.core.closed(connection(3))
        #expect(isAdmitted(node, 4))
        #expect(node.core.witnesses[three]?.seen?.start == start(4, 40, at: 8))
    }

    /// A copy that was made while the original ran looks like its next start, but that the original lives.
    @Test func aCopyOfOneThatLivesIsRefused() throws {
        let node = try NodeFixture()
        let original = start(1, 10)
        node.core.answer(hello(node, [original], isVoting: true), on: connection(1))
        node.core.answer(hello(node, [original, start(2, 20)]), on: connection(2))
        let nonce = try #require(asked(node, on: 1))
        node.core.receive(.alive(nonce: nonce + 1, isVoting: true), from: three, on: connection(1))
        #expect(node.answers[connection(2)] == nil, "it is no answer to this")
        node.core.receive(.alive(nonce: nonce, isVoting: true), from: three, on: connection(1))
        #expect(refusal(node, 2) == .anotherProcess)
        #expect(node.core.witnesses[three]?.seen == SeenStart(original, isVoting: true))
        #expect(node.notes.contains(.secondProcess(three, original)))
        #expect(node.closed == [])
    }

    /// A process that was asked for another's sake counts on this node again, though that one has gone meanwhile.
    @Test func whoWasAskedIsToldAgain() throws {
        let node = try NodeFixture()
        let original = start(1, 10)
        node.core.answer(hello(node, [original]), on: connection(1))
        node.tick()
        #expect(isWitnessed(node, original, on: 1))
        node.core.answer(hello(node, [original, start(2, 20)]), on: connection(2))
        let nonce = try #require(asked(node, on: 1))
        node.forgetTold()
        node.core.closed(connection(2))
        node.core.receive(.alive(nonce: nonce, isVoting: false), from: three, on: connection(1))
        #expect(
            node.told.contains(
                .init(frame: .witnessed(original, after: nonce), connection: connection(1))))
    }

    /// It comes on another connection before it has answered: it is asked there, when that takes questions.
    @Test func whoComesAgainIsAskedAgain() throws {
        let node = try NodeFixture()
        let original = start(1, 10)
        node.core.answer(hello(node, [original], isVoting: true), on: connection(1))
        node.core.answer(hello(node, [original, start(2, 20)]), on: connection(2))
        node.onTold = { told in
            guard told.connection == self.connection(3) else { return }
            #expect(self.isAdmitted(node, 3), "it has not been let in yet")
        }
        node.core.answer(hello(node, [original], isVoting: true), on: connection(3))
        let nonce = try #require(asked(node, on: 3))
        #expect(node.closed == [connection(1)] && node.answers[connection(2)] == nil)
        node.core.receive(.alive(nonce: nonce, isVoting: true), from: three, on: connection(3))
        #expect(refusal(node, 2) == .anotherProcess)
    }

    /// Both were started from copies of a store that had stopped; neither votes yet.
    @Test(arguments: [true, false]) func ofTwoThatDoNotVoteOneIsLetIn(_ isLowerFirst: Bool) throws {
        let node = try NodeFixture()
        let (low, high) = (start(2, 20), start(2, 21))
        let (first, second) = isLowerFirst ? (low, high) : (high, low)
        node.core.answer(hello(node, [start(1, 10), first]), on: connection(1))
        node.core.answer(hello(node, [start(1, 10), second]), on: connection(2))
        let nonce = try #require(asked(node, on: 1))
        node.core.receive(.alive(nonce: nonce, isVoting: false), from: three, on: connection(1))
        if isLowerFirst {
            #expect(refusal(node, 2) == .anotherProcess && node.closed == [])
            // The one that was asked does not count on this node any more, until it is told again.
            node.tick()
            node.forgetTold()
            node.core.answer(hello(node, [start(1, 10), second]), on: connection(3))
            let again = try #require(asked(node, on: 1))
            node.core.receive(.alive(nonce: again, isVoting: false), from: three, on: connection(1))
            #expect(
                node.told.contains(
                    .init(frame: .witnessed(first, after: again), connection: connection(1))))
        } else {
            #expect(isAdmitted(node, 2) && node.closed == [connection(1)])
            // It comes again, and is told.
            node.core.answer(hello(node, [start(1, 10), first]), on: connection(3))
            let again = try #require(asked(node, on: 2))
            node.core.receive(.alive(nonce: again, isVoting: false), from: three, on: connection(2))
            #expect(refusal(node, 3) == .anotherProcess)
        }
    }

    /// Of two that neither vote the one that another node has turned away says so, and the other is let in here.
    @Test func whoYieldsIsForgotten() throws {
        let node = try NodeFixture()
        let (low, high) = (start(2, 20), start(2, 21))
        node.core.answer(hello(node, [start(1, 10), high], at: 3), on: connection(1))
        node.tick()
        #expect(isWitnessed(node, high, on: 1))
        node.core.answer(hello(node, [start(1, 10), low]), on: connection(2))
        #expect(node.answers[connection(2)] == nil, "it is asked")
        node.core.receive(.yields(high), from: three, on: connection(1))
        #expect(isAdmitted(node, 2) && node.closed == [connection(1)])
        #expect(
            node.core.witnesses[three]
                == Witness(
                    store: StoreID(rawValue: 300), persistSequence: 0, seen: SeenStart(low, isVoting: false)))
        // And later, when words have been spread meanwhile.
        node.tick()
        node.core.receive(.yields(low), from: three, on: connection(2))
        node.tick(30)
        node.core.answer(hello(node, [start(1, 10), start(2, 22)]), on: connection(3))
        #expect(isAdmitted(node, 3))
        // A store that lacks what the last one began with is older all the same.
        node.tick()
        node.core.receive(.yields(start(2, 22)), from: three, on: connection(3))
        node.core.answer(hello(node, [start(1, 10), start(2, 23, at: 9)], at: 9), on: connection(4))
        #expect(isAdmitted(node, 4))
        node.core.receive(.yields(start(2, 23, at: 9)), from: three, on: connection(4))
        node.core.answer(hello(node, [start(1, 10), start(2, 24, at: 8)], at: 8), on: connection(5))
        #expect(refusal(node, 5) == .anotherProcess)
    }

    /// Before it was told that it is witnessed, a process cannot vote by this node's word.
    @Test func whoWasNotToldIsNotInTheWay() throws {
        let node = try NodeFixture()
        node.core.answer(hello(node, [start(1, 10), start(2, 21)]), on: connection(1))
        node.core.closed(connection(1))
        node.tick()
        node.core.answer(hello(node, [start(1, 10), start(2, 20)]), on: connection(2))
        #expect(isAdmitted(node, 2))
    }

    @Test func aProcessThatNeverVotedYields() throws {
        for isWitnessed in [false, true] {
            let node = try NodeFixture(isWitnessed: isWitnessed)
            node.mayFail = true
            let own = try #require(node.core.identity.starts.last)
            _ = node.core.judge(
                .refused(.anotherProcess, reason: "another"), to: node.core.hello(to: NodeID(2)))
            #expect(node.core.failure == .fenced("another"))
            #expect(node.told.filter { $0.frame == .yields(own) }.count == (isWitnessed ? 0 : 2))
        }
    }

    /// One that was witnessed may vote by this node's word, whether or not it is there now.
    @Test func whoConflictsWithOneThatWasSeenIsRefused() throws {
        let node = try NodeFixture()
        let seen = start(2, 21)
        node.core.answer(hello(node, [start(1, 10), seen]), on: connection(1))
        node.tick()
        node.core.closed(connection(1))
        // Lower in number, but it does not vote.
        node.core.answer(hello(node, [start(1, 10), start(2, 20)]), on: connection(2))
        #expect(refusal(node, 2) == .anotherProcess)
        // The store went on after this copy was made.
        node.core.answer(hello(node, [start(1, 10), seen], at: 5), on: connection(3))
        node.core.closed(connection(3))
        node.core.answer(hello(node, [start(1, 10), seen, start(3, 30, at: 4)], at: 4), on: connection(4))
        #expect(refusal(node, 4) == .anotherProcess)
        // One that votes already has a quorum behind it.
        node.core.answer(hello(node, [start(1, 10), start(2, 20)], isVoting: true), on: connection(5))
        #expect(isAdmitted(node, 5))
        node.core.closed(connection(5))
        node.core.answer(hello(node, [start(1, 10), seen], isVoting: true), on: connection(6))
        #expect(refusal(node, 6) == .anotherProcess, "of two that vote, the lower number")
    }

    /// The original was stopped (SIGSTOP) while the copy was let in, and votes. It goes on.
    @Test func theOriginalThatComesBackWinsWhereOnlyItVotes() throws {
        let node = try NodeFixture()
        let (original, copy) = (start(1, 10), start(2, 20))
        node.core.answer(hello(node, [original], isVoting: true), on: connection(1))
        node.core.answer(hello(node, [original, copy]), on: connection(2))
        node.tick(Int(InboundPeers.ticksToAnswer))
        #expect(isAdmitted(node, 2))
        node.core.answer(hello(node, [original], isVoting: true), on: connection(3))
        let nonce = try #require(asked(node, on: 2))
        node.core.receive(.alive(nonce: nonce, isVoting: false), from: three, on: connection(2))
        #expect(isAdmitted(node, 3) && node.closed == [connection(1), connection(2)])
        #expect(node.core.witnesses[three]?.seen == SeenStart(original, isVoting: true))
    }
}
