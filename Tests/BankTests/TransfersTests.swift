import Paxos
import Testing

@testable import Bank

/// Many transfers in one command.
@Suite struct TransfersTests {
    private static func execute(_ transfers: Transfers, on bank: inout Bank) -> TransfersResult? {
        TransfersResult(
            bank.execute(
                BankCommand.transfers(transfers).bytes[...], at: LogPosition(slot: Slot(1), index: 0)))
    }

    private static func transfer(_ from: UInt32, _ to: UInt32, _ amount: Int64) -> Transfers.Transfer {
        .init(from: AccountNumber(rawValue: from), to: AccountNumber(rawValue: to), amount: amount)
    }

    private static func random(using generator: inout SeededGenerator) -> Transfers.Transfer {
        transfer(
            .random(in: 0..<11, using: &generator), .random(in: 0..<11, using: &generator),
            .random(in: 0..<30, using: &generator) == 0 ? .max : .random(in: -1...60, using: &generator))
    }

    /// Ten accounts of 100.
    private static func tenAccounts() -> Bank {
        var bank = Bank()
        for number in 0..<10 { _ = BankTests.execute(.open(name("a\(number)"), balance: 100), on: &bank) }
        return bank
    }

    @Test func accountsAreNumberedAsTheyAreOpened() {
        let bank = bank(["z": 1, "a": 2])
        #expect(ask(.number(name("z")), of: bank) == .number(AccountNumber(rawValue: 0)))
        #expect(ask(.number(name("a")), of: bank) == .number(AccountNumber(rawValue: 1)))
        #expect(ask(.number(name("b")), of: bank) == .rejected(.unknownAccount))
    }

    @Test func independentOnesAreEachDoneOrRefusedForThemselves() {
        var bank = bank(["a": 100, "b": 0])
        let result = Self.execute(
            Transfers([
                Self.transfer(0, 1, 60), Self.transfer(0, 1, 60), Self.transfer(0, 2, 1),
                Self.transfer(1, 1, 1), Self.transfer(1, 0, 0), Self.transfer(1, 0, 10),
            ]), on: &bank)
        #expect(
            result
                == .done(refused: [
                    .init(place: 1, reason: .insufficientFunds), .init(place: 2, reason: .unknownAccount),
                    .init(place: 3, reason: .sameAccount), .init(place: 4, reason: .amountNotPositive),
                ]))
        #expect(bank.balance(of: name("a")) == 50 && bank.balance(of: name("b")) == 50)
        #expect(bank.digest() == bank.digestFromScratch)
    }

    @Test func atomicOnesAreAllDoneOrNone() {
        var bank = bank(["a": 100, "b": 0])
        let digest = bank.digest()
        let refused = Self.execute(
            Transfers(
                [Self.transfer(0, 1, 60), Self.transfer(1, 0, 10), Self.transfer(0, 1, 60)], isAtomic: true),
            on: &bank)
        #expect(refused == TransfersResult.none(.init(place: 2, reason: .insufficientFunds)))
        #expect(bank.digest() == digest)
        let done = Self.execute(
            Transfers(
                [Self.transfer(0, 1, 60), Self.transfer(1, 0, 10), Self.transfer(0, 1, 50)], isAtomic: true),
            on: &bank)
        #expect(done == .done(refused: []))
        #expect(bank.balance(of: name("b")) == 100)
        #expect(bank.digest() == bank.digestFromScratch)
    }

    /// By number or by name, the same rules.
    @Test func theyAgreeWithTransfersBetweenNames() {
        let seed = freshSeed()
        var generator = SeededGenerator(seed: seed)
        var (byNumber, byName) = (Self.tenAccounts(), Self.tenAccounts())
        for round in 0..<2_000 {
            let transfers = Transfers(
                (0..<Int.random(in: 1...8, using: &generator)).map { _ in Self.random(using: &generator) },
                isAtomic: .random(using: &generator))
            let result = Self.execute(transfers, on: &byNumber)
            var refused: [TransfersResult.Refused] = []
            var trial = byName
            for (place, one) in transfers.all.enumerated() {
                let command = BankCommand.transfer(
                    from: name("a\(one.from)"), to: name("a\(one.to)"), amount: one.amount)
                if case .rejected(let reason) = BankTests.execute(command, on: &trial) {
                    refused.append(.init(place: place, reason: reason))
                }
            }
            if transfers.isAtomic, let first = refused.first {
                #expect(result == TransfersResult.none(first), "seed \(seed), round \(round)")
            } else {
                #expect(result == .done(refused: refused), "seed \(seed), round \(round)")
                byName = trial
            }
            #expect(byNumber.digest() == byName.digest(), "seed \(seed), round \(round)")
        }
    }

    /// A snapshot that is written while the bank goes on stays what it was.
    @Test func aCopyStaysAsItWas() {
        var generator = SeededGenerator(seed: 3)
        var bank = Bank()
        for number in 0..<5_000 { _ = BankTests.execute(.open(name("a\(number)"), balance: 100), on: &bank) }
        let copy = bank
        let snapshot = copy.snapshot()
        let transfers = Transfers(
            (0..<20_000).map { _ in
                Self.transfer(
                    .random(in: 0..<5_000, using: &generator), .random(in: 0..<5_000, using: &generator), 1)
            })
        _ = Self.execute(transfers, on: &bank)
        #expect(bank.digest() != copy.digest() && bank.digest() == bank.digestFromScratch)
        #expect(copy.snapshot() == snapshot)
    }

    @Test func theBytesStayAsTheyAre() {
        let transfers = Transfers([Self.transfer(1, 258, 3), Self.transfer(2, 1, -1)])
        #expect(
            BankCommand.transfers(transfers).bytes
                == [5, 1, 0, 0, 0, 2, 1, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0]
                + Array(repeating: 255, count: 8))
        #expect(BankCommand.transfers(Transfers(transfers.all, isAtomic: true)).bytes.first == 6)
        #expect(
            TransfersResult.done(refused: [.init(place: 258, reason: .insufficientFunds)]).reply
                == .ok([2, 1, 0, 0, 9]))
        #expect(
            TransfersResult.none(.init(place: 17, reason: .insufficientFunds)).reply
                == .rejected("transfer 17: insufficient funds"))
    }

    @Test func everyReasonHasItsCode() {
        for reason in BankRejection.allCases {
            let results: [TransfersResult] = [
                .done(refused: [.init(place: 3, reason: reason)]), .none(.init(place: 3, reason: reason)),
            ]
            for result in results { #expect(TransfersResult(result.reply) == result) }
        }
    }

    @Test func whatIsNoListOfTransfersIsMalformed() {
        let whole = BankCommand.transfers(Transfers([Self.transfer(0, 1, 1), Self.transfer(1, 0, 1)])).bytes
        for count in 0..<whole.count where count != 17 {
            #expect(throws: BankRejection.malformed) { try BankCommand(bytes: whole.prefix(count)) }
        }
        let tooMany = [5] + [UInt8](repeating: 0, count: 16 * (Transfers.limit + 1))
        #expect(throws: BankRejection.malformed) { try BankCommand(bytes: tooMany[...]) }
    }
}
