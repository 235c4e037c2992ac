import DecreeWire
import Paxos
import Testing

/// IdentityFresh and NoRegression (invariants 18 and 19), at the door.
@Suite struct HandshakeTests {
    let one = NodeIdentity(
        cluster: "bank", genesis: Digest(rawValue: 1), node: NodeID(1), store: StoreID(rawValue: 100),
        persistSequence: 50)
    let two = NodeIdentity(
        cluster: "bank", genesis: Digest(rawValue: 1), node: NodeID(2), store: StoreID(rawValue: 200),
        persistSequence: 70)

    /// Node 1 calls node 2; each holds what it saw of the other.
    func shake(
        _ caller: NodeIdentity, _ called: NodeIdentity, expecting receiver: NodeID? = nil,
        callerSaw: Witness? = nil, calledSaw: Witness? = nil, isMember: Bool = true
    ) -> (called: Handshake.Verdict, caller: Handshake.Verdict) {
        let hello = Hello(from: caller, to: receiver ?? called.node, witnessed: callerSaw)
        let (reply, verdict) = Handshake.answer(
            to: hello, as: called, witnessed: calledSaw, isMember: isMember)
        return (verdict, Handshake.judge(reply, to: hello, as: caller))
    }

    @Test func strangersWhoFitAreAdmitted() {
        let verdicts = shake(one, two)
        #expect(verdicts.called == .admitted(version: 1))
        #expect(verdicts.caller == .admitted(version: 1))
    }

    @Test func acquaintancesWhoWentForwardAreAdmitted() {
        let verdicts = shake(
            one, two, callerSaw: Witness(store: two.store, persistSequence: two.persistSequence),
            calledSaw: Witness(store: one.store, persistSequence: 3))
        #expect(verdicts.called == .admitted(version: 1))
        #expect(verdicts.caller == .admitted(version: 1))
    }

    @Test func aCallerThatWentBackInTimeIsFencedAndLearnsIt() {
        let verdicts = shake(one, two, calledSaw: Witness(store: one.store, persistSequence: 51))
        // The called node may have heard of a later sequence in the meantime: the caller knows for sure.
        #expect(verdicts.called == .admitted(version: WireVersion.maximum))
        #expect(verdicts.caller.isSelfFenced)
    }

    @Test func aCalledNodeThatWentBackInTimeIsFencedAndLearnsIt() {
        let verdicts = shake(one, two, callerSaw: Witness(store: two.store, persistSequence: 71))
        #expect(verdicts.called.isSelfFenced)
        #expect(verdicts.caller.refusal == .unavailable)
    }

    @Test func anotherStoreUnderAKnownIdIsRefused() {
        let other = Witness(store: StoreID(rawValue: 300), persistSequence: 0)
        #expect(shake(one, two, calledSaw: other).called.refusal == .identityChanged)
        #expect(shake(one, two, calledSaw: other).caller.isSelfAnother)
        #expect(shake(one, two, callerSaw: other).called.isSelfAnother)
    }

    @Test func theWrongClusterIsRefused() {
        var stranger = two
        stranger.cluster = "shop"
        #expect(shake(one, stranger).called.refusal == .wrongCluster)
        stranger = two
        stranger.genesis = Digest(rawValue: 2)
        #expect(shake(one, stranger).called.refusal == .wrongGenesis)
        #expect(shake(one, two, expecting: NodeID(3)).called.refusal == .wrongNode)
        #expect(shake(one, two, isMember: false).called.refusal == .wrongNode)
        #expect(shake(one, one).called.refusal == .wrongNode)
    }

    @Test func theCallerJudgesToo() {
        // A node that admits everybody is still refused by whoever called it.
        let hello = Hello(
            from: one, to: NodeID(2), witnessed: Witness(store: two.store, persistSequence: 71))
        func verdict(_ identity: NodeIdentity, version: UInt16 = 1) -> Handshake.Verdict {
            Handshake.judge(
                .admitted(Admission(version: version, identity: identity, witnessed: nil)), to: hello, as: one
            )
        }
        #expect(verdict(two).refusal == .fenced)
        var other = two
        other.cluster = "shop"
        #expect(verdict(other).refusal == .wrongCluster)
        #expect(verdict(two, version: 2).refusal == .wrongVersion)
        #expect(verdict(one).refusal == .wrongNode)
    }

    @Test func versionsMustMeet() {
        var hello = Hello(from: one, to: NodeID(2), witnessed: nil)
        hello.minimumVersion = WireVersion.maximum + 1
        hello.maximumVersion = WireVersion.maximum + 2
        let answer = Handshake.answer(to: hello, as: two, witnessed: nil, isMember: true)
        #expect(answer.verdict.refusal == .wrongVersion)
        hello.minimumVersion = 1
        #expect(
            Handshake.answer(to: hello, as: two, witnessed: nil, isMember: true).verdict
                == .admitted(version: WireVersion.maximum))
    }

    @Test func aClientNeedsNoIdentity() {
        func answer(_ cluster: String) -> Handshake.Verdict {
            Handshake.answer(to: Hello(clientOf: cluster), as: two, witnessed: nil, isMember: false).verdict
        }
        #expect(answer("bank") == .admitted(version: 1))
        #expect(answer("") == .admitted(version: 1))
        #expect(answer("shop").refusal == .wrongCluster)
    }
}

extension Handshake.Verdict {
    fileprivate var refusal: HelloRefusal? {
        if case .refused(let refusal, _) = self { refusal } else { nil }
    }

    fileprivate var isSelfAnother: Bool {
        if case .selfIsAnother = self { true } else { false }
    }

    fileprivate var isSelfFenced: Bool {
        if case .selfIsFenced = self { true } else { false }
    }
}
