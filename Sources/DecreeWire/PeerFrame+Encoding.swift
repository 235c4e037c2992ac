package import NIOCore
package import Paxos

extension Message {
    /// Appends the message as a frame: the sender's persist sequence, then the message's fields in the
    /// order of its declaration, little-endian; what a version added stands behind them, and is left out for
    /// an older one.
    ///
    /// - Returns: whether `version` has such a message. If not, nothing is written, and it is lost as any
    ///   message may be.
    @discardableResult
    package func write(
        group: GroupID, persistSequence: PersistSequence, sent: UInt64 = 0, version: UInt16,
        into buffer: inout ByteBuffer
    ) throws(WireError) -> Bool {
        let type = frameType
        guard type.firstVersion <= version else { return false }
        try buffer.writeFrame(.peer, type: type.rawValue, group: group.rawValue) {
            (buffer) throws(WireError) in
            buffer.writeInteger(persistSequence, endianness: .little)
            if type.isBulky, version >= WireVersion.receipts {
                buffer.writeInteger(sent, endianness: .little)
            }
            try writeFields(version: version, into: &buffer)
        }
        return true
    }

    private func writeFields(version: UInt16, into buffer: inout ByteBuffer) throws(WireError) {
        // Whether the fields go with it that version 2 added.
        let hasAdded = version >= WireVersion.members
        switch self {
        case .preVote(let message):
            buffer.write(message.ballot)
            if hasAdded { buffer.write(message.chosenThrough) }
        case .preVoteReply(let message):
            buffer.write(message.ballot)
            buffer.writeInteger(UInt8(message.isGranted ? 1 : 0))
            buffer.write(message.promised)
            if hasAdded { buffer.write(message.chosenThrough) }
        case .prepare(let message):
            buffer.write(message.ballot)
            buffer.write(message.firstOpen)
            if version >= WireVersion.starts { buffer.writeInteger(message.attempt, endianness: .little) }
        case .promise(let message): try message.writeFields(version: version, into: &buffer)
        case .accept(let message):
            buffer.writeMultipleIntegers(
                message.ballot.rawValue, message.slot.rawValue, message.chosenThrough.rawValue,
                endianness: .little)
            try buffer.write(message.proposal)
        case .accepted(let message):
            buffer.writeMultipleIntegers(
                message.ballot.rawValue, message.from.rawValue, message.through.rawValue,
                endianness: .little)
        case .rejection(let message):
            buffer.write(message.ballot)
            buffer.write(message.promised)
        case .heartbeat(let message):
            buffer.writeMultipleIntegers(
                message.ballot.rawValue, message.round, message.chosenThrough.rawValue, endianness: .little)
            // Slot 0 stands for none.
            buffer.writeMultipleIntegers(
                message.checkpoint?.slot.rawValue ?? 0, message.checkpoint?.chain.rawValue ?? 0,
                message.checkpoint?.state.rawValue ?? 0, endianness: .little)
            if hasAdded { buffer.write(message.witnesses, version: version) }
        case .heartbeatReply(let message):
            buffer.writeMultipleIntegers(
                message.ballot.rawValue, message.round, message.executedThrough.rawValue, endianness: .little
            )
            if hasAdded {
                buffer.writeInteger(message.commitMicroseconds, endianness: .little)
                buffer.write(message.abstainThrough)
            }
        case .fetch(let message):
            buffer.write(message.from)
            buffer.write(message.through)
        case .decisions(let message):
            buffer.write(message.chosenThrough)
            try buffer.write(message.decided)
        case .handover(let message): buffer.write(message.ballot)
        case .snapshotOffer(let message):
            try buffer.write(message.header)
            buffer.write(message.chosenThrough)
        case .fetchSnapshot(let message):
            try buffer.write(message.header)
            buffer.writeInteger(message.from, endianness: .little)
        case .snapshotChunk(let message):
            try buffer.write(message.header)
            buffer.writeInteger(message.index, endianness: .little)
            try buffer.writeChunk(message.bytes)
        }
    }
}

extension Promise {
    fileprivate func writeFields(version: UInt16, into buffer: inout ByteBuffer) throws(WireError) {
        buffer.writeMultipleIntegers(
            ballot.rawValue, part, parts, chosenThrough.rawValue, floor.rawValue, endianness: .little)
        try buffer.write(accepted)
        guard version >= WireVersion.starts else { return }
        guard let scope else { throw .malformed("a promise does not say which prepare it answers") }
        buffer.write(scope.firstOpen)
        buffer.writeInteger(scope.attempt, endianness: .little)
        buffer.write(scope.from)
        buffer.write(scope.through)
    }
}

extension ByteBuffer {
    fileprivate mutating func write(_ ballot: Ballot) { writeInteger(ballot.rawValue, endianness: .little) }

    mutating func write(_ slot: Slot) { writeInteger(slot.rawValue, endianness: .little) }

    /// Digest, length, bytes: the bytes are those the leader encoded, and the digest is its own.
    fileprivate mutating func write(_ proposal: Proposal) throws(WireError) {
        let count = proposal.bytes.count
        guard count <= WireLimit.proposalBytes else {
            throw .oversized("a proposal", bytes: count, limitBytes: WireLimit.proposalBytes)
        }
        writeInteger(proposal.digest.rawValue, endianness: .little)
        writeSized(proposal.bytes)
    }

    mutating func write(_ votes: [AcceptedProposal]) throws(WireError) {
        writeInteger(UInt32(votes.count), endianness: .little)
        for vote in votes {
            write(vote.slot)
            write(vote.ballot)
            try write(vote.proposal)
        }
    }

    /// How many in a byte, then each. A reader takes no more than a group has members; what is beyond is left out, for a
    /// heartbeat must not be lost over it.
    mutating func write(_ witnesses: [NodeWitness], version: UInt16) {
        let witnesses = witnesses.prefix(Configuration.maximumMembers)
        writeInteger(UInt8(witnesses.count))
        for witness in witnesses {
            writeMultipleIntegers(
                witness.node.rawValue, witness.store.rawValue, witness.persistSequence, endianness: .little)
            if version >= WireVersion.starts { writeSeen(witness.seen) }
        }
    }
}
