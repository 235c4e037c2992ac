import Bank
import Paxos
import Testing

@testable import DecreeCommand

@Suite struct BenchWorkloadTests {
    @Test(arguments: Work.allCases) func theSameSeedMakesTheSameRequests(work: Work) throws {
        let workload = try Workload(work: work, accounts: 50, valueBytes: 32)
        func requests(_ seed: UInt64) -> [ArraySlice<UInt8>] {
            var source = workload.requests(seed: seed)
            return (0..<100).map { _ in source.next() }
        }
        #expect(requests(7) == requests(7))
        #expect(requests(7) != requests(8))
    }

    @Test func transfersMoveMoneyBetweenTwoOfTheAccounts() throws {
        let workload = try Workload(work: .bank, accounts: 3, valueBytes: 0)
        var source = workload.requests(seed: 1)
        var pairs: Set<[AccountName]> = []
        for _ in 0..<200 {
            guard case .transfer(let from, let to, let amount) = try BankCommand(bytes: source.next()) else {
                Issue.record("no transfer")
                return
            }
            #expect(from != to && workload.accounts.contains(from) && workload.accounts.contains(to))
            #expect((1...Workload.largestAmount).contains(amount))
            pairs.insert([from, to])
        }
        #expect(pairs.count == 6, "every ordered pair comes up")
    }

    @Test func transfersBetweenTheOpenedAccountsAreExecuted() throws {
        let workload = try Workload(work: .bank, accounts: 10, valueBytes: 0)
        var bank = Bank()
        func execute(_ command: ArraySlice<UInt8>) -> Reply {
            bank.execute(command, at: LogPosition(slot: Slot(1), index: 0))
        }
        for opening in workload.openings { #expect(!execute(opening[...]).isRejected) }
        var source = workload.requests(seed: 3)
        for _ in 0..<100 { #expect(!execute(source.next()).isRejected) }
    }

    @Test func readsAskForTheBalanceOfAnAccount() throws {
        let workload = try Workload(work: .read, accounts: 5, valueBytes: 0)
        var source = workload.requests(seed: 1)
        #expect(source.isQuery)
        guard case .balance(let account) = try BankQuery(bytes: source.next()) else {
            Issue.record("no balance is asked for")
            return
        }
        #expect(workload.accounts.contains(account))
    }

    @Test(arguments: [1, 8, 256]) func appendedValuesHaveTheirSizeAndDiffer(bytes: Int) throws {
        var source = try Workload(work: .append, accounts: 0, valueBytes: bytes).requests(seed: 1)
        let values = (0..<20).map { _ in source.next() }
        #expect(values.allSatisfy { $0.count == bytes })
        #expect(Set(values).count > 10)
    }
}
