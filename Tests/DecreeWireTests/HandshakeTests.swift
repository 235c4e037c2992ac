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
        callerSaw: Witness? = nil, calledSaw: Witness? = nil,
        standing: Handshake.Standing = .member(store: nil)
    ) -> (called: Handshake.Verdict, caller: Handshake.Verdict) {
        let hello = Hello(from: caller, to: receiver ?? called.node, witnessed: callerSaw)
        let (reply, verdict) = Handshake.answer(
            to: hello, as: called, witnessed: calledSaw, standing: standing)
        return (verdict, Handshake.judge(reply, to: hello, as: caller))
    }

    @Test func strangersWhoFitAreAdmitted() {
        let verdicts = shake(one, two)
        #expect(verdicts.called == .admitted(version: WireVersion.maximum))
        #expect(verdicts.caller == .admitted(version: WireVersion.maximum))
    }

    @Test func acquaintancesWhoWentForwardAreAdmitted() {
        let verdicts = shake(
            one, two, callerSaw: Witness(store: two.store, persistSequence: two.persistSequence),
            calledSaw: Witness(store: one.store, persistSequence: 3))
        #expect(verdicts.called == .admitted(version: WireVersion.maximum))
        #expect(verdicts.caller == .admitted(version: WireVersion.maximum))
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
        #expect(shake(one, one).called.refusal == .wrongNode)
    }

    @Test func whoIsNotKnownYetIsLetInIfItsClusterIsRight() {
        #expect(shake(one, two, standing: .unknown).called == .admitted(version: WireVersion.maximum))
        var stranger = one
        stranger.genesis = Digest(rawValue: 2)
        #expect(shake(stranger, two, standing: .unknown).called.refusal == .wrongGenesis)
        stranger = one
        stranger.cluster = "shop"
        #expect(shake(stranger, two, standing: .unknown).called.refusal == .wrongCluster)
        #expect(shake(one, one, standing: .unknown).called.refusal == .wrongNode)
    }

    @Test func whoWasRemovedIsToldSo() throws {
        let verdicts = shake(one, two, standing: .removed)
        #expect(verdicts.called.refusal == .removed)
        #expect(verdicts.caller.refusal == .removed)
        let reason = try #require(verdicts.caller.reason)
        // The node adds what to do.
        #expect(reason == "node 1 was removed from the cluster, and its id is never given again")
        #expect(!HelloRefusal.removed.isTransient)
    }

    /// Version 1 takes a refusal that it does not know for damage, and would say so again and again.
    @Test func versionOneIsToldWhatItKnows() {
        var hello = Hello(from: one, to: NodeID(2), witnessed: nil)
        hello.maximumVersion = 1
        let (reply, verdict) = Handshake.answer(to: hello, as: two, witnessed: nil, standing: .removed)
        #expect(verdict.refusal == .wrongNode)
        guard case .refused(.wrongNode, let reason) = reply else {
            Issue.record("the reply is \(reply)")
            return
        }
        #expect(reason.contains("removed from the cluster"))
    }

    @Test func theStoreIsTheOneTheConfigurationNames() throws {
        #expect(
            shake(one, two, standing: .member(store: one.store)).called
                == .admitted(version: WireVersion.maximum))
        let verdicts = shake(one, two, standing: .member(store: StoreID(rawValue: 300)))
        #expect(verdicts.called.refusal == .identityChanged)
        #expect(verdicts.caller.isSelfAnother)
        let reason = try #require(verdicts.called.reason)
        #expect(reason.contains("decree member replace 1 HOST:PORT --nodes …"))
        #expect(reason.contains("decree node --join HOST:PORT"))
    }

    @Test func whoWentBackInTimeIsToldHowToComeBack() throws {
        let verdicts = shake(one, two, calledSaw: Witness(store: one.store, persistSequence: 51))
        let reason = try #require(verdicts.caller.reason)
        #expect(reason.contains("decree member replace 1 HOST:PORT --nodes …"))
        #expect(reason.contains("decree node --join HOST:PORT"))
    }

    @Test func everyReasonFitsWhole() throws {
        let far = NodeIdentity(
            cluster: String(repeating: "x", count: 255), genesis: Digest(rawValue: 1),
            node: NodeID(NodeID.maximum), store: StoreID(rawValue: .max), persistSequence: 0)
        var near = far
        near.node = NodeID(32_766)
        let other = Witness(store: far.store, persistSequence: .max)
        for verdicts in [
            shake(far, near, standing: .removed), shake(far, near, standing: .member(store: two.store)),
            shake(far, near, calledSaw: other), shake(far, near, callerSaw: other),
            shake(far, near, callerSaw: Witness(store: one.store, persistSequence: 0)), shake(far, two),
        ] {
            #expect(try #require(verdicts.caller.reason).utf8.count <= WireLimit.reasonBytes)
        }
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
        #expect(verdict(two, version: WireVersion.maximum + 1).refusal == .wrongVersion)
        #expect(verdict(one).refusal == .wrongNode)
    }

    @Test func versionsMustMeet() {
        var hello = Hello(from: one, to: NodeID(2), witnessed: nil)
        hello.minimumVersion = WireVersion.maximum + 1
        hello.maximumVersion = WireVersion.maximum + 2
        let answer = Handshake.answer(to: hello, as: two, witnessed: nil, standing: .member(store: nil))
        #expect(answer.verdict.refusal == .wrongVersion)
        hello.minimumVersion = 1
        #expect(
            Handshake.answer(to: hello, as: two, witnessed: nil, standing: .member(store: nil)).verdict
                == .admitted(version: WireVersion.maximum))
    }

    @Test func aClientNeedsNoIdentity() {
        func answer(_ cluster: String) -> Handshake.Verdict {
            Handshake.answer(to: Hello(clientOf: cluster), as: two, witnessed: nil, standing: .unknown)
                .verdict
        }
        #expect(answer("bank") == .admitted(version: WireVersion.maximum))
        #expect(answer("") == .admitted(version: WireVersion.maximum))
        #expect(answer("shop").refusal == .wrongCluster)
    }
}

extension Handshake.Verdict {
    fileprivate var refusal: HelloRefusal? {
        if case .refused(let refusal, _) = self { refusal } else { nil }
    }

    fileprivate var reason: String? {
        switch self {
        case .admitted: nil
        case .refused(_, let reason), .selfIsFenced(let reason), .selfIsAnother(let reason): reason
        }
    }

    fileprivate var isSelfAnother: Bool {
        if case .selfIsAnother = self { true } else { false }
    }

    fileprivate var isSelfFenced: Bool {
        if case .selfIsFenced = self { true } else { false }
    }
}
