import Testing

@testable import DecreeNode
@testable import DecreeStore
@testable import DecreeWire
@testable import Paxos

/// What a node learns of what its peers understand (invariant EntriesUnderstood).
@Suite struct UnderstandingTests {
    private func genesis(_ version: ClusterVersion) -> Configuration {
        Configuration(voters: [NodeID(1), NodeID(2), NodeID(3)], version: version)
    }

    private func identity(_ number: UInt16, like core: NodeCore) -> NodeIdentity {
        NodeIdentity(
            cluster: core.identity.cluster, genesis: core.identity.genesis, node: NodeID(number),
            store: StoreID(rawValue: UInt64(number)), persistSequence: 1)
    }

    private func hello(_ number: UInt16, to core: NodeCore, speaking version: UInt16) -> Hello {
        var hello = Hello(from: identity(number, like: core), to: core.node, witnessed: nil)
        hello.maximumVersion = version
        return hello
    }

    @Test func everyGroupLearnsWhatAPeerUnderstandsFromItsGreeting() throws {
        let node = try NodeFixture(groups: [NodeFixture.first, NodeFixture.second], genesis: genesis(.first))
        _ = node.answer(hello(2, to: node.core, speaking: 3))
        let reply = HelloReply.admitted(
            Admission(
                version: WireVersion.maximum, identity: identity(3, like: node.core), witnessed: nil))
        _ = node.core.judge(reply, to: node.core.hello(to: NodeID(3)))
        for group in node.core.groups {
            #expect(group.holdingBack(.newest) == [NodeID(2)])
            #expect(group.holdingBack(.batches).isEmpty)
        }
        // Upgraded, it greets again.
        _ = node.answer(hello(2, to: node.core, speaking: WireVersion.maximum))
        for group in node.core.groups { #expect(group.holdingBack(.newest).isEmpty) }
    }

    @Test func anOlderPeerIsRefusedOnceTheVersionIsRaised() throws {
        let node = try NodeFixture(genesis: genesis(.newest))
        let (reply, verdict) = node.answer(hello(2, to: node.core, speaking: 3))
        guard case .refused(.wrongVersion, _) = verdict, case .refused(.wrongVersion, _) = reply else {
            Issue.record("\(verdict)")
            return
        }
        #expect(node.core.groups[0].holdingBack(.newest) == [NodeID(2), NodeID(3)])
    }

    /// As when an older build is started on the store of a node that was upgraded.
    @Test func aStoreWhoseLogIsAtALaterVersionIsRefused() throws {
        #expect {
            _ = try NodeFixture(genesis: genesis(.newest), speaks: 3)
        } throws: { error in
            error as? StoreError == .newerCluster(group: .first, found: 3, supported: 2)
                && "\(error)".hasSuffix("run the build that the other members run, or a later one")
        }
    }

    @Test func aNodeThatSpeaksLessSaysSo() throws {
        let node = try NodeFixture(genesis: genesis(.first), speaks: 3)
        #expect(node.core.hello(to: NodeID(2)).maximumVersion == 3)
        let (reply, _) = node.answer(hello(2, to: node.core, speaking: WireVersion.maximum))
        guard case .admitted(let admission) = reply else {
            Issue.record("\(reply)")
            return
        }
        #expect(admission.version == 3)
    }
}
