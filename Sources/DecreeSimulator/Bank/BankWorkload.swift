import Bank
public import Paxos

/// Money that moves between a few accounts, so that operations meet; now and then a foolish wish. Held against
/// `BankModel`.
public struct BankWorkload: Workload {
    private let accounts: Int

    /// Moves money between this many accounts.
    public init(accounts: Int = 12) { self.accounts = max(2, accounts) }

    /// A bank without accounts.
    public var machine: any StateMachine { Bank() }
    /// The bank, written a second time.
    public var model: any StateMachine { BankModel() }
    /// The bank's words.
    public var wording: Wording { .bank }

    /// Every total that was read, against what had been paid in and out by then; and every account of the nodes'
    /// bank, against the model's.
    public func violations(
        in history: [Operation], machine: (any StateMachine)?, model: any StateMachine
    ) -> [Violation] {
        let totals = BankTotals(history).violations
        guard let bank = machine as? Bank, let model = model as? BankModel else { return totals }
        return totals + model.differences(from: bank).map { Violation(.state, $0) }
    }

    /// Amounts are counted up in steps of the number of clients: no two commands are alike.
    public func next(
        client: Int, number: Int, clients: Int, after last: Reply?, _ random: inout SeededGenerator
    ) -> Operation.Request {
        let amount = Int64(number * clients + client)
        switch random.below(100) {
        case ..<68: return .command(command(amount, &random).bytes)
        case ..<75: return .batch(batch(amount, &random).bytes)
        case ..<90: return .query(BankQuery.balance(account(&random)).bytes, .linearizable)
        case ..<95: return .query(BankQuery.total.bytes, .linearizable)
        default: return .query(BankQuery.total.bytes, .stale)
        }
    }

    private func command(_ amount: Int64, _ random: inout SeededGenerator) -> BankCommand {
        switch random.below(75) {
        case ..<12: .open(account(&random), balance: 10_000_000 + amount)
        case ..<46: .transfer(from: account(&random), to: account(&random), amount: amount)
        case ..<52: .transfers(transfers(amount, &random))
        case ..<62: .deposit(account(&random), amount: amount)
        case ..<72: .withdraw(account(&random), amount: amount)
        default: .withdraw(account(&random), amount: amount + 1_000_000_000_000)
        }
    }

    private func batch(_ amount: Int64, _ random: inout SeededGenerator) -> CommandBatch {
        let commands = (0..<1 + random.below(6)).map { _ in command(amount, &random).bytes[...] }
        return CommandBatch(commands, isAtomic: random.below(2) == 0)
    }

    private func account(_ random: inout SeededGenerator) -> AccountName { name(random.below(accounts)) }

    /// Some between accounts that are not open yet, some from one to itself, some of more than there is.
    private func transfers(_ amount: Int64, _ random: inout SeededGenerator) -> Transfers {
        func account() -> AccountNumber { AccountNumber(rawValue: UInt32(random.below(accounts + 1))) }
        var transfers: [Transfers.Transfer] = []
        for _ in 0..<1 + random.below(6) {
            let factor: Int64 = random.below(20) == 0 ? 1_000_000_000 : 1
            transfers.append(.init(from: account(), to: account(), amount: amount * factor))
        }
        return Transfers(transfers, isAtomic: random.below(2) == 0)
    }

    private func name(_ number: Int) -> AccountName {
        do throws(BankRejection) {
            return try AccountName("account-\(number)")
        } catch {
            preconditionFailure("a plain name is refused: \(error)")
        }
    }
}
