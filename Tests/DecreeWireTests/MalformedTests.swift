import DecreeWire
import NIOCore
import Paxos
import Testing

/// What version 2 brought, said as it may not be: with a sound checksum, so that the fields are what refuses it.
@Suite struct MalformedTests {
    /// The frame with some of its body's bytes overwritten.
    private func overwritten(_ frame: Frame, at offset: Int, with bytes: [UInt8]) throws -> ByteBuffer {
        var buffer = try Samples.encoded(frame)
        buffer.setBytes(bytes, at: FrameHeader.bytes + offset)
        return Tampering.resealed(buffer)
    }

    private func error(of buffer: ByteBuffer) -> WireError? {
        var decoder = FrameDecoder.behindHandshake
        decoder.append(buffer)
        do throws(WireError) {
            _ = try decoder.next()
        } catch {
            return error
        }
        return nil
    }

    private func peer(_ message: Message) -> Frame {
        .peer(PeerFrame(group: .first, persistSequence: 0, message: message))
    }

    private func response(_ response: AdminResponse) -> Frame { .client(.response(id: 1, .admin(response))) }

    private func request(_ request: AdminRequest) -> Frame {
        .client(.request(id: 1, group: .first, .admin(request)))
    }

    private func little(_ value: UInt64, bytes: Int = 8) -> [UInt8] {
        (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    @Test func aSnapshotHasBytesAndNotTooMany() throws {
        let offer = peer(
            .snapshotOffer(SnapshotOffer(header: Samples.header(bytes: 5), chosenThrough: .zero)))
        // Behind the persist sequence: slot, chain, bytes, digest.
        for bytes in [0, 1 << 40 + 1, 1 << 63, .max] as [UInt64] {
            #expect(
                try error(of: overwritten(offer, at: 24, with: little(bytes)))
                    == .malformed("a snapshot of \(bytes) bytes"))
        }
        #expect(
            try error(of: overwritten(offer, at: 8, with: little(0)))
                == .malformed("the snapshot's slot is zero"))
        #expect(
            try error(of: overwritten(offer, at: 8, with: little(1 << 44)))
                == .malformed("the snapshot's slot \(1 << 44 as UInt64) is no slot"))
    }

    @Test func aChunkIsOneOfItsSnapshots() throws {
        let chunkBytes = SnapshotHeader.chunkBytes
        let two = Samples.header(bytes: UInt64(chunkBytes) + 2)
        let beyond: [Frame] = [
            peer(.fetchSnapshot(FetchSnapshot(header: two, from: 2))),
            peer(.fetchSnapshot(FetchSnapshot(header: two, from: .max))),
            peer(.snapshotChunk(SnapshotChunk(header: two, index: 2, bytes: [1]))),
            request(.readChunks(two, from: 2)),
        ]
        for frame in beyond {
            guard case .malformed(let reason) = try error(of: Samples.encoded(frame)) else {
                Issue.record("\(frame) is taken")
                continue
            }
            #expect(reason.hasSuffix("of 2 chunks, counted from 0"))
        }
        // The length is exactly the chunk's.
        for (index, count) in [(0, 2), (0, chunkBytes - 1), (1, 1), (1, 3), (1, chunkBytes)] {
            let chunk = SnapshotChunk(
                header: two, index: UInt32(index), bytes: [UInt8](repeating: 7, count: count))
            #expect(
                try error(of: Samples.encoded(peer(.snapshotChunk(chunk))))
                    == .malformed("chunk \(index) of a snapshot of \(chunkBytes + 2) bytes has \(count)"))
        }
        let whole = SnapshotChunk(header: two, index: 0, bytes: [UInt8](repeating: 7, count: chunkBytes))
        #expect(try error(of: Samples.encoded(peer(.snapshotChunk(whole)))) == nil)
        #expect(
            try error(
                of: overwritten(
                    peer(.snapshotChunk(whole)), at: 52, with: little(UInt64(chunkBytes) + 1, bytes: 4)))
                == .oversized("a chunk", bytes: chunkBytes + 1, limitBytes: chunkBytes))
        let empty = SnapshotChunk(header: two, index: 1, bytes: [])
        #expect(
            try error(of: Samples.encoded(peer(.snapshotChunk(empty)))) == .malformed("a chunk is empty"))
    }

    @Test func witnessesComeInOrderAndNotTooMany() throws {
        func heartbeat(_ witnesses: [NodeWitness]) -> Frame {
            peer(
                .heartbeat(
                    Heartbeat(
                        ballot: Samples.lowBallot, round: 1, chosenThrough: .zero, witnesses: witnesses)))
        }
        let witnesses = Samples.witnesses
        #expect(
            try error(of: Samples.encoded(heartbeat(witnesses.reversed())))
                == .malformed("the witness of node 1 comes behind that of node 32767"))
        #expect(
            try error(of: Samples.encoded(heartbeat([witnesses[0], witnesses[0]])))
                == .malformed("the witness of node 1 comes behind that of node 1"))
        // Behind persist sequence, ballot, round, chosenThrough and checkpoint.
        let one = heartbeat([witnesses[0]])
        #expect(
            try error(of: overwritten(one, at: 56, with: [33]))
                == .malformed("33 witnesses are more than a cluster has nodes"))
        #expect(
            try error(of: overwritten(one, at: 56, with: [2])) == .malformed("the witnessed node is missing"))
        #expect(
            try error(of: overwritten(one, at: 57, with: [0, 0]))
                == .malformed("the witnessed node is missing"))
        #expect(
            try error(of: overwritten(one, at: 57, with: [255, 255]))
                == .malformed("the witnessed node 65535 is no node id"))
        #expect(
            try error(of: overwritten(one, at: 59, with: little(.max)))
                == .malformed("the witnessed store has more than 63 bits"))
        let most = (1...32).map {
            NodeWitness(node: NodeID($0), store: StoreID(rawValue: 1), persistSequence: 1)
        }
        #expect(try error(of: Samples.encoded(heartbeat(most))) == nil)
    }

    @Test func whatAnOperatorSaysIsJudged() throws {
        // Behind the id and the kind of request stands what is asked.
        let kind = 9
        #expect(
            try error(of: overwritten(request(.takeSnapshot), at: kind, with: [7]))
                == .malformed("7 is nothing that an operator asks"))
        let remove = request(.change(.remove(NodeID(2))))
        #expect(
            try error(of: overwritten(remove, at: kind + 5, with: [5]))
                == .malformed("a change of the members is none"))
        #expect(
            try error(of: overwritten(remove, at: kind + 1, with: little(513, bytes: 4)))
                == .oversized("a change", bytes: 513, limitBytes: 512))
        #expect(
            try error(of: overwritten(remove, at: kind + 1, with: little(2, bytes: 4)))
                == .malformed("a change of the members is none"))
        let long = String(repeating: "x", count: 255)
        #expect(
            try error(
                of: overwritten(
                    request(.change(.move(NodeID(2), address: long))), at: kind + 8, with: [0, 1]))
                == .malformed("a change of the members is none"))
        #expect(
            try error(of: overwritten(request(.readSlots(from: Slot(1))), at: kind + 1, with: little(0)))
                == .malformed("the first slot is zero"))
    }

    @Test func whatAnOperatorIsAnsweredIsJudged() throws {
        let kind = 9
        #expect(
            try error(of: overwritten(response(.chunks([])), at: kind, with: [9]))
                == .malformed("9 is nothing that an operator is answered"))
        let slots = ExecutedSlots(decided: [], unexecuted: [], chosenThrough: Slot(9))
        // Behind chosenThrough and the number of slots stands that of positions.
        #expect(
            try error(of: overwritten(response(.executed(slots)), at: kind + 13, with: little(1, bytes: 4)))
                == .malformed("the number of positions counts 1, too many for the 0 bytes that follow"))
        #expect(
            try error(of: overwritten(response(.logBegins(at: Slot(1))), at: kind + 1, with: little(0)))
                == .malformed("the log's first slot is zero"))
        #expect(
            try error(of: overwritten(response(.handedOver(to: NodeID(1))), at: kind + 1, with: [0]))
                == .malformed("the node is missing"))
        for raw in [0, 15] as [UInt8] {
            #expect(
                try error(of: overwritten(response(.changeRefused(.tooMany)), at: kind + 1, with: [raw]))
                    == .malformed("\(raw) is no known reason not to change the members"))
        }
        let votes = Samples.votes(2)
        #expect(
            try error(of: Samples.encoded(response(.slots([votes[0], votes[0]], chosenThrough: .zero))))
                == .malformed("a decision of slot 1 comes behind that of slot 1"))
        #expect(
            try error(of: overwritten(response(.chunks([[1]])), at: kind + 1, with: [5]))
                == .malformed("5 chunks are more than go at once"))
        #expect(
            try error(of: Samples.encoded(response(.chunks([[]])))) == .malformed("a chunk is empty"))
        let description = response(
            .described(
                LogDescription(
                    configuration: Samples.changed, floor: .zero, chosenThrough: .zero, chain: .zero,
                    snapshot: nil)))
        // The configuration behind its length.
        #expect(
            try error(of: overwritten(description, at: kind + 5, with: [3]))
                == .malformed("the configuration is malformed"))
        #expect(
            try error(of: overwritten(description, at: kind + 1, with: little(UInt64(UInt32.max), bytes: 4)))
                == .oversized(
                    "the configuration", bytes: Int(UInt32.max), limitBytes: WireLimit.configurationBytes))
    }

    @Test func aWelcomeTellsOfGroupsInOrder() throws {
        func welcome(_ ids: [GroupID]) -> Frame {
            .client(
                .welcome(
                    id: 1,
                    Welcome(
                        cluster: "bank", genesis: .zero,
                        groups: ids.map { Welcome.Group(id: $0, kind: "", genesis: Samples.plain) })))
        }
        #expect(
            try error(of: Samples.encoded(welcome([GroupID(2), GroupID(1)])))
                == .malformed("group 1 comes behind group 2"))
        #expect(
            try error(of: Samples.encoded(welcome([GroupID(1), GroupID(1)])))
                == .malformed("group 1 comes behind group 1"))
        let most = (1...64).map { GroupID($0) }
        #expect(try error(of: Samples.encoded(welcome(most))) == nil)
        // Behind the id, the name and its length, and the genesis.
        for count in [0, 65] as [UInt8] {
            #expect(
                try error(of: overwritten(welcome([.first]), at: 22, with: [count]))
                    == .malformed("a welcome tells of \(count) groups"))
        }
        #expect(
            try error(of: overwritten(welcome([.first]), at: 23, with: little(0, bytes: 4)))
                == .malformed("0 is no group"))
        // A name that no store could keep is none, no matter which process tells it.
        #expect(
            try error(of: overwritten(welcome([.first]), at: 11, with: [0]))
                == .malformed(
                    "the cluster's name must be a name without control characters; it holds U+0000"))
    }

    @Test func whatIsOverALimitOfVersionTwoIsNeverWritten() throws {
        let long = String(repeating: "x", count: 256)
        let header = Samples.header(bytes: 1 << 40 + 1)
        let chunk = [UInt8](repeating: 0, count: SnapshotHeader.chunkBytes + 1)
        let group = Welcome.Group(id: .first, kind: long, genesis: Samples.plain)
        let sound = Welcome.Group(id: .first, kind: "bank", genesis: Samples.plain)
        let frames: [Frame] = [
            .hello(Hello(from: Samples.identity, to: NodeID(1), witnessed: nil, address: long)),
            peer(.snapshotOffer(SnapshotOffer(header: header, chosenThrough: .zero))),
            peer(.snapshotOffer(SnapshotOffer(header: Samples.header(bytes: 0), chosenThrough: .zero))),
            peer(.snapshotChunk(SnapshotChunk(header: Samples.header(bytes: 1), index: 0, bytes: chunk))),
            request(.change(.move(NodeID(1), address: long))), request(.readChunks(header, from: 0)),
            response(.chunks([[UInt8]](repeating: [1], count: 5))), response(.chunks([chunk])),
            .client(.welcome(id: 1, Welcome(cluster: "bank", genesis: .zero, groups: []))),
            .client(.welcome(id: 1, Welcome(cluster: "bank", genesis: .zero, groups: [group]))),
            .client(.welcome(id: 1, Welcome(cluster: long, genesis: .zero, groups: []))),
            .client(.welcome(id: 1, Welcome(cluster: "", genesis: .zero, groups: [sound]))),
            .client(.welcome(id: 1, Welcome(cluster: "ba\u{0}nk", genesis: .zero, groups: [sound]))),
        ]
        for frame in frames {
            var buffer = ByteBuffer(string: "before")
            #expect(throws: WireError.self, "\(frame)") { try frame.write(version: 2, into: &buffer) }
            #expect(buffer == ByteBuffer(string: "before"))
        }
    }

    @Test func theLargestAnswersFitAFrame() throws {
        let chunk = [UInt8](repeating: 0, count: SnapshotHeader.chunkBytes)
        #expect(try error(of: Samples.encoded(response(.chunks([chunk, chunk, chunk, chunk])))) == nil)
        let large = Samples.proposal(payloadBytes: WireLimit.payloadBytes)
        let votes = (1...9).map {
            AcceptedProposal(slot: Slot($0), ballot: Samples.lowBallot, proposal: large)
        }
        let most = AcceptedProposal.prefix(of: votes[...], budgetBytes: FrameBudget.votesBytes)
        #expect(most.count == 3)
        #expect(
            try error(of: Samples.encoded(response(.slots(Array(most), chosenThrough: Slot(9))))) == nil)
        #expect(throws: WireError.self) {
            try Samples.encoded(self.response(.slots(votes, chosenThrough: Slot(9))))
        }
    }
}
