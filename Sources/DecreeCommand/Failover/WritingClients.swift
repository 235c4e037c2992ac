import Bank
import DecreeClient
import Paxos
import Synchronization

/// Clients that write as fast as they are answered, each to an account of its own, and count what they were told: in
/// the end each account must hold what was paid in.
final class WritingClients: Sendable {
    /// What one client was told.
    private struct Count {
        var acknowledged: Int64 = 0
        /// Deposits that may have been made.
        var unknown: Int64 = 0
    }

    private let client: DecreeClient
    private let count: Int
    private let timeline: WriteTimeline
    private let isStopping = Atomic<Bool>(false)
    private let counts: Mutex<[Count]>

    init(client: DecreeClient, count: Int, timeline: WriteTimeline) {
        self.client = client
        self.count = count
        self.timeline = timeline
        counts = Mutex(Array(repeating: Count(), count: count))
    }

    func stop() { isStopping.store(true, ordering: .releasing) }

    /// Writes until it is stopped.
    func run() async {
        await withDiscardingTaskGroup { group in
            for number in 0..<count { group.addTask { await self.work(number) } }
        }
    }

    private func work(_ number: Int) async {
        let session = client.session()
        let account = CrashWorkload.name("client-\(number)")
        _ = await session.submit(BankCommand.open(account, balance: 0).bytes)
        while !isStopping.load(ordering: .acquiring) {
            let outcome = await session.submit(BankCommand.deposit(account, amount: 1).bytes)
            switch outcome {
            case .ok:
                timeline.acknowledged()
                counts.withLock { $0[number].acknowledged += 1 }
            case .unknown: counts.withLock { $0[number].unknown += 1 }
            case .rejected, .failed: break
            }
        }
    }

    /// Accounts that do not hold what was paid in, in words.
    func complaints() async -> [String] {
        let session = client.session()
        var complaints: [String] = []
        for (number, count) in counts.withLock({ $0 }).enumerated() {
            let query = BankQuery.balance(CrashWorkload.name("client-\(number)"))
            let outcome = await session.query(query.bytes)
            guard case .ok(let reply, _) = outcome, case .balance(let balance)? = BankResult(.ok(reply))
            else {
                complaints.append("client \(number)'s balance cannot be read: \(outcome)")
                continue
            }
            let possible = count.acknowledged...count.acknowledged + count.unknown
            if !possible.contains(balance) {
                complaints.append(
                    "client \(number) was told of \(count.acknowledged) deposits, \(count.unknown) are unknown, and "
                        + "its account holds \(balance)")
            }
        }
        return complaints
    }
}
