import Paxos

/// What each row says of itself. SQLite keeps no checksum of a page in the database: a flipped bit in a
/// value reads back without complaint, and `integrity_check` says ok.
///
/// Every kind of row but `accepted` mixes in a number of its own, so that no row passes for another kind.
enum RowChecksum {
    private static let promiseMark: UInt64 = 0x7072_6f6d_6973_6500
    private static let chosenMark: UInt64 = 0x6368_6f73_656e_0000
    private static let nodeMark: UInt64 = 0x6e6f_6465_0000_0000
    private static let floorMark: UInt64 = 0x666c_6f6f_7200_0000
    private static let witnessMark: UInt64 = 0x7769_746e_6573_7300
    private static let seenMark: UInt64 = 0x7365_656e_0000_0000
    private static let startMark: UInt64 = 0x7374_6172_7400_0000
    private static let fenceMark: UInt64 = 0x6665_6e63_6500_0000
    private static let snapshotMark: UInt64 = 0x736e_6170_7368_6f74
    private static let chunkMark: UInt64 = 0x6368_756e_6b00_0000

    private static let foundingMark: UInt64 = 0x666f_756e_6465_6400
    private static let placeMark: UInt64 = 0x706c_6163_6500_0000

    static func accepted(_ group: GroupID, _ slot: Slot, _ ballot: Ballot, _ digest: Digest) -> Int64 {
        stored(Digest(of: UInt64(group.rawValue), slot.rawValue, ballot.rawValue, digest.rawValue))
    }

    /// Without `unexecuted` it is that of the first two formats, whose rows stay as they are.
    static func chosen(
        _ group: GroupID, _ slot: Slot, _ ballot: Ballot, chain: Digest, unexecuted: [UInt8]?
    ) -> Int64 {
        let fact = Digest(of: RowKey(group, slot).unsigned, ballot.rawValue, chain.rawValue, chosenMark)
        guard let unexecuted else { return stored(fact) }
        return stored(Digest(of: unexecuted, seed: fact.rawValue))
    }

    static func promise(_ group: GroupID, _ ballot: Ballot) -> Int64 {
        stored(Digest(of: UInt64(group.rawValue), ballot.rawValue, 0, promiseMark))
    }

    static func node(_ identity: Digest, _ store: StoreID, _ sequence: PersistSequence) -> Int64 {
        stored(Digest(of: identity.rawValue, store.rawValue, sequence, nodeMark))
    }

    static func configuration(_ group: GroupID, _ slot: Slot, _ bytes: [UInt8]) -> Int64 {
        stored(Digest(of: bytes, seed: RowKey(group, slot).unsigned))
    }

    static func floor(_ group: GroupID, _ slot: Slot) -> Int64 {
        stored(Digest(of: UInt64(group.rawValue), slot.rawValue, 0, floorMark))
    }

    /// Without a start it is that of the formats before the fourth, whose rows stay as they are.
    static func witness(_ witness: NodeWitness) -> Int64 {
        let store = Digest(
            of: UInt64(witness.node.rawValue), witness.store.rawValue, witness.persistSequence, witnessMark)
        guard let seen = witness.seen else { return stored(store) }
        let start = Digest(
            of: seen.start.incarnation, seen.start.process, seen.start.beganAt, seen.isVoting ? 1 : 0)
        return stored(Digest(of: store.rawValue, start.rawValue, 0, seenMark))
    }

    static func start(_ start: NodeStart) -> Int64 {
        stored(Digest(of: start.incarnation, start.process, start.beganAt, startMark))
    }

    static func fence(_ reason: String) -> Int64 { stored(Digest(of: Array(reason.utf8), seed: fenceMark)) }

    static func snapshot(
        _ id: SnapshotID, _ group: GroupID, _ header: SnapshotHeader, isComplete: Bool
    ) -> Int64 {
        let name = Digest(
            of: UInt64(id.rawValue), RowKey(group, header.slot).unsigned, header.chain.rawValue,
            header.byteCount)
        return stored(
            Digest(of: name.rawValue, header.digest.rawValue, isComplete ? 1 : 0, snapshotMark))
    }

    static func founding(_ tokens: [UInt8], isComplete: Bool) -> Int64 {
        stored(Digest(of: tokens, seed: foundingMark | (isComplete ? 1 : 0)))
    }

    static func place(_ place: NodePlace) -> Int64 {
        let address = Digest(of: Array(place.address.utf8), seed: placeMark | UInt64(place.node.rawValue))
        return stored(Digest(of: Array(place.configured.utf8), seed: address.rawValue))
    }

    static func chunk(_ key: ChunkKey, _ bytes: Digest) -> Int64 {
        stored(Digest(of: UInt64(bitPattern: key.stored), bytes.rawValue, 0, chunkMark))
    }

    /// SQLite's integers are signed: the same 64 bits.
    private static func stored(_ digest: Digest) -> Int64 { Int64(bitPattern: digest.rawValue) }
}

/// The key of a slot's row: group << 44 | slot, always positive.
struct RowKey {
    let group: GroupID
    let slot: Slot

    init(_ group: GroupID, _ slot: Slot) {
        self.group = group
        self.slot = slot
    }

    var unsigned: UInt64 { UInt64(group.rawValue) << 44 | slot.rawValue }

    var stored: Int64 { Int64(unsigned) }

    /// The slot in a key.
    static func slot(in key: Int64) -> Slot { Slot(UInt64(bitPattern: key) & Slot.maximum.rawValue) }

    /// The group in a key; nil for a key that no row was given.
    static func group(in key: Int64) -> GroupID? { GroupID(stored: key >> 44) }
}

extension GroupID {
    /// A group as a row holds it; nil for a number no group has.
    init?(stored: Int64) {
        guard let number = UInt32(exactly: stored) else { return nil }
        self.init(rawValue: number)
    }
}
