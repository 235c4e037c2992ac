import Testing

@testable import DecreeNode
@testable import DecreeWire
@testable import NIOCore
@testable import Paxos

/// What a node with several groups knows of their members (invariant GroupsApart).
@Suite struct SeveralGroupsTests {
    private func member(_ node: UInt16, store: UInt64? = nil, _ address: String = "") -> Member {
        Member(node: NodeID(node), store: store.map(StoreID.init(rawValue:)), address: address)
    }

    @Test func oneGroupsFactsDoNotHideAnothers() {
        var peers = MergedPeers()
        peers.review([[member(2, store: 7, "a:1"), member(3)], [member(2), member(4, store: 9)]])
        #expect(peers.all == [member(2, store: 7, "a:1"), member(3), member(4, store: 9)])
        #expect(peers.isMember(NodeID(3), of: 0) && !peers.isMember(NodeID(3), of: 1))
    }

    @Test func aMemberThatMovesIsWhereTheFirstGroupHasMovedIt() {
        var peers = MergedPeers()
        peers.review([[member(2, "a:1")], [member(2, "a:1")]])
        peers.review([[member(2, "a:1")], [member(2, "b:2")]])
        #expect(peers.all == [member(2, "b:2")])
        // Another change, in between.
        peers.review([[member(2, "a:1"), member(3)], [member(2, "b:2")]])
        #expect(peers.all == [member(2, "b:2"), member(3)])
        peers.review([[member(2, "b:2"), member(3)], [member(2, "b:2")]])
        #expect(peers.all == [member(2, "b:2"), member(3)])
    }

    @Test func aVoterOfOneGroupIsAVoter() {
        var peers = MergedPeers()
        peers.review([
            [Member(node: NodeID(2), role: .nonVoter)], [Member(node: NodeID(2), role: .voter)],
        ])
        #expect(peers.all.map(\.role) == [.voter])
    }

    @Test func aForwardedIDNamesItsGroupsPlace() {
        for place in [0, 1, 63] {
            let id = ForwardedID(place: place, request: RequestID(rawValue: 1 << 48 - 1))
            #expect(ForwardedID(rawValue: id.rawValue) == id)
        }
    }

    /// More nodes than a group may have members: a heartbeat goes all the same, without those that do not fit.
    @Test func aHeartbeatIsNeverLostOverItsWitnesses() throws {
        let witnesses = (1...40).map {
            NodeWitness(node: NodeID($0), store: StoreID(rawValue: 5), persistSequence: 6)
        }
        let heartbeat = Heartbeat(
            ballot: Ballot(round: 1, node: NodeID(2)), round: 1, chosenThrough: .zero, witnesses: witnesses)
        var buffer = ByteBuffer()
        let isWritten = try Message.heartbeat(heartbeat).write(
            group: .first, persistSequence: 1, version: WireVersion.maximum, into: &buffer)
        #expect(isWritten)
        var decoder = FrameDecoder(expectsHandshake: false, version: WireVersion.maximum)
        decoder.append(buffer)
        guard case .peer(let frame)? = try decoder.next(), case .heartbeat(let read) = frame.message else {
            Issue.record("no heartbeat")
            return
        }
        #expect(read.witnesses.map(\.node) == witnesses.prefix(32).map(\.node))
    }
}
