import Bank
import Paxos
import Testing

extension SeededGenerator {
    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
    }
}

/// A seed of the run's own, printed; put it in `seed` to see a failure again.
func freshSeed(_ test: String = #function) -> UInt64 {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("\(test): seed \(seed)")
    return seed
}

func name(_ text: String) -> AccountName {
    do { return try AccountName(text) } catch { fatalError("\(text.debugDescription): \(error)") }
}

/// The machine as a node runs it: bytes in, a reply out. It does not look at the position.
func execute(_ command: BankCommand, on bank: inout Bank) -> BankResult? {
    BankResult(bank.execute(command.bytes[...], at: LogPosition(slot: Slot(1), index: 0)))
}

func ask(_ query: BankQuery, of bank: Bank) -> BankResult? { BankResult(bank.query(query.bytes[...])) }

/// A bank in which these accounts were opened.
func bank(_ balances: KeyValuePairs<String, Int64>) -> Bank {
    var bank = Bank()
    for (account, balance) in balances {
        let result = execute(.open(name(account), balance: balance), on: &bank)
        #expect(result == .balance(balance))
    }
    return bank
}

extension BankCommand {
    /// Any command over a few accounts, with amounts from the sensible to the absurd.
    static func random(using generator: inout SeededGenerator) -> BankCommand {
        let first = name("account-\(Int.random(in: 0..<40, using: &generator))")
        let second = name("account-\(Int.random(in: 0..<40, using: &generator))")
        let amount: Int64 =
            switch Int.random(in: 0..<20, using: &generator) {
            case 0: 0
            case 1: .random(in: Int64.min..<0, using: &generator)
            case 2: .random(in: 1...Int64.max, using: &generator)
            case 3: .max
            default: .random(in: 1...1_000, using: &generator)
            }
        switch Int.random(in: 0..<10, using: &generator) {
        case 0: return .open(first, balance: amount)
        case 1: return .deposit(first, amount: amount)
        case 2: return .withdraw(first, amount: amount)
        default: return .transfer(from: first, to: second, amount: amount)
        }
    }
}

extension Bank {
    /// The digest of a bank in which the same accounts were just opened, in the same order.
    var digestFromScratch: Digest {
        var fresh = Bank()
        let numbered = accounts.map { account -> (number: UInt32, name: AccountName, balance: Int64) in
            guard case .number(let number) = ask(.number(account.name), of: self) else {
                fatalError("\(account.name) has no number")
            }
            return (number.rawValue, account.name, account.balance)
        }
        for account in numbered.sorted(by: { $0.number < $1.number }) {
            _ = BankTests.execute(.open(account.name, balance: account.balance), on: &fresh)
        }
        return fresh.digest()
    }
}
