import Bank

/// The bank's rules a second time: a dictionary and what the documentation says, sharing nothing with the
/// bank that the nodes run but the form of its answers.
struct ModelBank {
    private(set) var balances: [String: Int64] = [:]
    /// What was opened with and deposited.
    private(set) var paidIn: Int64 = 0
    /// What was withdrawn.
    private(set) var paidOut: Int64 = 0

    /// What the accounts hold together, added up.
    var total: Int64 { balances.values.reduce(0, +) }

    mutating func execute(_ command: BankCommand) -> BankResult {
        switch command {
        case .open(let account, let balance):
            if balance < 0 { return .rejected(.negativeBalance) }
            if balances[account.text] != nil { return .rejected(.duplicateAccount) }
            if wouldOverflow(balance) { return .rejected(.totalOverflow) }
            balances[account.text] = balance
            paidIn += balance
            return .balance(balance)
        case .deposit(let account, let amount):
            if amount <= 0 { return .rejected(.amountNotPositive) }
            guard let old = balances[account.text] else { return .rejected(.unknownAccount) }
            if old.addingReportingOverflow(amount).overflow { return .rejected(.balanceOverflow) }
            if wouldOverflow(amount) { return .rejected(.totalOverflow) }
            balances[account.text] = old + amount
            paidIn += amount
            return .balance(old + amount)
        case .withdraw(let account, let amount):
            if amount <= 0 { return .rejected(.amountNotPositive) }
            guard let old = balances[account.text] else { return .rejected(.unknownAccount) }
            if old < amount { return .rejected(.insufficientFunds) }
            balances[account.text] = old - amount
            paidOut += amount
            return .balance(old - amount)
        case .transfer(let from, let to, let amount):
            if amount <= 0 { return .rejected(.amountNotPositive) }
            if from.text == to.text { return .rejected(.sameAccount) }
            guard let source = balances[from.text], let target = balances[to.text] else {
                return .rejected(.unknownAccount)
            }
            if source < amount { return .rejected(.insufficientFunds) }
            balances[from.text] = source - amount
            balances[to.text] = target + amount
            return .transferred(from: source - amount, to: target + amount)
        }
    }

    /// `paidIn - paidOut` is the total, as long as it is conserved; adding it up at each command would cost.
    private func wouldOverflow(_ amount: Int64) -> Bool {
        (paidIn - paidOut).addingReportingOverflow(amount).overflow
    }

    func answer(_ query: BankQuery) -> BankResult {
        switch query {
        case .balance(let account): balances[account.text].map { .balance($0) } ?? .rejected(.unknownAccount)
        case .total: .balance(total)
        }
    }
}
