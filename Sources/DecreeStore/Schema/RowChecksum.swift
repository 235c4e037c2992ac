import Paxos

/// What each row says of itself. SQLite keeps no checksum of a page in the database: a flipped bit in a
/// value reads back without complaint, and `integrity_check` says ok.
///
/// Every kind of row but `accepted` mixes in a number of its own, so that no row passes for another kind.
enum RowChecksum {
    private static let promiseMark: UInt64 = 0x7072_6f6d_6973_6500
    private static let chosenMark: UInt64 = 0x6368_6f73_656e_0000
    private static let nodeMark: UInt64 = 0x6e6f_6465_0000_0000

    static func accepted(_ group: GroupID, _ slot: Slot, _ ballot: Ballot, _ digest: Digest) -> Int64 {
        stored(Digest(of: UInt64(group.rawValue), slot.rawValue, ballot.rawValue, digest.rawValue))
    }

    static func chosen(_ group: GroupID, _ slot: Slot, _ ballot: Ballot, chain: Digest) -> Int64 {
        stored(Digest(of: RowKey(group, slot).unsigned, ballot.rawValue, chain.rawValue, chosenMark))
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

    /// SQLite's integers are signed: the same 64 bits.
    private static func stored(_ digest: Digest) -> Int64 { Int64(bitPattern: digest.rawValue) }
}

/// The key of a slot's row: group << 44 | slot, always positive.
struct RowKey {
    let unsigned: UInt64

    init(_ group: GroupID, _ slot: Slot) { unsigned = UInt64(group.rawValue) << 44 | slot.rawValue }

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
