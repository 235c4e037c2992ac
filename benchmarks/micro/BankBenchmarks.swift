import Bank
import Paxos

/// A transfer between two of many accounts, as the log has it; and all accounts as a snapshot.
enum BankBenchmarks {
    static func run(_ stopwatch: inout Stopwatch, _ sink: Sink) throws {
        for (count, words) in [(10_000, "10,000"), (1_000_000, "1,000,000")] {
            var bank = Bank()
            var position = LogPosition(slot: Slot(1), index: 0)
            func next() -> LogPosition {
                position = LogPosition(slot: position.slot.next, index: 0)
                return position
            }
            let names = try (0..<count).map { try AccountName("account-\($0)") }
            for name in names {
                _ = bank.execute(BankCommand.open(name, balance: 1_000_000).bytes[...], at: next())
            }
            guard bank.accountCount == count else { throw BenchmarkFailure("the accounts were not opened") }
            // Made beforehand: who asks makes them, elsewhere.
            var random = SeededGenerator(seed: 1)
            let transfers = (0..<4_096).map { _ in
                let from = Int.random(in: 0..<count, using: &random)
                let to = (from + Int.random(in: 1..<count, using: &random)) % count
                return BankCommand.transfer(from: names[from], to: names[to], amount: 1).bytes
            }
            var number = 0
            var rejected = 0
            stopwatch.measure("bank: transfer among \(words) accounts") {
                let reply = bank.execute(transfers[number % transfers.count][...], at: next())
                if reply.isRejected { rejected += 1 }
                number += 1
            }
            guard rejected == 0 else { throw BenchmarkFailure("\(rejected) transfers were refused") }
            stopwatch.measure("bank: snapshot, each of \(words) accounts", parts: count) {
                sink.take(bank.snapshot().count)
            }
        }
    }
}
