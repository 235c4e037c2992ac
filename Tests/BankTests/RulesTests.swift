import Bank
import Testing

/// One line a rule: what the bank holds, what is asked, what it says.
struct Rule: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let command: BankCommand
    let result: BankResult

    init(_ description: String, _ command: BankCommand, _ result: BankResult) {
        testDescription = description
        self.command = command
        self.result = result
    }
}

/// Every rule is tried on a bank of alice (100), bob (50), and nobody else.
@Suite struct RulesTests {
    static let alice = name("alice")
    static let bob = name("bob")
    static let carol = name("carol")
    static let room = Int64.max - 150

    static let accepted: [Rule] = [
        Rule("an account opens", .open(carol, balance: 7), .balance(7)),
        Rule("an account opens with nothing", .open(carol, balance: 0), .balance(0)),
        Rule("an account opens with all the room there is", .open(carol, balance: room), .balance(room)),
        Rule("a deposit adds", .deposit(alice, amount: 1), .balance(101)),
        Rule("a deposit fills the bank", .deposit(alice, amount: room), .balance(room + 100)),
        Rule("a withdrawal takes", .withdraw(alice, amount: 1), .balance(99)),
        Rule("a withdrawal empties", .withdraw(alice, amount: 100), .balance(0)),
        Rule("a transfer moves", .transfer(from: alice, to: bob, amount: 30), .transferred(from: 70, to: 80)),
        Rule(
            "a transfer empties", .transfer(from: bob, to: alice, amount: 50), .transferred(from: 0, to: 150)),
    ]

    static let rejected: [Rule] = [
        Rule("open with less than nothing", .open(carol, balance: -1), .rejected(.negativeBalance)),
        Rule("open twice", .open(alice, balance: 100), .rejected(.duplicateAccount)),
        Rule("open over the total", .open(carol, balance: room + 1), .rejected(.totalOverflow)),
        Rule("deposit nothing", .deposit(alice, amount: 0), .rejected(.amountNotPositive)),
        Rule("deposit less than nothing", .deposit(alice, amount: -1), .rejected(.amountNotPositive)),
        Rule("deposit to nobody", .deposit(carol, amount: 1), .rejected(.unknownAccount)),
        Rule("deposit over the total", .deposit(alice, amount: room + 1), .rejected(.totalOverflow)),
        Rule("deposit over the account", .deposit(alice, amount: .max - 99), .rejected(.balanceOverflow)),
        Rule("withdraw nothing", .withdraw(alice, amount: 0), .rejected(.amountNotPositive)),
        Rule("withdraw the least there is", .withdraw(alice, amount: .min), .rejected(.amountNotPositive)),
        Rule("withdraw from nobody", .withdraw(carol, amount: 1), .rejected(.unknownAccount)),
        Rule("withdraw too much", .withdraw(alice, amount: 101), .rejected(.insufficientFunds)),
        Rule(
            "transfer nothing", .transfer(from: alice, to: bob, amount: 0), .rejected(.amountNotPositive)),
        Rule(
            "transfer backwards", .transfer(from: alice, to: bob, amount: -1), .rejected(.amountNotPositive)),
        Rule("transfer to itself", .transfer(from: alice, to: alice, amount: 1), .rejected(.sameAccount)),
        Rule(
            "transfer too much", .transfer(from: alice, to: bob, amount: 101), .rejected(.insufficientFunds)),
        Rule("transfer from nobody", .transfer(from: carol, to: bob, amount: 1), .rejected(.unknownAccount)),
        Rule("transfer to nobody", .transfer(from: alice, to: carol, amount: 1), .rejected(.unknownAccount)),
        Rule("the amount before the names", .deposit(carol, amount: 0), .rejected(.amountNotPositive)),
        Rule(
            "itself before unknown", .transfer(from: carol, to: carol, amount: 1), .rejected(.sameAccount)),
        Rule(
            "the names before the funds", .transfer(from: alice, to: carol, amount: 101),
            .rejected(.unknownAccount)),
    ]

    @Test(arguments: accepted) func isDone(_ rule: Rule) {
        var bank = bank(["alice": 100, "bob": 50])
        let before = bank.digest()
        #expect(execute(rule.command, on: &bank) == rule.result)
        #expect(bank.digest() != before)
    }

    @Test(arguments: rejected) func isRejectedAndChangesNothing(_ rule: Rule) {
        var bank = bank(["alice": 100, "bob": 50])
        let before = bank
        #expect(execute(rule.command, on: &bank) == rule.result)
        #expect(bank.digest() == before.digest())
        #expect(bank.snapshot() == before.snapshot())
    }

    @Test func onlyOpeningDepositingAndWithdrawingChangeTheTotal() {
        var bank = bank(["alice": 100, "bob": 50])
        _ = execute(.transfer(from: Self.alice, to: Self.bob, amount: 30), on: &bank)
        #expect(bank.total == 150)
        _ = execute(.deposit(Self.bob, amount: 5), on: &bank)
        #expect(bank.total == 155)
        _ = execute(.withdraw(Self.alice, amount: 15), on: &bank)
        #expect(bank.total == 140)
        _ = execute(.open(Self.carol, balance: 2), on: &bank)
        #expect(bank.total == 142)
    }

    @Test func theWholeOfAFullBankCanBeMoved() {
        var bank = bank(["alice": .max, "bob": 0])
        let result = execute(.transfer(from: Self.alice, to: Self.bob, amount: .max), on: &bank)
        #expect(result == .transferred(from: 0, to: .max))
        #expect(bank.total == .max)
    }

    @Test func queriesAnswerFromTheState() {
        let bank = bank(["alice": 100, "bob": 50])
        #expect(ask(.balance(Self.alice), of: bank) == .balance(100))
        #expect(ask(.total, of: bank) == .balance(150))
        #expect(ask(.balance(Self.carol), of: bank) == .rejected(.unknownAccount))
        #expect(bank.balance(of: Self.bob) == 50)
        #expect(bank.balance(of: Self.carol) == nil)
        #expect(bank.accountCount == 2)
    }

    /// The texts are in replies that nodes of two versions must give alike: this list only grows.
    @Test func theTextsOfRejectionsStayAsTheyAre() {
        let texts = [
            "malformed command", "empty name", "name too long", "name not printable", "negative balance",
            "amount not positive", "duplicate account", "unknown account", "same account",
            "insufficient funds", "balance overflow", "total overflow", "too many accounts",
        ]
        #expect(BankRejection.allCases.map(\.rawValue) == texts)
        for rejection in BankRejection.allCases {
            #expect(BankResult(BankResult.rejected(rejection).reply) == .rejected(rejection))
            #expect(!rejection.description.isEmpty)
        }
    }
}
