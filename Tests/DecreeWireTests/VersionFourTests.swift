import NIOCore
import Paxos
import Testing

@testable import DecreeWire

/// The cluster's version between nodes of different builds (invariant EntriesUnderstood).
@Suite struct VersionFourTests {
    private let one = NodeIdentity(
        cluster: "bank", genesis: Digest(rawValue: 1), node: NodeID(1), store: StoreID(rawValue: 100),
        persistSequence: 50)
    private let two = NodeIdentity(
        cluster: "bank", genesis: Digest(rawValue: 1), node: NodeID(2), store: StoreID(rawValue: 200),
        persistSequence: 70)

    /// Node 1 calls node 2.
    private func shake(
        callerSpeaks: UInt16 = WireVersion.maximum, calledSpeaks: UInt16 = WireVersion.maximum,
        required: ClusterVersion, by requirer: NodeID
    ) -> (called: Handshake.Verdict, caller: Handshake.Verdict) {
        var hello = Hello(from: one, to: two.node, witnessed: nil)
        hello.maximumVersion = callerSpeaks
        let (reply, verdict) = Handshake.answer(
            to: hello, as: two, witnessed: nil, standing: .member(store: nil),
            terms: .init(
                maximumVersion: calledSpeaks, required: requirer == two.node ? required : .first))
        let caller = Handshake.judge(
            reply, to: hello, as: one,
            terms: .init(maximumVersion: callerSpeaks, required: requirer == one.node ? required : .first))
        return (verdict, caller)
    }

    @Test func nodesOfTwoBuildsSpeakTheOldersVersion() {
        for (caller, called) in [(3, 4), (4, 3), (2, 4), (3, 3)] as [(UInt16, UInt16)] {
            let verdicts = shake(
                callerSpeaks: caller, calledSpeaks: called, required: .first, by: two.node)
            #expect(verdicts.called == .admitted(version: min(caller, called)))
            #expect(verdicts.caller == .admitted(version: min(caller, called)))
        }
    }

    @Test func aPeerThatWouldNotUnderstandTheLogIsRefused() {
        let called = shake(callerSpeaks: 3, required: .raises, by: two.node)
        guard case .refused(.wrongVersion, let reason) = called.called else {
            Issue.record("\(called.called)")
            return
        }
        #expect(
            reason
                == "the cluster is at version 3, and the build of node 1 understands version 2: run the build of the "
                + "other members there, or a later one")
        let caller = shake(calledSpeaks: 3, required: .raises, by: one.node)
        guard case .refused(.wrongVersion, let reason) = caller.caller else {
            Issue.record("\(caller.caller)")
            return
        }
        #expect(reason.contains("the build of node 2 understands version 2"))
        #expect(
            shake(callerSpeaks: 3, required: .batches, by: two.node).called == .admitted(version: 3))
    }

    @Test func eachVersionOfTheProtocolTellsWhatItsNodesUnderstand() {
        #expect(
            (1...5).map { WireVersion.understood(by: $0) } == [.first, .first, .batches, .raises, .raises])
    }

    /// A client that does not know the reason waits and asks again.
    @Test func anOlderClientIsToldToAskAgainWhereBatchesAreTooNew() throws {
        let refusal = ClientFrame.response(id: 7, .refused(.batchesTooNew))
        let old = try read(refusal, version: 3)
        #expect(old == .response(id: 7, .busy))
        let new = try read(refusal, version: 4)
        #expect(new == refusal)
    }

    /// An older tool reads the members as it always did.
    @Test func anOlderToolIsToldTheMembersWithoutTheVersion() throws {
        let configuration = Configuration(voters: [NodeID(1), NodeID(2)], version: .raises)
        func description(_ configuration: Configuration) -> ClientFrame {
            .response(
                id: 1,
                .admin(
                    .described(
                        LogDescription(
                            configuration: configuration, floor: .zero, chosenThrough: .zero, chain: .zero,
                            snapshot: nil))))
        }
        #expect(
            try read(description(configuration), version: 3)
                == description(configuration.with(version: .first)))
        #expect(try read(description(configuration), version: 4) == description(configuration))
    }

    @Test func nobodyButTheLeaderRaisesTheVersion() throws {
        var buffer = ByteBuffer()
        let raise = ClientFrame.request(
            id: 1, group: .first, .admin(.change(.raise(to: .raises))))
        try raise.write(version: WireVersion.maximum, into: &buffer)
        var decoder = FrameDecoder(expectsHandshake: false, version: WireVersion.maximum)
        decoder.append(buffer)
        #expect(throws: WireError.malformed("the leader alone raises the cluster's version")) {
            try decoder.next()
        }
    }

    private func read(_ frame: ClientFrame, version: UInt16) throws -> ClientFrame? {
        var buffer = ByteBuffer()
        try frame.write(version: version, into: &buffer)
        var decoder = FrameDecoder(expectsHandshake: false, version: version)
        decoder.append(buffer)
        guard case .client(let read)? = try decoder.next() else { return nil }
        return read
    }

    /// A node of an older build is asked as if it led, and says who does.
    @Test(arguments: 3...4 as ClosedRange<UInt16>)
    func whatIsToBePassedOnIsAskedOfAnOlderBuild(version: UInt16) throws {
        let request = ClientRequest.query(payload: [1], consistency: .linearizable)
        #expect(
            try Samples.encoded(.client(.relay(id: 4, group: .first, request)), version: version)
                == Samples.encoded(.client(.request(id: 4, group: .first, request)), version: version))
    }
}
