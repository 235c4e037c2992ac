import ArgumentParser
import Bank
import Paxos

/// What the clients of a benchmark do.
enum Work: String, CaseIterable, Codable, Sendable, ExpressibleByArgument {
    /// Transfers between random accounts.
    case bank
    /// Opaque values, on a machine that only counts them.
    case append
    /// Linearizable queries for the balances of random accounts.
    case read

    /// What a person calls one of them.
    var unit: String {
        switch self {
        case .bank: "transfers"
        case .append: "values"
        case .read: "reads"
        }
    }

    /// The state machine it needs.
    var machine: MachineKind { self == .append ? .append : .bank }
}

/// The accounts, or the values, that requests are made of.
struct Workload: Sendable {
    let work: Work
    /// Empty for `append`.
    let accounts: [AccountName]
    /// The bytes of an appended value.
    let valueBytes: Int
    /// Transfers, or values, of one request.
    let batch: Int
    /// The accounts' numbers, by which transfers of a batch name them; empty where they are not asked for.
    private(set) var numbers: [AccountNumber] = []

    /// What an account is opened with: enough that transfers are seldom refused.
    static let openingBalance: Int64 = 1_000_000
    /// The largest transfer.
    static let largestAmount: Int64 = 100

    init(work: Work, accounts count: Int, valueBytes: Int, batch: Int = 1) throws(BankRejection) {
        self.work = work
        self.valueBytes = valueBytes
        self.batch = batch
        var accounts: [AccountName] = []
        if work != .append {
            for number in 0..<count { accounts.append(try AccountName("account-\(number)")) }
        }
        self.accounts = accounts
    }

    /// What opens the accounts, in order.
    var openings: [[UInt8]] {
        accounts.map { BankCommand.open($0, balance: Self.openingBalance).bytes }
    }

    /// Whether requests name accounts by number.
    var wantsNumbers: Bool { work == .bank && batch > 1 }

    /// The same, with the accounts' numbers.
    func numbered(_ numbers: [AccountNumber]) -> Workload {
        var workload = self
        workload.numbers = numbers
        return workload
    }

    /// The payload bytes of one request, about: for the floor, which should write as much.
    var typicalBytes: Int {
        guard let last = accounts.last else { return valueBytes * batch }
        guard batch == 1 else { return batch * 16 }
        return BankCommand.transfer(from: last, to: last, amount: 1).bytes.count
    }

    /// A client's requests: the same seed gives the same ones.
    func requests(seed: UInt64) -> RequestSource { RequestSource(self, seed: seed) }
}

/// What a client asks.
enum LoadRequest {
    case command(ArraySlice<UInt8>)
    case batch(CommandBatch)
    case query(ArraySlice<UInt8>)

    /// The bytes that stand in the log, if any do.
    var payload: ArraySlice<UInt8> {
        switch self {
        case .command(let payload), .query(let payload): payload
        case .batch(let batch): batch.bytes[...]
        }
    }
}

/// Makes one client's requests.
struct RequestSource {
    private let workload: Workload
    private var random: SeededGenerator
    /// An appended value; its first 8 bytes are new each time.
    private var value: [UInt8] = []

    init(_ workload: Workload, seed: UInt64) {
        self.workload = workload
        random = SeededGenerator(seed: seed)
        if workload.work == .append {
            value = (0..<workload.valueBytes).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
    }

    /// The next request.
    mutating func next() -> LoadRequest {
        switch workload.work {
        case .bank where workload.batch > 1:
            let transfers = (0..<workload.batch).map { _ in
                let (from, to) = twoAccounts()
                return Transfers.Transfer(
                    from: workload.numbers[from], to: workload.numbers[to], amount: amount())
            }
            return .command(BankCommand.transfers(Transfers(transfers)).bytes[...])
        case .bank:
            let (from, to) = twoAccounts()
            return .command(
                BankCommand.transfer(
                    from: workload.accounts[from], to: workload.accounts[to], amount: amount()
                ).bytes[...])
        case .append where workload.batch > 1:
            return .batch(CommandBatch((0..<workload.batch).map { _ in nextValue() }))
        case .append: return .command(nextValue())
        case .read:
            let account = Int.random(in: workload.accounts.indices, using: &random)
            return .query(BankQuery.balance(workload.accounts[account]).bytes[...])
        }
    }

    private mutating func amount() -> Int64 {
        Int64.random(in: 1...Workload.largestAmount, using: &random)
    }

    private mutating func nextValue() -> ArraySlice<UInt8> {
        var stamp = random.next()
        for place in 0..<min(8, value.count) {
            value[place] = UInt8(truncatingIfNeeded: stamp)
            stamp >>= 8
        }
        return value[...]
    }

    /// Two different ones, each pair as likely as any other.
    private mutating func twoAccounts() -> (Int, Int) {
        let count = workload.accounts.count
        let from = Int.random(in: 0..<count, using: &random)
        let to = Int.random(in: 0..<count - 1, using: &random)
        return (from, to < from ? to : to + 1)
    }
}
