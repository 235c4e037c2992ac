import Bank
import Paxos
import Testing

@testable import DecreeSimulator

/// Batches as nodes execute them, and as the checkers do, which share the form of bytes and no more.
@Suite struct ModelBatchTests {
    private let position = LogPosition(slot: Slot(1), index: 0)

    @Test(arguments: 0..<20) func theyAnswerAlike(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let workload = BankWorkload(accounts: 4)
        var bank = Bank()
        var model = BankModel()
        var (done, refusedWhole, refusedInPart) = (0, 0, 0)
        for number in 1...2_000 {
            let request = workload.next(client: 0, number: number, clients: 1, after: nil, &random)
            switch request {
            case .query: break
            case .command(let bytes):
                #expect(
                    model.execute(bytes[...], at: position) == bank.execute(bytes[...], at: position))
            case .batch(let bytes):
                let batch = try #require(CommandBatch(bytes: bytes[...]))
                let reply = bank.execute(batch, at: position)
                #expect(
                    model.executeAsSpecified(batch: bytes[...], at: position) == reply,
                    "seed \(seed), \(Wording.bank.request(request))")
                let replies = BatchReply.replies(in: reply.bytes) ?? []
                if reply.isRejected {
                    #expect(batch.isAtomic)
                    refusedWhole += 1
                } else if replies.contains(where: \.isRejected) {
                    #expect(!batch.isAtomic)
                    refusedInPart += 1
                } else {
                    done += 1
                }
            }
        }
        #expect(model.flaws() == [] && model.differences(from: bank) == [])
        #expect(done > 5 && refusedWhole > 5 && refusedInPart > 5)
    }

    @Test(arguments: [true, false]) func repliesWithoutRoomAreLeftOutAlike(isAtomic: Bool) throws {
        let batch = CommandBatch([[31], [1], [0], [20]], isAtomic: isAtomic)
        var (nodes, specified) = (Talker(), Talker())
        let reply = nodes.execute(batch, at: position)
        #expect(specified.executeAsSpecified(batch: batch.bytes[...], at: position) == reply)
        #expect(nodes.count == specified.count && nodes.count == (isAtomic ? 0 : 4))
    }

    /// What the bank refused within a batch was not paid out, and loosens no bound.
    @Test func totalsTellWhatOfABatchWasRefused() throws {
        let (rich, poor) = (AccountName.named("rich"), AccountName.named("poor"))
        let batch = CommandBatch([
            BankCommand.withdraw(rich, amount: 1_000_000_000_000).bytes[...],
            BankCommand.open(poor, balance: 7).bytes[...],
        ])
        let replies = [BankResult.rejected(.insufficientFunds).reply, BankResult.balance(7).reply]
        func history(total: Int64) -> [DecreeSimulator.Operation] {
            let asked: [(DecreeSimulator.Operation.Request, [UInt8])] = [
                (.command(BankCommand.open(rich, balance: 100).bytes), BankResult.balance(100).reply.bytes),
                (.batch(batch.bytes), BatchReply.bytes(of: replies)),
                (.query(BankQuery.total.bytes, .linearizable), BankResult.balance(total).reply.bytes),
            ]
            return asked.enumerated().map { place, asked in
                let time = UInt64(place) * 10
                return DecreeSimulator.Operation(
                    client: 0, number: place + 1, request: asked.0, invoked: time, completed: time + 5,
                    outcome: .ok(reply: asked.1, Receipt()))
            }
        }
        #expect(BankTotals(history(total: 107)).violations.isEmpty)
        #expect(BankTotals(history(total: 100)).violations.map(\.kind) == [.stale])
        #expect(BankTotals(history(total: 108)).violations.map(\.kind) == [.stale])
    }

    @Test func bytesThatAreNoneAreRefused() {
        var bank = Bank()
        #expect(bank.executeAsSpecified(batch: [7], at: position).isRejected)
    }
}

/// Answers with as many times 64 KiB as it is told, and counts.
private struct Talker: StateMachine {
    var count = 0

    mutating func execute(_ command: ArraySlice<UInt8>, at position: LogPosition) -> Reply {
        count += 1
        return .ok(Array(repeating: 0x2e, count: Int(command.first ?? 0) << 16))
    }

    func query(_ query: ArraySlice<UInt8>) -> Reply { .ok([]) }
    func digest() -> Digest { Digest(of: [UInt8(truncatingIfNeeded: count)]) }
    func snapshot() -> [UInt8] { [] }
    mutating func restore(from snapshot: ArraySlice<UInt8>) throws(MachineRestoreError) {}
}
