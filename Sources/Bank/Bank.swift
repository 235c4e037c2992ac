public import Paxos

/// Accounts, transfers, balances: the first state machine, and the proof of the others.
///
/// No balance is ever negative, and the total, which fits 64 bits, changes by opening, depositing and
/// withdrawing alone (invariant Conservation). Everything else that is asked is rejected, with the first
/// reason that holds in this order: the bytes, the amount, the names, the funds, the overflow.
public struct Bank: StateMachine {
    private(set) var ledger: Ledger

    /// A bank without accounts.
    public init() { self.init(ledger: Ledger()) }

    init(ledger: Ledger) { self.ledger = ledger }

    /// How many accounts are open.
    public var accountCount: Int { ledger.count }

    /// What all accounts hold together.
    public var total: Int64 { ledger.total }

    /// What an account holds; nil if it was never opened.
    public func balance(of account: AccountName) -> Int64? { ledger.find(account)?.balance }

    /// Every account, by the bytes of the names. It costs a sort.
    public var accounts: [(name: AccountName, balance: Int64)] { ledger.sorted }

    /// Executes one command; see `BankCommand` and `BankResult`.
    public mutating func execute(_ command: ArraySlice<UInt8>, at position: LogPosition) -> Reply {
        do throws(BankRejection) {
            return try execute(BankCommand(bytes: command)).reply
        } catch {
            return BankResult.rejected(error).reply
        }
    }

    /// Answers a query; see `BankQuery` and `BankResult`.
    public func query(_ query: ArraySlice<UInt8>) -> Reply {
        do throws(BankRejection) {
            switch try BankQuery(bytes: query) {
            case .balance(let account): return try BankResult.balance(find(account).balance).reply
            case .total: return BankResult.balance(total).reply
            }
        } catch {
            return BankResult.rejected(error).reply
        }
    }

    /// The digest of the accounts, kept up as they change: it costs nothing to ask.
    public func digest() -> Digest { ledger.digest }
}

extension Bank {
    mutating func execute(_ command: BankCommand) throws(BankRejection) -> BankResult {
        switch command {
        case .open(let account, let balance): try open(account, balance)
        case .deposit(let account, let amount): try deposit(account, amount)
        case .withdraw(let account, let amount): try withdraw(account, amount)
        case .transfer(let from, let to, let amount): try transfer(from, to, amount)
        }
    }

    private mutating func open(_ account: AccountName, _ balance: Int64) throws(BankRejection) -> BankResult {
        guard balance >= 0 else { throw .negativeBalance }
        guard ledger.find(account) == nil else { throw .duplicateAccount }
        guard balance <= Int64.max - total else { throw .totalOverflow }
        ledger.open(account, balance: balance)
        return .balance(balance)
    }

    private mutating func deposit(
        _ account: AccountName, _ amount: Int64
    ) throws(BankRejection) -> BankResult {
        guard amount > 0 else { throw .amountNotPositive }
        let entry = try find(account)
        guard amount <= Int64.max - entry.balance else { throw .balanceOverflow }
        guard amount <= Int64.max - total else { throw .totalOverflow }
        ledger.change(entry, to: entry.balance + amount)
        return .balance(entry.balance + amount)
    }

    private mutating func withdraw(
        _ account: AccountName, _ amount: Int64
    ) throws(BankRejection) -> BankResult {
        guard amount > 0 else { throw .amountNotPositive }
        let entry = try find(account)
        guard amount <= entry.balance else { throw .insufficientFunds }
        ledger.change(entry, to: entry.balance - amount)
        return .balance(entry.balance - amount)
    }

    /// Adding cannot overflow: two accounts hold no more than all.
    private mutating func transfer(
        _ from: AccountName, _ to: AccountName, _ amount: Int64
    ) throws(BankRejection) -> BankResult {
        guard amount > 0 else { throw .amountNotPositive }
        guard from != to else { throw .sameAccount }
        let source = try find(from)
        let target = try find(to)
        guard amount <= source.balance else { throw .insufficientFunds }
        ledger.change(source, to: source.balance - amount)
        ledger.change(target, to: target.balance + amount)
        return .transferred(from: source.balance - amount, to: target.balance + amount)
    }

    private func find(_ account: AccountName) throws(BankRejection) -> Ledger.Entry {
        guard let entry = ledger.find(account) else { throw .unknownAccount }
        return entry
    }
}
