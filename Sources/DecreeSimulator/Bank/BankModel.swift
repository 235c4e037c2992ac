public import Bank
public import Paxos

/// The bank's rules a second time: a dictionary and what the documentation says, sharing nothing with the
/// bank that the nodes run but the form of its commands and answers.
public struct BankModel: ModelMachine {
    /// What each account holds.
    public private(set) var balances: [AccountName: Int64] = [:]
    /// The accounts in the order in which they were opened: an account's number is its place.
    private var opened: [AccountName] = []
    /// What was opened with and deposited, modulo 2^64: money may go in and out for ever.
    public private(set) var paidIn: Int64 = 0
    /// What was withdrawn, modulo 2^64.
    public private(set) var paidOut: Int64 = 0

    /// A bank without accounts.
    public init() {}

    /// What the accounts hold together, added up.
    public var total: Int64 { balances.values.reduce(0, +) }

    /// Executes a `BankCommand`.
    public mutating func execute(_ command: ArraySlice<UInt8>, at position: LogPosition) -> Reply {
        do throws(BankRejection) {
            let command = try BankCommand(bytes: command)
            guard case .transfers(let transfers) = command else { return execute(command).reply }
            return execute(transfers).reply
        } catch {
            return BankResult.rejected(error).reply
        }
    }

    private mutating func execute(_ command: BankCommand) -> BankResult {
        switch command {
        case .open(let account, let balance):
            if balance < 0 { return .rejected(.negativeBalance) }
            if balances[account] != nil { return .rejected(.duplicateAccount) }
            if wouldOverflow(balance) { return .rejected(.totalOverflow) }
            balances[account] = balance
            opened.append(account)
            paidIn &+= balance
            return .balance(balance)
        case .deposit(let account, let amount):
            if amount <= 0 { return .rejected(.amountNotPositive) }
            guard let old = balances[account] else { return .rejected(.unknownAccount) }
            if old.addingReportingOverflow(amount).overflow { return .rejected(.balanceOverflow) }
            if wouldOverflow(amount) { return .rejected(.totalOverflow) }
            balances[account] = old + amount
            paidIn &+= amount
            return .balance(old + amount)
        case .withdraw(let account, let amount):
            if amount <= 0 { return .rejected(.amountNotPositive) }
            guard let old = balances[account] else { return .rejected(.unknownAccount) }
            if old < amount { return .rejected(.insufficientFunds) }
            balances[account] = old - amount
            paidOut &+= amount
            return .balance(old - amount)
        case .transfer(let from, let to, let amount):
            if amount <= 0 { return .rejected(.amountNotPositive) }
            if from == to { return .rejected(.sameAccount) }
            guard let source = balances[from], let target = balances[to] else {
                return .rejected(.unknownAccount)
            }
            if source < amount { return .rejected(.insufficientFunds) }
            balances[from] = source - amount
            balances[to] = target + amount
            return .transferred(from: source - amount, to: target + amount)
        case .transfers: return .rejected(.malformed)
        }
    }

    /// Each as a transfer between the accounts of those numbers; all on trial, where they are atomic.
    private mutating func execute(_ transfers: Transfers) -> TransfersResult {
        var trial = self
        var refused: [TransfersResult.Refused] = []
        for (place, transfer) in transfers.all.enumerated() {
            let result = trial.execute(transfer)
            guard case .rejected(let reason) = result else { continue }
            refused.append(.init(place: place, reason: reason))
            if transfers.isAtomic { return .none(refused[0]) }
        }
        self = trial
        return .done(refused: refused)
    }

    private mutating func execute(_ transfer: Transfers.Transfer) -> BankResult {
        func name(_ number: AccountNumber) -> AccountName? {
            number.rawValue < opened.count ? opened[Int(number.rawValue)] : nil
        }
        // The amount is judged first, and an account is the same as itself, whether there is one or not.
        if transfer.amount <= 0 { return .rejected(.amountNotPositive) }
        if transfer.from == transfer.to { return .rejected(.sameAccount) }
        guard let from = name(transfer.from), let to = name(transfer.to) else {
            return .rejected(.unknownAccount)
        }
        return execute(.transfer(from: from, to: to, amount: transfer.amount))
    }

    /// `paidIn - paidOut` is the total, as long as it is conserved; adding it up at each command would cost.
    private func wouldOverflow(_ amount: Int64) -> Bool {
        (paidIn &- paidOut).addingReportingOverflow(amount).overflow
    }

    /// Answers a `BankQuery`.
    public func query(_ query: ArraySlice<UInt8>) -> Reply {
        do throws(BankRejection) {
            return switch try BankQuery(bytes: query) {
            case .balance(let account):
                (balances[account].map { .balance($0) } ?? .rejected(.unknownAccount) as BankResult).reply
            case .total: BankResult.balance(total).reply
            case .number(let account):
                (opened.firstIndex(of: account).map { .number(AccountNumber(rawValue: UInt32($0))) }
                    ?? .rejected(.unknownAccount) as BankResult).reply
            }
        } catch {
            return BankResult.rejected(error).reply
        }
    }
}

extension BankModel {
    /// Money that came or went, and accounts with less than nothing.
    public func flaws() -> [String] {
        var flaws: [String] = []
        if total != paidIn &- paidOut {
            flaws.append("accounts hold \(total), and \(paidIn &- paidOut) was paid in")
        }
        for (account, balance) in sorted where balance < 0 { flaws.append("\(account) holds \(balance)") }
        return flaws
    }

    /// Where the nodes' bank and the model differ.
    public func differences(from bank: Bank) -> [String] {
        var rest = balances
        var differences: [String] = []
        for (name, balance) in bank.accounts {
            guard let expected = rest.removeValue(forKey: name) else {
                differences.append("the bank has \(name), its model has not")
                continue
            }
            if expected != balance {
                differences.append("\(name) holds \(balance) in the bank, \(expected) in its model")
            }
        }
        differences += rest.keys.sorted().map { "the model has \($0), the bank has not" }
        return differences
    }

    /// A digest of the accounts, their order, and what was paid in and out; not that of `Bank`.
    public func digest() -> Digest {
        // A sum has no order, and a dictionary none that shows.
        var sum: UInt64 = 0
        for (name, balance) in balances {
            let key = Digest(of: Array(name.text.utf8)).rawValue
            sum &+= Digest(of: key, UInt64(bitPattern: balance), 0, 0).rawValue
        }
        let order = opened.reduce(Digest.zero) { Digest(of: Array($1.text.utf8), seed: $0.rawValue) }
        return Digest(of: sum, order.rawValue, UInt64(bitPattern: paidIn), UInt64(bitPattern: paidOut))
    }

    /// What was paid in and out, and the commands that open the accounts, each after its length: no form of
    /// its own to get wrong.
    public func snapshot() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendInteger(paidIn)
        bytes.appendInteger(paidOut)
        for name in opened {
            let command = BankCommand.open(name, balance: balances[name] ?? 0).bytes
            bytes.appendInteger(UInt16(command.count))
            bytes += command
        }
        return bytes
    }

    /// Replaces the state.
    public mutating func restore(from snapshot: ArraySlice<UInt8>) throws(MachineRestoreError) {
        var reader = ByteReader(snapshot)
        var restored = BankModel()
        guard let paidIn = reader.readInteger(Int64.self), let paidOut = reader.readInteger(Int64.self) else {
            throw MachineRestoreError("snapshot of the bank's model ends within its header")
        }
        while !reader.isAtEnd {
            guard let count = reader.readInteger(UInt16.self), let bytes = reader.readBytes(Int(count)),
                case .open(let name, let balance)? = try? BankCommand(bytes: bytes)
            else {
                throw MachineRestoreError("snapshot of the bank's model holds no account where one is due")
            }
            restored.balances[name] = balance
            restored.opened.append(name)
        }
        restored.paidIn = paidIn
        restored.paidOut = paidOut
        self = restored
    }

    private var sorted: [(key: AccountName, value: Int64)] { balances.sorted { $0.key < $1.key } }
}
