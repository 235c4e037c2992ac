internal import Paxos

/// From the digest of a name to the accounts that may have it: open addressing with linear probing, in shards,
/// so that the first account opened after a copy copies one of them.
///
/// An entry is half of the digest and the account's number; whose half agrees is compared by its name. Accounts are
/// never closed, so nothing is ever taken out.
struct NameIndex: Sendable {
    private struct Shard: Sendable {
        /// The digest's upper half, and the number plus one; 0 where nothing is.
        var entries: ContiguousArray<UInt64> = ContiguousArray(repeating: 0, count: 8)
        var count = 0
    }

    private var shards = [Shard](repeating: Shard(), count: Self.shardCount)

    private static let shardCount = 256

    /// The first number under `digest` of which `isRight` says that it is the one.
    @inline(__always)
    func find(_ digest: Digest, isRight: (AccountNumber) -> Bool) -> AccountNumber? {
        let shard = Self.shard(of: digest)
        let mask = shards[shard].entries.count - 1
        var place = Self.place(of: digest) & mask
        while true {
            let entry = shards[shard].entries[place]
            guard entry != 0 else { return nil }
            if entry >> 32 == digest.rawValue >> 32 {
                let number = AccountNumber(rawValue: UInt32(truncatingIfNeeded: entry) - 1)
                if isRight(number) { return number }
            }
            place = (place + 1) & mask
        }
    }

    /// Adds an account. `digestOf` gives those of the others, which are put in anew when a shard grows.
    mutating func add(_ digest: Digest, _ number: AccountNumber, digestOf: (AccountNumber) -> Digest) {
        let shard = Self.shard(of: digest)
        // At most three quarters are taken, so that a look-up ends soon.
        if (shards[shard].count + 1) * 4 > shards[shard].entries.count * 3 {
            let old = shards[shard].entries
            shards[shard].entries = ContiguousArray(repeating: 0, count: old.count * 2)
            for entry in old where entry != 0 {
                let other = AccountNumber(rawValue: UInt32(truncatingIfNeeded: entry) - 1)
                Self.put(entry, of: digestOf(other), into: &shards[shard].entries)
            }
        }
        Self.put(
            (digest.rawValue & ~0xffff_ffff) | (UInt64(number.rawValue) + 1), of: digest,
            into: &shards[shard].entries)
        shards[shard].count += 1
    }

    private static func put(_ entry: UInt64, of digest: Digest, into entries: inout ContiguousArray<UInt64>) {
        let mask = entries.count - 1
        var place = place(of: digest) & mask
        while entries[place] != 0 { place = (place + 1) & mask }
        entries[place] = entry
    }

    private static func shard(of digest: Digest) -> Int { Int(digest.rawValue & 0xff) }
    private static func place(of digest: Digest) -> Int { Int(digest.rawValue >> 8 & 0xffff_ffff) }
}
