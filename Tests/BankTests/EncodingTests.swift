import Bank
import Paxos
import Testing

@Suite struct EncodingTests {
    static let commands: [BankCommand] = [
        .open(name("a"), balance: 0), .open(name("a"), balance: .min), .deposit(name("日本"), amount: .max),
        .withdraw(name(String(repeating: "w", count: 64)), amount: -1),
        .transfer(from: name("a"), to: name("bb"), amount: 258),
        .transfer(
            from: name(String(repeating: "f", count: 64)), to: name(String(repeating: "t", count: 64)),
            amount: 1),
    ]
    static let queries: [BankQuery] = [.total, .balance(name("a")), .balance(name("日本"))]

    @Test(arguments: commands) func aCommandIsReadAsItWasWritten(_ command: BankCommand) throws {
        #expect(try BankCommand(bytes: command.bytes[...]) == command)
    }

    @Test(arguments: queries) func aQueryIsReadAsItWasWritten(_ query: BankQuery) throws {
        #expect(try BankQuery(bytes: query.bytes[...]) == query)
    }

    /// These bytes are in logs: they may be added to, and never change.
    @Test func theBytesStayAsTheyAre() {
        let transfer = BankCommand.transfer(from: name("a"), to: name("bb"), amount: 258)
        #expect(transfer.bytes == [4, 2, 1, 0, 0, 0, 0, 0, 0, 1, 0x61, 2, 0x62, 0x62])
        #expect(BankCommand.open(name("a"), balance: 1).bytes == [1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0x61])
        #expect(BankCommand.deposit(name("a"), amount: 1).bytes.first == 2)
        #expect(
            BankCommand.withdraw(name("a"), amount: -1).bytes == [3] + Array(repeating: 255, count: 8) + [
                1, 0x61,
            ])
        #expect(BankQuery.balance(name("a")).bytes == [16, 1, 0x61])
        #expect(BankQuery.total.bytes == [17])
        #expect(BankResult.balance(1).reply.bytes == [1, 0, 0, 0, 0, 0, 0, 0])
        #expect(BankResult.transferred(from: 1, to: 2).reply.bytes.count == 16)
    }

    @Test(arguments: commands) func everyShorterOrLongerCommandIsMalformed(_ command: BankCommand) {
        for count in 0..<command.bytes.count {
            #expect(throws: BankRejection.malformed) { try BankCommand(bytes: command.bytes.prefix(count)) }
        }
        #expect(throws: BankRejection.malformed) { try BankCommand(bytes: command.bytes + [0]) }
    }

    @Test(arguments: queries) func everyShorterOrLongerQueryIsMalformed(_ query: BankQuery) {
        for count in 0..<query.bytes.count {
            #expect(throws: BankRejection.malformed) { try BankQuery(bytes: query.bytes.prefix(count)) }
        }
        #expect(throws: BankRejection.malformed) { try BankQuery(bytes: query.bytes + [0]) }
    }

    @Test(
        arguments: [
            ([], BankRejection.malformed), ([0], .malformed),
            ([5, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x61], .malformed),
            ([16, 1, 0x61], .malformed), ([17], .malformed),
            ([2, 1, 0, 0, 0, 0, 0, 0, 0, 0], .emptyName),
            ([2, 1, 0, 0, 0, 0, 0, 0, 0, 65] + Array(repeating: 0x61, count: 65), .overlongName),
            ([2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0x0a], .unprintableName),
            ([2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0xff], .unprintableName),
            ([4, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0x61, 0], .emptyName),
        ] as [([UInt8], BankRejection)])
    func isRejectedByTheMachine(_ bytes: [UInt8], _ rejection: BankRejection) {
        var bank = bank(["a": 1])
        let digest = bank.digest()
        let reply = bank.execute(bytes[...], at: LogPosition(slot: Slot(1), index: 0))
        #expect(reply.isRejected)
        #expect(BankResult(reply) == .rejected(rejection))
        #expect(bank.digest() == digest)
    }

    @Test func aCommandIsNoQueryAndAQueryNoCommand() {
        let bank = bank(["a": 1])
        for command in Self.commands {
            #expect(BankResult(bank.query(command.bytes[...])) == .rejected(.malformed))
        }
        for query in Self.queries {
            #expect(throws: BankRejection.malformed) { try BankCommand(bytes: query.bytes[...]) }
        }
    }

    @Test func aReplyThatNoBankGaveIsNone() {
        #expect(BankResult(.ok([])) == nil)
        #expect(BankResult(.ok([1, 2, 3])) == nil)
        #expect(BankResult(.ok(Array(repeating: 0, count: 15))) == nil)
        #expect(BankResult(.ok(Array(repeating: 0, count: 17))) == nil)
        #expect(BankResult(.rejected("out of office")) == nil)
    }

    /// Whatever the bytes, the machine answers; and what it reads as a command, it would write so.
    @Test func anyBytesAreAnswered() throws {
        let seed = freshSeed()
        var generator = SeededGenerator(seed: seed)
        var bank = bank(["a": 1_000, "b": 1_000])
        var read = 0
        for round in 0..<100_000 {
            var bytes: [UInt8]
            if round % 2 == 0 {
                bytes = generator.bytes(.random(in: 0...40, using: &generator))
            } else {
                bytes = BankCommand.random(using: &generator).bytes
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[place] = .random(in: 0...255, using: &generator)
            }
            // A slice that does not start at 0, as commands are cut from a batch.
            let slice = ([0xee] + bytes).dropFirst()
            let reply = bank.execute(slice, at: LogPosition(slot: Slot(1), index: 0))
            try #require(
                BankResult(reply) != nil || TransfersResult(reply) != nil,
                "seed \(seed), round \(round), \(bytes)")
            _ = bank.query(slice)
            if let command = try? BankCommand(bytes: slice) {
                read += 1
                try #require(command.bytes == bytes, "seed \(seed), round \(round)")
            }
        }
        #expect(read > 1_000, "seed \(seed): hardly anything was a command")
        #expect(bank.digest() == bank.digestFromScratch)
    }
}
