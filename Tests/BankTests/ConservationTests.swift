import Bank
import Paxos
import Testing

/// Invariants 21 (Conservation) and 12 (equal states have equal digests).
@Suite struct ConservationTests {
    static let operations = 100_000

    /// Replies alone tell what the total must be.
    @Test func moneyIsNeitherMadeNorLost() throws {
        let seed = freshSeed()
        var generator = SeededGenerator(seed: seed)
        var bank = Bank()
        var expected: Int64 = 0
        var done = 0
        for number in 0..<Self.operations {
            let command = BankCommand.random(using: &generator)
            let result = execute(command, on: &bank)
            if case .rejected = result {
            } else {
                done += 1
                switch command {
                case .open(_, let balance): expected += balance
                case .deposit(_, let amount): expected += amount
                case .withdraw(_, let amount): expected -= amount
                case .transfer, .transfers: break
                }
            }
            try #require(bank.total == expected, "seed \(seed), operation \(number), \(command)")
            if number % 1_000 == 0 {
                let balances = bank.accounts.map(\.balance)
                try #require(balances.allSatisfy { $0 >= 0 }, "seed \(seed), operation \(number)")
                try #require(balances.reduce(0, +) == expected, "seed \(seed), operation \(number)")
                try #require(bank.digest() == bank.digestFromScratch, "seed \(seed), operation \(number)")
            }
        }
        #expect(done > Self.operations / 4, "seed \(seed): nearly everything was rejected")
    }

    /// A plain dictionary with plain rules gives the same replies.
    @Test func theBankAgreesWithASimplerOne() throws {
        let seed = freshSeed()
        var generator = SeededGenerator(seed: seed)
        var bank = Bank()
        var model = Model()
        for number in 0..<Self.operations {
            let command = BankCommand.random(using: &generator)
            let (result, expected) = (execute(command, on: &bank), model.execute(command))
            try #require(result == expected, "seed \(seed), operation \(number), \(command)")
        }
        for (account, balance) in model.balances {
            #expect(bank.balance(of: name(account)) == balance, "seed \(seed)")
        }
        #expect(bank.accountCount == model.balances.count, "seed \(seed)")
    }

    @Test func twoMachinesFedTheSameAgreeAtEveryStep() throws {
        let seed = freshSeed()
        var generator = SeededGenerator(seed: seed)
        var (one, other) = (Bank(), Bank())
        for number in 0..<10_000 {
            let bytes = BankCommand.random(using: &generator).bytes
            let first = one.execute(bytes[...], at: LogPosition(slot: Slot(1), index: 0))
            let second = other.execute(bytes[...], at: LogPosition(slot: Slot(9), index: 9))
            try #require(first == second, "seed \(seed), operation \(number)")
            try #require(one.digest() == other.digest(), "seed \(seed), operation \(number)")
        }
        #expect(one.snapshot() == other.snapshot(), "seed \(seed)")
    }

    @Test func theDigestTellsTheStateAndNotHowItCameAbout() {
        let one = bank(["a": 1, "b": 2, "c": 3])
        var other = bank(["a": 3, "b": 0, "c": 1])
        _ = execute(.transfer(from: name("a"), to: name("c"), amount: 2), on: &other)
        _ = execute(.deposit(name("b"), amount: 2), on: &other)
        #expect(other.digest() == one.digest())
        let others = [
            bank(["c": 3, "a": 1, "b": 2]),
            Bank(), bank(["a": 1, "b": 2]), bank(["a": 2, "b": 1, "c": 3]), bank(["a": 1, "b": 2, "d": 3]),
            bank(["a": 1, "b": 2, "c": 3, "d": 0]), bank(["a": 1, "b": 2, "c": 4]),
        ]
        for other in others { #expect(other.digest() != one.digest()) }
        #expect(Set((others + [one]).map { $0.digest() }).count == others.count + 1)
    }

    /// Digests are compared between processes and versions: this one stays.
    @Test func theDigestStaysAsItIs() {
        #expect(bank(["alice": 100, "bob": 50]).digest().description == "11a8779aff489de9")
    }
}

/// The rules once more, as plainly as they can be put.
private struct Model {
    var balances: [String: Int64] = [:]

    mutating func execute(_ command: BankCommand) -> BankResult {
        let total = balances.values.reduce(0, +)
        switch command {
        case .open(let account, let balance):
            if balance < 0 { return .rejected(.negativeBalance) }
            if balances[account.text] != nil { return .rejected(.duplicateAccount) }
            if total.addingReportingOverflow(balance).overflow { return .rejected(.totalOverflow) }
            balances[account.text] = balance
            return .balance(balance)
        case .deposit(let account, let amount):
            if amount <= 0 { return .rejected(.amountNotPositive) }
            guard let old = balances[account.text] else { return .rejected(.unknownAccount) }
            let (new, overflow) = old.addingReportingOverflow(amount)
            if overflow { return .rejected(.balanceOverflow) }
            if total.addingReportingOverflow(amount).overflow { return .rejected(.totalOverflow) }
            balances[account.text] = new
            return .balance(new)
        case .withdraw(let account, let amount):
            if amount <= 0 { return .rejected(.amountNotPositive) }
            guard let old = balances[account.text] else { return .rejected(.unknownAccount) }
            if old < amount { return .rejected(.insufficientFunds) }
            balances[account.text] = old - amount
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
        case .transfers: return .rejected(.malformed)
        }
    }
}
