import Bank
import DecreeSimulator
import Paxos

/// A history of clients at a bank all at once, linearizable by its making: each operation takes effect at
/// one moment between its invocation and its completion, those that nobody knows of at some later one, or
/// never.
struct ConcurrentBank {
    private(set) var history: [DecreeSimulator.Operation] = []

    private struct Plan {
        let client: Int
        let request: DecreeSimulator.Operation.Request
        let invoked: UInt64
        let effect: UInt64?
        let completed: UInt64
        let isKnown: Bool
    }

    /// - Parameter unknown: how many of a hundred commands come to an unknown end.
    init(seed: UInt64, clients: Int = 8, operations: Int = 200, accounts: Int = 4, unknown: Int = 8) {
        var random = SeededGenerator(seed: seed)
        var plans: [Plan] = []
        for client in 0..<clients {
            var time = UInt64.random(in: 0..<100, using: &random)
            for number in 0..<(operations / clients) {
                let isFirst = number == 0 && client < accounts
                let request =
                    isFirst
                    ? .command(
                        BankCommand.open(Self.account(client), balance: 1_000_000).bytes)
                    : Self.request(accounts, client: client, number: number, &random)
                let end = time + UInt64.random(in: 1...200, using: &random)
                var effect: UInt64? = UInt64.random(in: time...end, using: &random)
                var isKnown = true
                if case .query = request {
                } else if !isFirst, Int.random(in: 0..<100, using: &random) < unknown {
                    isKnown = false
                    let late = UInt64.random(in: 0..<2_000, using: &random)
                    effect = Bool.random(using: &random) ? time + late : nil
                }
                plans.append(
                    Plan(
                        client: client, request: request, invoked: time, effect: effect, completed: end,
                        isKnown: isKnown))
                time = end + UInt64.random(in: 1...60, using: &random)
            }
        }
        var bank = Bank()
        for plan in plans.sorted(by: { ($0.effect ?? .max, $0.client) < ($1.effect ?? .max, $1.client) }) {
            var reply: Reply?
            if plan.effect != nil {
                switch plan.request {
                case .command(let bytes):
                    reply = bank.execute(bytes[...], at: LogPosition(slot: Slot(1), index: 0))
                case .batch(let bytes):
                    reply = CommandBatch(bytes: bytes[...]).map {
                        bank.execute($0, at: LogPosition(slot: Slot(1), index: 0))
                    }
                case .query(let bytes, _): reply = bank.query(bytes[...])
                }
            }
            let outcome: Outcome =
                if plan.isKnown, let reply { HandMade.outcome(reply, Receipt()) } else {
                    .unknown(.deadlinePassed(.noAnswer), Receipt())
                }
            history.append(
                Operation(
                    client: plan.client, number: history.count, request: plan.request,
                    invoked: plan.invoked, completed: plan.completed, outcome: outcome))
        }
        history.sort { $0.invoked < $1.invoked }
    }

    /// Changes the first answer among these that shows a balance: one coin more. Returns whose it was.
    mutating func spoilOne(of indices: Range<Int>) -> Int? {
        for index in indices where spoil(index) { return index }
        return nil
    }

    private mutating func spoil(_ index: Int) -> Bool {
        let old = history[index]
        guard let reply = old.reply, let result = BankResult(reply), let completed = old.completed else {
            return false
        }
        let spoilt: BankResult
        switch result {
        case .balance(let balance): spoilt = .balance(balance + 1)
        case .transferred(let from, let to): spoilt = .transferred(from: from + 1, to: to)
        case .number, .rejected: return false
        }
        history[index] = Operation(
            client: old.client, number: old.number, request: old.request, invoked: old.invoked,
            completed: completed, outcome: HandMade.outcome(spoilt.reply, Receipt()))
        return true
    }

    func search(limit: Int = 100_000) -> Linearizability {
        Linearizability(history, model: BankModel(), configurationLimit: limit, wording: .bank)
    }

    private static func account(_ number: Int) -> AccountName { .named("account-\(number)") }

    private static func request(
        _ accounts: Int, client: Int, number: Int, _ random: inout SeededGenerator
    ) -> DecreeSimulator.Operation.Request {
        let first = account(Int.random(in: 0..<accounts, using: &random))
        let second = account(Int.random(in: 0..<accounts, using: &random))
        let amount = Int64(number * 100 + client + 1)
        return switch Int.random(in: 0..<100, using: &random) {
        case ..<42: .command(BankCommand.transfer(from: first, to: second, amount: amount).bytes)
        case ..<50:
            .batch(
                CommandBatch(
                    [
                        BankCommand.transfer(from: first, to: second, amount: amount).bytes[...],
                        BankCommand.withdraw(second, amount: amount * 3_000).bytes[...],
                    ], isAtomic: Bool.random(using: &random)
                ).bytes)
        case ..<60: .command(BankCommand.deposit(first, amount: amount).bytes)
        case ..<70: .command(BankCommand.withdraw(first, amount: amount).bytes)
        case ..<95: .query(BankQuery.balance(first).bytes, .linearizable)
        default: .query(BankQuery.total.bytes, .linearizable)
        }
    }
}
