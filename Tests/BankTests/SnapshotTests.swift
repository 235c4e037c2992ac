import Bank
import Paxos
import Testing

@Suite struct SnapshotTests {
    @Test func aSnapshotRestoresToTheSame() throws {
        let seed = freshSeed()
        var generator = SeededGenerator(seed: seed)
        var bank = Bank()
        for _ in 0..<5_000 { _ = execute(.random(using: &generator), on: &bank) }
        let snapshot = bank.snapshot()
        var restored = Bank()
        try restored.restore(from: snapshot[...])
        #expect(restored.digest() == bank.digest(), "seed \(seed)")
        #expect(restored.snapshot() == snapshot, "seed \(seed)")
        #expect(restored.total == bank.total, "seed \(seed)")
        #expect(restored.accountCount == bank.accountCount, "seed \(seed)")
        for _ in 0..<1_000 {
            let command = BankCommand.random(using: &generator)
            let (one, other) = (execute(command, on: &bank), execute(command, on: &restored))
            #expect(one == other, "seed \(seed)")
        }
        #expect(restored.digest() == bank.digest(), "seed \(seed)")
    }

    @Test func anEmptyBankRestoresOverAnother() throws {
        var restored = bank(["a": 1])
        try restored.restore(from: Bank().snapshot()[...])
        #expect(restored.accountCount == 0)
        #expect(restored.digest() == Bank().digest())
    }

    @Test func equalStatesGiveEqualBytes() {
        let one = bank(["b": 2, "a": 1, "\u{e9}": 4])
        var other = bank(["b": 3, "a": 0, "\u{e9}": 4])
        _ = execute(.transfer(from: name("b"), to: name("a"), amount: 1), on: &other)
        #expect(one.snapshot() == other.snapshot() && one.digest() == other.digest())
    }

    /// Who has which number is part of the state.
    @Test func anotherOrderIsAnotherState() {
        let (one, other) = (bank(["b": 2, "a": 2]), bank(["a": 2, "b": 2]))
        #expect(one.digest() != other.digest() && one.snapshot() != other.snapshot())
    }

    /// A snapshot written by this version is read by every later one.
    @Test func theBytesStayAsTheyAre() throws {
        let bytes: [UInt8] =
            [3, 2, 0, 0, 0, 0, 0, 0, 0] + Self.bytes(of: bank(["b": 2, "a": 1]).digest())
            + [1, 0x62, 2, 0, 0, 0, 0, 0, 0, 0] + [1, 0x61, 1, 0, 0, 0, 0, 0, 0, 0]
        #expect(bank(["b": 2, "a": 1]).snapshot() == bytes)
    }

    /// What a copy-on-write copy is for: it is written while the bank goes on.
    @Test func aCopyStaysAsItWas() throws {
        var generator = SeededGenerator(seed: 1)
        var bank = Bank()
        for number in 0..<2_000 { _ = execute(.open(name("account-\(number)"), balance: 10), on: &bank) }
        let copy = bank
        let (digest, snapshot) = (copy.digest(), copy.snapshot())
        for _ in 0..<5_000 { _ = execute(.random(using: &generator), on: &bank) }
        _ = execute(.open(name("another"), balance: 1), on: &bank)
        #expect(bank.digest() != digest)
        #expect(copy.digest() == digest)
        #expect(copy.snapshot() == snapshot)
        #expect(copy.accountCount == 2_000)
        #expect(copy.total == 20_000)
        #expect(bank.digest() == bank.digestFromScratch)
    }

    @Test func everyFlippedBitIsFound() {
        let snapshot = bank(["alice": 100, "bob": 50]).snapshot()
        for bit in 0..<snapshot.count * 8 {
            var rotten = snapshot
            rotten[bit / 8] ^= 1 << (bit % 8)
            expectNoRestore(from: rotten, "bit \(bit)")
        }
    }

    @Test func everyOtherLengthIsFound() {
        let snapshot = bank(["alice": 100, "bob": 50]).snapshot()
        for count in 0..<snapshot.count { expectNoRestore(from: Array(snapshot.prefix(count)), "\(count)") }
        expectNoRestore(from: snapshot + [0], "one more")
        expectNoRestore(from: snapshot + snapshot, "twice")
    }

    /// Each is refused for what it is, not for its digest.
    @Test(
        arguments: [
            ([("a", 1), ("b", 1), ("a", 1)], "bank snapshot holds a twice"),
            ([("a", -1)], "bank snapshot holds an impossible balance, a: -1"),
            ([("a", .max), ("b", 1)], "bank snapshot holds an impossible balance, b: 1"),
            ([("\n", 1)], "bank snapshot holds no account where one should be"),
        ] as [([(String, Int64)], String)])
    func anImpossibleStateIsRefused(_ accounts: [(String, Int64)], _ reason: String) throws {
        var bytes: [UInt8] = [3, UInt8(accounts.count), 0, 0, 0, 0, 0, 0, 0] + Self.bytes(of: 0)
        for (account, balance) in accounts {
            bytes += [UInt8(account.utf8.count)] + account.utf8 + Self.bytes(of: balance)
        }
        var bank = Bank()
        let error = try #require(throws: MachineRestoreError.self) { try bank.restore(from: bytes[...]) }
        #expect(error.description.hasPrefix(reason))
    }

    @Test func anyBytesAreRefusedWithoutATrap() {
        let seed = freshSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<10_000 {
            var bytes = generator.bytes(.random(in: 0...80, using: &generator))
            if let first = bytes.indices.first { bytes[first] = 3 }
            expectNoRestore(from: bytes, "seed \(seed)")
        }
        expectNoRestore(from: [3] + Array(repeating: 0xff, count: 16), "a count of 2^64 - 1")
    }

    /// And the bank is then as it was.
    private func expectNoRestore(from bytes: [UInt8], _ comment: Comment) {
        var bank = bank(["kept": 7])
        let digest = bank.digest()
        #expect(throws: MachineRestoreError.self, comment) { try bank.restore(from: bytes[...]) }
        #expect(bank.digest() == digest, comment)
    }

    private static func bytes(of balance: Int64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: balance >> ($0 * 8)) }
    }

    private static func bytes(of digest: Digest) -> [UInt8] {
        bytes(of: Int64(bitPattern: digest.rawValue))
    }
}
