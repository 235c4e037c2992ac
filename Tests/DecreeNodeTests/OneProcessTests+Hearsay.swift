import Testing

@testable import DecreeNode
@testable import DecreeStore
@testable import DecreeWire
@testable import Paxos

/// What nodes say of nodes.
extension OneProcessTests {
    private func saw(
        _ node: UInt16, _ seen: SeenStart?, store: UInt64 = 300, through sequence: PersistSequence = 0
    ) -> NodeFrame {
        .seen([
            NodeWitness(
                node: NodeID(node), store: StoreID(rawValue: store), persistSequence: sequence, seen: seen)
        ])
    }

    @Test func whatOthersSawIsBelievedWhereNothingSpeaksAgainstIt() throws {
        let node = try NodeFixture()
        let (original, copy) = (start(1, 10), start(2, 20))
        node.core.take(saw(3, SeenStart(original, isVoting: false), through: 4), from: NodeID(2))
        #expect(node.core.witnesses[three]?.seen == SeenStart(original, isVoting: false))
        // That another saw a start is no reason to forget one that is connected.
        node.core.answer(hello(node, [original], isVoting: true, at: 4), on: connection(1))
        node.core.take(saw(3, SeenStart(copy, isVoting: false), through: 4), from: NodeID(2))
        #expect(node.core.witnesses[three]?.seen?.start == original && node.closed == [])
        // That it votes is one.
        node.core.take(saw(3, SeenStart(copy, isVoting: true), through: 4), from: NodeID(2))
        #expect(node.core.witnesses[three]?.seen == SeenStart(copy, isVoting: true))
        #expect(node.closed == [connection(1)])
        // What says nothing of starts does not count for one.
        node.core.take(saw(3, nil, through: 90), from: NodeID(2))
        #expect(node.core.witnesses[three]?.persistSequence == 4)
    }

    /// A node that was upgraded knows how far a store was seen, and not by which start. A peer that saw less may name an
    /// earlier start. Taken for the one that came so far, it would have the present one refused.
    @Test func aStartToldByWhoSawLessIsNotTakenUp() throws {
        let node = try NodeFixture()
        let (before, after) = (start(2, 20), start(3, 30, at: 218))
        node.core.take(saw(3, nil, through: 280), from: NodeID(2))
        node.core.take(saw(3, SeenStart(before, isVoting: true), through: 218), from: NodeID(2))
        #expect(node.core.witnesses[three]?.seen == nil)
        node.core.answer(hello(node, [before, after], isVoting: true, at: 290), on: connection(1))
        #expect(isAdmitted(node, 1))
    }

    /// No node closes a connection whose other end has lost its power: hearsay of a later start has it asked.
    @Test(arguments: [true, false]) func aConnectionThatHearsayDoubtsIsAsked(_ lives: Bool) throws {
        let node = try NodeFixture()
        let (before, after) = (start(1, 10), start(2, 20, at: 4))
        node.core.answer(hello(node, [before], at: 4), on: connection(1))
        let later = NodeFrame.vouched(witness: NodeID(2), node: three, [before, after])
        node.core.take(later, from: NodeID(2))
        let nonce = try #require(asked(node, on: 1))
        node.core.take(later, from: NodeID(2))
        #expect(asked(node, on: 1) == nonce, "once is enough")
        #expect(node.closed == [] && node.core.witnesses[three]?.seen?.start == before)
        if lives {
            node.core.receive(.alive(nonce: nonce, isVoting: true), from: three, on: connection(1))
            node.tick(Int(InboundPeers.ticksToAnswer))
            #expect(node.closed == [])
            #expect(node.core.witnesses[three]?.seen == SeenStart(before, isVoting: true))
        } else {
            node.tick(Int(InboundPeers.ticksToAnswer))
            #expect(node.closed == [connection(1)])
            node.core.take(later, from: NodeID(2))
            #expect(node.core.witnesses[three]?.seen?.start == after)
        }
    }

    /// A store of before start 2 was put back, and started twice where no node had met start 2. By its number the second of
    /// these starts follows it; it lacks what start 2 voted, by this node's word.
    @Test func aLaterStartIsTakenUpByItsLineageAlone() throws {
        let node = try NodeFixture()
        let (first, voted) = (start(1, 10), start(2, 20, at: 4))
        let (copy, later) = (start(2, 21, at: 4), start(3, 31, at: 90))
        node.core.answer(hello(node, [first, voted], at: 6), on: connection(1))
        node.tick()
        node.core.closed(connection(1))
        node.core.take(saw(3, SeenStart(later, isVoting: false), through: 90), from: NodeID(2))
        for lineage in [[later], [copy, later], [first, copy, later]] {
            node.core.take(.vouched(witness: NodeID(2), node: three, lineage), from: NodeID(2))
        }
        #expect(node.core.witnesses[three]?.seen?.start == voted)
        node.core.answer(hello(node, [first, copy, later], at: 90), on: connection(2))
        #expect(refusal(node, 2) == .anotherProcess)
        // What comes of start 2 is another thing.
        let restarted = start(3, 30, at: 6)
        node.core.take(.vouched(witness: NodeID(2), node: three, [voted, restarted]), from: NodeID(2))
        #expect(node.core.witnesses[three]?.seen == SeenStart(restarted, isVoting: false))
        // And what this node vouches for tells how it came about.
        node.tick(50)
        #expect(
            node.told.contains(
                .init(
                    frame: .vouched(witness: NodeID(1), node: three, [voted, restarted]), peer: NodeID(2))))
        node.core.take(
            .vouched(witness: NodeID(2), node: three, [restarted, start(4, 40, at: 5)]), from: NodeID(2))
        #expect(node.core.witnesses[three]?.seen?.start == restarted, "its store lacks transaction 6")
    }

    /// A word would count after the answer to one question, and before that to another.
    @Test func noWordIsGivenWhileItIsOpenWhoGoesOn() throws {
        let node = try NodeFixture()
        let (before, after) = (start(1, 10), start(2, 20, at: 4))
        node.core.answer(hello(node, [before], at: 4), on: connection(1))
        node.tick()
        node.core.take(.vouched(witness: NodeID(2), node: three, [before, after]), from: NodeID(2))
        let doubt = try #require(asked(node, on: 1))
        node.core.answer(hello(node, [before, after], at: 4), on: connection(2))
        let nonce = try #require(asked(node, on: 1))
        #expect(nonce != doubt)
        node.forgetTold()
        node.core.receive(.alive(nonce: doubt, isVoting: false), from: three, on: connection(1))
        #expect(!isWitnessed(node, before, on: 1))
        node.core.receive(.alive(nonce: nonce, isVoting: false), from: three, on: connection(1))
        #expect(isAdmitted(node, 2) && !isWitnessed(node, before, on: 1))
    }

    /// Where one node alone reaches all others, words come round through it.
    @Test func wordsArePassedOnOnce() throws {
        let node = try NodeFixture()
        let vouched = NodeFrame.vouched(witness: NodeID(2), node: three, [start(1, 10)])
        node.core.take(vouched, from: NodeID(2))
        #expect(node.told == [.init(frame: vouched, peer: three)])
        // Neither what was passed on already, nor to whom it is of.
        node.core.take(.vouched(witness: NodeID(4), node: three, [start(1, 10)]), from: NodeID(2))
        node.core.take(.vouched(witness: three, node: three, [start(1, 10)]), from: three)
        #expect(node.told.count == 1)
    }

    @Test func aWordThatCameRoundCounts() throws {
        let node = try NodeFixture(isWitnessed: false)
        let own = try #require(node.core.identity.starts.last)
        for peer in [NodeID(2), three] { node.core.cannotReach(peer) }
        node.core.take(.vouched(witness: three, node: NodeID(1), [start(1, 5)]), from: NodeID(2))
        node.core.take(.vouched(witness: NodeID(1), node: NodeID(1), [own]), from: NodeID(2))
        #expect(!node.core.isVoting)
        node.core.take(.vouched(witness: three, node: NodeID(1), [own]), from: NodeID(2))
        #expect(node.core.isVoting)
    }

    /// What comes round may have been said before its witness asked whether this process lives.
    @Test func aWordThatCameRoundOfWhoAskedIsVoid() throws {
        let node = try NodeFixture(isWitnessed: false)
        let own = try #require(node.core.identity.starts.last)
        node.core.take(.probe(nonce: 4, rival: SeenStart(start(1, 5), isVoting: false)), from: three)
        node.core.take(.vouched(witness: three, node: NodeID(1), [own]), from: NodeID(2))
        #expect(node.core.standing.witnesses == [])
    }

    /// A node vouches for the starts that stand in its store, until they vote.
    @Test func whatStandsInItsStoreIsVouchedFor() throws {
        let node = try NodeFixture()
        let first = start(1, 10)
        node.core.answer(hello(node, [first]), on: connection(1))
        let word = NodeFrame.vouched(witness: NodeID(1), node: three, [first])
        node.tickAlone()
        #expect(!node.told.contains { $0.frame == word })
        while node.isDiskBusy { node.doJob() }
        node.tick(50)
        #expect(node.told.filter { $0.frame == word }.map(\.peer).allSatisfy { $0 == NodeID(2) })
        #expect(node.told.contains { $0.frame == word })
        node.core.answer(hello(node, [first], isVoting: true), on: connection(2))
        node.forgetTold()
        node.tick(50)
        #expect(!node.told.contains { $0.frame == word })
    }

    @Test(
        "What is said of this node itself is heeded",
        arguments: [
            (NodeStart(incarnation: 1, process: 1_000, beganAt: 0), true, 0, false),
            (NodeStart(incarnation: 1, process: 1_000, beganAt: 0), true, 1, true),
            (NodeStart(incarnation: 1, process: 999, beganAt: 0), true, 0, true),
            (NodeStart(incarnation: 1, process: 1_001, beganAt: 0), true, 0, false),
            (NodeStart(incarnation: 2, process: 9, beganAt: 0), true, 0, true),
            (NodeStart(incarnation: 2, process: 9, beganAt: 0), false, 0, false),
        ] as [(NodeStart, Bool, PersistSequence, Bool)])
    func whatIsSaidOfItself(_ start: NodeStart, _ isVoting: Bool, _ through: PersistSequence, _ isEnd: Bool)
        throws
    {
        let node = try NodeFixture()
        node.mayFail = true
        let told = saw(
            1, SeenStart(start, isVoting: isVoting), store: node.core.identity.store.rawValue,
            through: through)
        node.core.receive(told, from: NodeID(2), on: connection(1))
        #expect((node.core.failure != nil) == isEnd)
        #expect((node.fence != nil) == isEnd)
        guard isEnd else { return }
        while node.isDiskBusy { node.doJob() }
        #expect(node.fence?.contains("decree member replace 1") == true)
        #expect(node.core.diskState == .gone)
    }

    /// Item 6 as it was: a leader says that this node's store was seen further on, and the node voted all the same.
    @Test func aHeartbeatThatKnowsItsStoreFurtherOnEndsIt() throws {
        let node = try NodeFixture()
        node.mayFail = true
        node.receive(
            .heartbeat(
                Heartbeat(
                    ballot: Ballot(round: 1, node: NodeID(2)), round: 1, chosenThrough: .zero,
                    witnesses: [
                        NodeWitness(
                            node: NodeID(1), store: node.core.identity.store, persistSequence: 40)
                    ])))
        guard case .fenced(let reason) = node.core.failure else {
            Issue.record("it goes on")
            return
        }
        #expect(reason.contains("went back in time, from transaction 40"))
        #expect(node.sent == [])
    }
}
