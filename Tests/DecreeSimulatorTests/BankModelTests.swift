import Bank
import DecreeSimulator
import Paxos
import Testing

/// The bank and its model, which share no rule, answer alike.
@Suite struct BankModelTests {
    private let position = LogPosition(slot: Slot(1), index: 0)

    @Test(arguments: 0..<20) func itAnswersAsTheBankDoes(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var bank = Bank()
        var model = BankModel()
        let names = (0..<5).map { AccountName.named("account-\($0)") }
        let amounts: [Int64] = [.min, -1, 0, 1, 7, 100, .max / 2, .max - 1, .max]
        var rejections: Set<BankRejection> = []
        for step in 0..<2_000 {
            let first = names[Int.random(in: 0..<5, using: &random)]
            let second = names[Int.random(in: 0..<5, using: &random)]
            let amount = amounts[Int.random(in: 0..<amounts.count, using: &random)]
            let command: BankCommand =
                switch Int.random(in: 0..<16, using: &random) {
                case 0: .open(first, balance: amount)
                case 1..<4: .deposit(first, amount: amount)
                case 4..<8: .withdraw(first, amount: amount)
                default: .transfer(from: first, to: second, amount: amount)
                }
            let reply = bank.execute(command.bytes[...], at: position)
            #expect(model.execute(command.bytes[...], at: position) == reply, "seed \(seed), step \(step)")
            if case .rejected(let rejection)? = BankResult(reply) { rejections.insert(rejection) }
            for query in [BankQuery.total, .balance(first)] {
                #expect(model.query(query.bytes[...]) == bank.query(query.bytes[...]))
            }
        }
        #expect(model.flaws() == [] && model.differences(from: bank) == [])
        #expect(rejections.count >= 7, "seed \(seed): \(rejections)")
    }

    @Test(arguments: [[], [1], [99], [1, 0, 0, 0, 0, 0, 0, 0, 0, 0], [16]] as [[UInt8]])
    func bytesThatAreNoCommandAreRefusedAlike(bytes: [UInt8]) {
        var bank = Bank()
        var model = BankModel()
        #expect(model.execute(bytes[...], at: position) == bank.execute(bytes[...], at: position))
        #expect(model.query(bytes[...]) == bank.query(bytes[...]))
    }

    @Test func aSnapshotIsTheWholeState() throws {
        let run = HandMade()
        let model = try #require(run.check().model as? BankModel)
        var restored = BankModel()
        #expect(restored.digest() != model.digest())
        try restored.restore(from: model.snapshot()[...])
        #expect(restored.digest() == model.digest() && restored.balances == model.balances)
        #expect(throws: MachineRestoreError.self) { try restored.restore(from: model.snapshot().dropLast()) }
        #expect(restored.digest() == model.digest(), "it is as it was")
    }

    @Test func moneyThatCameFromNowhereIsAFlaw() throws {
        let run = HandMade()
        let model = try #require(run.check().model as? BankModel)
        var snapshot = model.snapshot()
        // What was paid in stands in the first 8 bytes.
        snapshot[0] += 1
        var spoilt = BankModel()
        try spoilt.restore(from: snapshot[...])
        #expect(spoilt.flaws() == ["accounts hold 157, and 158 was paid in"])
    }

    @Test func aDebtIsAFlaw() throws {
        let command = BankCommand.open(.a, balance: -5).bytes
        var snapshot = [UInt8](repeating: 0xff, count: 8) + [UInt8](repeating: 0, count: 8)
        snapshot[0] = 0xfb
        snapshot += [UInt8(command.count), 0] + command
        var model = BankModel()
        try model.restore(from: snapshot[...])
        #expect(model.flaws() == ["a holds -5"])
    }
}
