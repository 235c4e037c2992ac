import Bank
import Paxos
import Testing

@testable import DecreeCommand

@Suite struct BenchWorkloadTests {
    @Test(arguments: Work.allCases) func theSameSeedMakesTheSameRequests(work: Work) throws {
        let workload = try Workload(work: work, accounts: 50, valueBytes: 32)
        func requests(_ seed: UInt64) -> [ArraySlice<UInt8>] {
            var source = workload.requests(seed: seed)
            return (0..<100).map { _ in source.next().payload }
        }
        #expect(requests(7) == requests(7))
        #expect(requests(7) != requests(8))
    }

    @Test func transfersMoveMoneyBetweenTwoOfTheAccounts() throws {
        let workload = try Workload(work: .bank, accounts: 3, valueBytes: 0)
        var source = workload.requests(seed: 1)
        var pairs: Set<[AccountName]> = []
        for _ in 0..<200 {
            guard case .transfer(let from, let to, let amount) = try BankCommand(bytes: source.next().payload)
            else {
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
        for _ in 0..<100 { #expect(!execute(source.next().payload).isRejected) }
    }

    @Test func transfersOfABatchNameTheAccountsByNumber() throws {
        let numbers = (0..<4).map { AccountNumber(rawValue: UInt32(10 + $0)) }
        let workload = try Workload(work: .bank, accounts: 4, valueBytes: 0, batch: 50).numbered(numbers)
        var source = workload.requests(seed: 1)
        guard case .transfers(let transfers) = try BankCommand(bytes: source.next().payload) else {
            Issue.record("no transfers")
            return
        }
        #expect(transfers.all.count == 50 && !transfers.isAtomic)
        #expect(
            transfers.all.allSatisfy {
                numbers.contains($0.from) && numbers.contains($0.to) && $0.from != $0.to
            })
    }

    @Test func valuesOfABatchAreCommands() throws {
        var source = try Workload(work: .append, accounts: 0, valueBytes: 32, batch: 20).requests(seed: 1)
        guard case .batch(let batch) = source.next() else {
            Issue.record("no batch")
            return
        }
        #expect(batch.commands.count == 20 && batch.commands.allSatisfy { $0.count == 32 })
        #expect(Set(batch.commands).count > 10)
    }

    @Test func readsAskForTheBalanceOfAnAccount() throws {
        let workload = try Workload(work: .read, accounts: 5, valueBytes: 0)
        var source = workload.requests(seed: 1)
        guard case .query(let query) = source.next(), case .balance(let account) = try BankQuery(bytes: query)
        else {
            Issue.record("no balance is asked for")
            return
        }
        #expect(workload.accounts.contains(account))
    }

    @Test(arguments: [1, 8, 256]) func appendedValuesHaveTheirSizeAndDiffer(bytes: Int) throws {
        var source = try Workload(work: .append, accounts: 0, valueBytes: bytes).requests(seed: 1)
        let values = (0..<20).map { _ in source.next().payload }
        #expect(values.allSatisfy { $0.count == bytes })
        #expect(Set(values).count > 10)
    }
}
