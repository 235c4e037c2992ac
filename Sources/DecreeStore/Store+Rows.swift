import Paxos

/// The rows of a transaction, each with what vouches for it.
extension Store {
    func write(_ row: Write) throws(SQLiteError) {
        switch row {
        case .promise(let group, let ballot): try write(group, promise: ballot)
        case .accepted(let group, let vote): try write(group, accepted: vote)
        case .chosen(let group, let slot, let ballot, let chain, let unexecuted):
            try write(group, chosen: slot, ballot, chain, Unexecuted.bytes(of: unexecuted))
        case .configuration(let group, let slot, let configuration):
            try write(group, slot, configuration)
        case .witness(let witness): try write(witness)
        case .place(let place): try write(place)
        // What these become depends on what is there: the lifecycle plans it.
        case .snapshotChunk, .snapshotComplete, .floor: break
        }
    }

    func write(_ row: Lifecycle.Row) throws(SQLiteError) {
        switch row {
        case .snapshot(let snapshot): try write(snapshot)
        case .chunk(let key, let bytes): try write(key, bytes)
        case .floor(let group, let slot): try write(group, floor: slot)
        }
    }

    private func write(_ group: GroupID, promise ballot: Ballot) throws(SQLiteError) {
        let row = statements.putPromise
        try row.bind(1, Int64(group.rawValue))
        try row.bind(2, Int64(ballot.rawValue))
        try row.bind(3, RowChecksum.promise(group, ballot))
        try row.run()
    }

    private func write(_ group: GroupID, accepted vote: AcceptedProposal) throws(SQLiteError) {
        let row = statements.putAccepted
        try row.bind(1, RowKey(group, vote.slot).stored)
        try row.bind(2, Int64(vote.ballot.rawValue))
        try row.bind(3, RowChecksum.accepted(group, vote.slot, vote.ballot, vote.proposal.digest))
        try row.run(lending: vote.proposal.bytes, at: 4)
    }

    private func write(
        _ group: GroupID, chosen slot: Slot, _ ballot: Ballot, _ chain: Digest, _ unexecuted: [UInt8]?
    ) throws(SQLiteError) {
        let row = statements.putChosen
        try row.bind(1, RowKey(group, slot).stored)
        try row.bind(2, Int64(ballot.rawValue))
        try row.bind(3, Int64(bitPattern: chain.rawValue))
        try row.bind(4, RowChecksum.chosen(group, slot, ballot, chain: chain, unexecuted: unexecuted))
        try row.bind(5, copying: unexecuted)
        try row.run()
    }

    private func write(
        _ group: GroupID, _ slot: Slot, _ configuration: Configuration
    ) throws(SQLiteError) {
        let row = statements.putConfiguration
        let bytes = configuration.bytes
        try row.bind(1, Int64(group.rawValue))
        try row.bind(2, Int64(slot.rawValue))
        try row.bind(3, copying: bytes)
        try row.bind(4, RowChecksum.configuration(group, slot, bytes))
        try row.run()
    }

    private func write(_ witness: NodeWitness) throws(SQLiteError) {
        let row = statements.putWitness
        try row.bind(1, Int64(witness.node.rawValue))
        try row.bind(2, Int64(witness.store.rawValue))
        try row.bind(3, Int64(bitPattern: witness.persistSequence))
        try row.bind(4, RowChecksum.witness(witness))
        let seen = witness.seen
        try row.bind(5, (seen?.start.incarnation).map(Int64.init(bitPattern:)))
        try row.bind(6, (seen?.start.process).map(Int64.init(bitPattern:)))
        try row.bind(7, (seen?.start.beganAt).map(Int64.init(bitPattern:)))
        try row.bind(8, (seen?.isVoting).map { $0 ? 1 : 0 })
        try row.run()
    }

    private func write(_ place: NodePlace) throws(SQLiteError) {
        let row = statements.putPlace
        try row.bind(1, Int64(place.node.rawValue))
        try row.bind(2, place.address)
        try row.bind(3, place.configured)
        try row.bind(4, RowChecksum.place(place))
        try row.run()
    }

    private func write(_ snapshot: KeptSnapshot) throws(SQLiteError) {
        let row = statements.putSnapshot
        let header = snapshot.header
        try row.bind(1, Int64(snapshot.id.rawValue))
        try row.bind(2, Int64(snapshot.group.rawValue))
        try row.bind(3, Int64(header.slot.rawValue))
        try row.bind(4, Int64(bitPattern: header.chain.rawValue))
        try row.bind(5, Int64(header.byteCount))
        try row.bind(6, Int64(bitPattern: header.digest.rawValue))
        try row.bind(7, snapshot.isComplete ? 1 : 0)
        try row.bind(
            8,
            RowChecksum.snapshot(snapshot.id, snapshot.group, header, isComplete: snapshot.isComplete))
        try row.run()
    }

    private func write(_ key: ChunkKey, _ bytes: ArraySlice<UInt8>) throws(SQLiteError) {
        let row = statements.putChunk
        try row.bind(1, key.stored)
        try row.bind(2, RowChecksum.chunk(key, Digest(of: bytes)))
        try row.run(lending: bytes, at: 3)
    }

    private func write(_ group: GroupID, floor slot: Slot) throws(SQLiteError) {
        let row = statements.putFloor
        try row.bind(1, Int64(group.rawValue))
        try row.bind(2, Int64(slot.rawValue))
        try row.bind(3, RowChecksum.floor(group, slot))
        try row.run()
    }
}
