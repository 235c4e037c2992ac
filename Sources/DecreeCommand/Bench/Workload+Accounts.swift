import Bank
import DecreeClient
import Paxos

// What is asked of the bank for every account, before the clock starts or when it has stopped: many at a time.
extension Workload {
    /// Opens the accounts. Those that are there from an earlier run are as good.
    func openAccounts(with client: DecreeClient) async throws {
        let session = client.session()
        let openings = openings
        // One batch after the other, so that a fresh bank numbers the accounts in their order.
        for start in stride(from: 0, to: openings.count, by: CommandBatch.commandLimit) {
            let end = min(start + CommandBatch.commandLimit, openings.count)
            let batch = CommandBatch(openings[start..<end].map { $0[...] })
            let outcome = await session.submit(batch, deadline: .seconds(30))
            if let trouble = outcome.trouble {
                throw ToolError(.checkFailed, "cannot open the accounts: \(trouble)")
            }
        }
    }

    /// The same, knowing the accounts' numbers if requests name them so.
    func numbered(by client: DecreeClient) async throws -> Workload {
        guard wantsNumbers else { return self }
        return numbered(
            try await ask(client, { .number($0) }) { result in
                if case .number(let number) = result { number } else { nil }
            })
    }

    /// Asks something for each account, in their order.
    func ask<Answer: Sendable>(
        _ client: DecreeClient, _ query: @escaping @Sendable (AccountName) -> BankQuery,
        _ answer: (BankResult) -> Answer?
    ) async throws -> [Answer] {
        let session = client.session()
        let accounts = accounts
        var answers = [Answer?](repeating: nil, count: accounts.count)
        var next = 0
        try await withThrowingTaskGroup(of: (Int, Outcome).self) { group in
            func add() {
                guard next < accounts.count else { return }
                let index = next
                next += 1
                group.addTask {
                    (index, await session.query(query(accounts[index]).bytes, deadline: .seconds(60)))
                }
            }
            for _ in 0..<512 { add() }
            while let (index, outcome) = try await group.next() {
                guard case .ok(let reply, _) = outcome, let answer = BankResult(.ok(reply)).flatMap(answer)
                else { throw ToolError(.checkFailed, "\(accounts[index]) cannot be read: \(outcome)") }
                answers[index] = answer
                add()
            }
        }
        return answers.compactMap { $0 }
    }
}
