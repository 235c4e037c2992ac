public import Paxos

/// Accounts, transfers, balances: the first state machine, and the proof of the others.
///
/// No balance is ever negative, and the total, which fits 64 bits, changes by opening, depositing and
/// withdrawing alone (invariant Conservation). Everything else that is asked is rejected, with the first
/// reason that holds in this order: the bytes, the amount, the names, the funds, the overflow.
public struct Bank: StateMachine {
    var ledger: Ledger

    /// A bank without accounts.
    public init() { self.init(ledger: Ledger()) }

    init(ledger: Ledger) { self.ledger = ledger }

    /// How many accounts are open.
    public var accountCount: Int { ledger.count }

    /// What all accounts hold together.
    public var total: Int64 { ledger.total }

    /// What an account holds; nil if it was never opened.
    public func balance(of account: AccountName) -> Int64? {
        ledger.find(account).map { ledger.balance(of: $0) }
    }

    /// Every account, by the bytes of the names. It costs a sort.
    public var accounts: [(name: AccountName, balance: Int64)] { ledger.sorted }

    /// Executes one command; see `BankCommand` and `BankResult`.
    public mutating func execute(_ command: ArraySlice<UInt8>, at position: LogPosition) -> Reply {
        do throws(BankRejection) {
            let command = try BankCommand(bytes: command)
            guard case .transfers(let transfers) = command else { return try execute(command).reply }
            return execute(transfers).reply
        } catch {
            return BankResult.rejected(error).reply
        }
    }

    /// Answers a query; see `BankQuery` and `BankResult`.
    public func query(_ query: ArraySlice<UInt8>) -> Reply {
        do throws(BankRejection) {
            switch try BankQuery(bytes: query) {
            case .balance(let account): return try BankResult.balance(ledger.balance(of: find(account))).reply
            case .number(let account): return try BankResult.number(find(account)).reply
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
        // They have results of their own.
        case .transfers: throw .malformed
        }
    }

    private mutating func open(_ account: AccountName, _ balance: Int64) throws(BankRejection) -> BankResult {
        guard balance >= 0 else { throw .negativeBalance }
        guard ledger.find(account) == nil else { throw .duplicateAccount }
        guard balance <= Int64.max - total else { throw .totalOverflow }
        guard ledger.count < Ledger.limit else { throw .tooManyAccounts }
        ledger.open(account, balance: balance)
        return .balance(balance)
    }

    private mutating func deposit(
        _ account: AccountName, _ amount: Int64
    ) throws(BankRejection) -> BankResult {
        guard amount > 0 else { throw .amountNotPositive }
        let number = try find(account)
        guard amount <= Int64.max - ledger.balance(of: number) else { throw .balanceOverflow }
        guard amount <= Int64.max - total else { throw .totalOverflow }
        ledger.add(amount, to: number)
        return .balance(ledger.balance(of: number))
    }

    private mutating func withdraw(
        _ account: AccountName, _ amount: Int64
    ) throws(BankRejection) -> BankResult {
        guard amount > 0 else { throw .amountNotPositive }
        let number = try find(account)
        guard amount <= ledger.balance(of: number) else { throw .insufficientFunds }
        ledger.add(-amount, to: number)
        return .balance(ledger.balance(of: number))
    }

    /// Adding cannot overflow: two accounts hold no more than all.
    private mutating func transfer(
        _ from: AccountName, _ to: AccountName, _ amount: Int64
    ) throws(BankRejection) -> BankResult {
        guard amount > 0 else { throw .amountNotPositive }
        guard from != to else { throw .sameAccount }
        let source = try find(from)
        let target = try find(to)
        guard amount <= ledger.balance(of: source) else { throw .insufficientFunds }
        ledger.move(amount, from: source, to: target)
        return .transferred(from: ledger.balance(of: source), to: ledger.balance(of: target))
    }

    private func find(_ account: AccountName) throws(BankRejection) -> AccountNumber {
        guard let number = ledger.find(account) else { throw .unknownAccount }
        return number
    }
}
