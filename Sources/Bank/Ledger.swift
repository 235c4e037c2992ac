internal import Paxos

/// The accounts, in the order in which they were opened, with their total and digest kept up as they change.
///
/// An account's place is its number, so that whoever names accounts by number costs no look-up. Everything is kept in
/// chunks and shards: the first write after a copy copies one of them and not a million accounts.
struct Ledger: Sendable {
    /// 32 bytes: a look-up that knows the number touches one cache line.
    private struct Account: Sendable {
        let name: AccountName
        var balance: Int64
        /// What a unit of its balance weighs in the digest: odd, so that no change of one balance goes unseen.
        var weight: UInt64 { name.digest.rawValue | 1 }
    }

    private var accounts = Chunked<Account>()
    private var index = NameIndex()
    /// What they hold together.
    private(set) var total: Int64 = 0
    /// The wrapping sums of what every account weighs, and of who has which number.
    private var balanceSum: UInt64 = 0
    private var nameSum: UInt64 = 0

    /// Accounts there may be at most.
    static let limit = Int(UInt32.max - 1)

    /// How many accounts there are.
    var count: Int { accounts.count }

    /// The account of that name; nil if there is none.
    @inline(__always)
    func find(_ name: AccountName) -> AccountNumber? {
        index.find(name.digest) { accounts[Int($0.rawValue)].name == name }
    }

    /// Whether there is an account of that number.
    @inline(__always)
    func contains(_ number: AccountNumber) -> Bool { Int(number.rawValue) < accounts.count }

    /// What an account that is there holds.
    @inline(__always)
    func balance(of number: AccountNumber) -> Int64 { accounts[Int(number.rawValue)].balance }

    /// Adds an account that is not there, with a balance that the caller has judged.
    mutating func open(_ name: AccountName, balance: Int64) {
        let number = AccountNumber(rawValue: UInt32(count))
        let account = Account(name: name, balance: balance)
        index.add(name.digest, number) { accounts[Int($0.rawValue)].name.digest }
        accounts.append(account)
        total += balance
        balanceSum &+= account.weight &* UInt64(bitPattern: balance)
        nameSum &+= Digest(of: name.digest.rawValue, UInt64(number.rawValue), 0, 0).rawValue
    }

    /// Adds to an account, or takes from it, what the caller has judged.
    mutating func add(_ amount: Int64, to number: AccountNumber) {
        let place = Int(number.rawValue)
        accounts[place].balance += amount
        total += amount
        balanceSum &+= accounts[place].weight &* UInt64(bitPattern: amount)
    }

    /// Moves what the caller has judged from one account to another.
    @inline(__always)
    mutating func move(_ amount: Int64, from source: AccountNumber, to target: AccountNumber) {
        let (source, target) = (Int(source.rawValue), Int(target.rawValue))
        accounts[source].balance &-= amount
        accounts[target].balance &+= amount
        balanceSum &+= (accounts[target].weight &- accounts[source].weight) &* UInt64(bitPattern: amount)
    }

    /// The digest of the accounts: of what each holds, and of who has which number.
    var digest: Digest { Digest(of: balanceSum, nameSum, UInt64(count), UInt64(bitPattern: total)) }
}

extension Ledger {
    /// Every account in the order of the numbers.
    func forEach(_ body: (AccountName, Int64) -> Void) {
        for place in 0..<count { body(accounts[place].name, accounts[place].balance) }
    }

    /// Every account, by the bytes of the names.
    var sorted: [(name: AccountName, balance: Int64)] {
        (0..<count).map { (accounts[$0].name, accounts[$0].balance) }.sorted { $0.name < $1.name }
    }
}
