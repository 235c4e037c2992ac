internal import Paxos

/// The accounts, with their total and digest kept up as they change.
///
/// They are spread over 4,096 dictionaries, so that the first write after a copy copies one of them and not
/// a million accounts: with 256 the commands behind a snapshot waited 15 ms for their copies. Nothing that shows depends
/// on a dictionary's order.
struct Ledger: Sendable {
    private typealias Shard = [AccountName: Int64]

    private var shards: [Shard] = Array(repeating: [:], count: Self.shardCount)
    /// How many accounts there are.
    private(set) var count = 0
    /// What they hold together.
    private(set) var total: Int64 = 0
    /// The wrapping sum of every account's share, in whatever order they came.
    private var sum: UInt64 = 0

    static let shardCount = 4_096

    /// An account that was found: valid until the next one is opened.
    struct Entry {
        let account: AccountName
        let balance: Int64
        fileprivate let index: Dictionary<AccountName, Int64>.Index
    }

    /// Finds an account; nil if there is none of that name.
    func find(_ account: AccountName) -> Entry? {
        let shard = Self.shard(of: account)
        guard let index = shards[shard].index(forKey: account) else { return nil }
        return Entry(account: account, balance: shards[shard].values[index], index: index)
    }

    /// Adds an account that is not there, with a balance that the caller has judged.
    mutating func open(_ account: AccountName, balance: Int64) {
        shards[Self.shard(of: account)][account] = balance
        count += 1
        total += balance
        sum &+= Self.share(of: account, balance)
    }

    /// Gives an account another balance, which the caller has judged. The total wraps, so that a transfer
    /// may put in before it takes out.
    mutating func change(_ entry: Entry, to balance: Int64) {
        shards[Self.shard(of: entry.account)].values[entry.index] = balance
        total &+= balance &- entry.balance
        sum =
            sum &- Self.share(of: entry.account, entry.balance) &+ Self.share(of: entry.account, balance)
    }

    /// The digest of the accounts.
    var digest: Digest { Digest(of: sum, UInt64(count), UInt64(bitPattern: total), 1) }

    /// The digest's lowest eight bits, then its highest four: what is in one shard comes before all that is in the next
    /// in the order of `precedes`, which snapshots are written in.
    private static func shard(of account: AccountName) -> Int {
        let digest = account.digest.rawValue
        return Int((digest & 0xff) << 4 | digest >> 60)
    }

    private static func share(of account: AccountName, _ balance: Int64) -> UInt64 {
        Digest(of: account.digest.rawValue, UInt64(bitPattern: balance), 0, 0).rawValue
    }
}

extension Ledger {
    /// Room for accounts that are about to be opened.
    mutating func reserve(_ accounts: Int) {
        let each = accounts / Self.shardCount + accounts / Self.shardCount / 8 + 2
        for shard in shards.indices { shards[shard].reserveCapacity(each) }
    }

    /// Every account in the order of `precedes`.
    func forEach(_ body: (AccountName, Int64) -> Void) {
        for shard in shards {
            for (name, balance) in shard.sorted(by: { Self.precedes($0.key, $1.key) }) { body(name, balance) }
        }
    }

    /// Whether a name comes before another in an order that depends on the names alone and costs little to make: by the
    /// lowest eight bits of the names' digests, then by the digests, then by the names.
    static func precedes(_ left: AccountName, _ right: AccountName) -> Bool {
        let (leftShard, rightShard) = (shard(of: left), shard(of: right))
        guard leftShard == rightShard else { return leftShard < rightShard }
        guard left.digest == right.digest else { return left.digest.rawValue < right.digest.rawValue }
        return left < right
    }

    /// Every account, by the bytes of the names.
    var sorted: [(name: AccountName, balance: Int64)] {
        var accounts: [(name: AccountName, balance: Int64)] = []
        accounts.reserveCapacity(count)
        for shard in shards {
            for (name, balance) in shard { accounts.append((name, balance)) }
        }
        accounts.sort { $0.name < $1.name }
        return accounts
    }
}
