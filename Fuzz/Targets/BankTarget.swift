import Bank
import Paxos

/// The bank's bytes, which come from the log, from a client or from a snapshot; the first byte says which.
enum BankTarget {
    private enum Kind {
        static let command: UInt8 = 0
        static let query: UInt8 = 1
        static let reply: UInt8 = 2
        static let snapshot: UInt8 = 3
        static let sealedSnapshot: UInt8 = 4
        static let run: UInt8 = 5
    }

    static func run(_ input: [UInt8]) throws(FuzzFailure) {
        guard let kind = input.first else { return }
        let bytes = input.dropFirst()
        switch kind {
        case Kind.command: try judgeCommand(bytes)
        case Kind.query: try judgeQuery(bytes)
        case Kind.reply: try judgeReply(bytes)
        case Kind.snapshot: try judgeSnapshot(bytes)
        case Kind.sealedSnapshot: try judgeSnapshot(BankSnapshotSealer.sealed(Array(bytes))[...])
        default: try judgeRun(bytes)
        }
    }

    private static func judgeCommand(_ bytes: ArraySlice<UInt8>) throws(FuzzFailure) {
        guard let command = try? BankCommand(bytes: bytes) else { return }
        try require(command.bytes == Array(bytes), "\(command) is read from \(bytes)")
        // Its line of JSON says the same; of many transfers there is none to be read.
        if case .transfers = command { return }
        let line = #"{"id":"","# + command.json.dropFirst()
        let operation = try? BankOperation(line: Array(line.utf8)[...])
        try require(operation?.request == .command(command), "\(command) is \(line) as JSON")
    }

    private static func judgeQuery(_ bytes: ArraySlice<UInt8>) throws(FuzzFailure) {
        if let query = try? BankQuery(bytes: bytes) {
            try require(query.bytes == Array(bytes), "\(query) is read from \(bytes)")
        }
        try judge(Bank().query(bytes))
    }

    private static func judgeReply(_ bytes: ArraySlice<UInt8>) throws(FuzzFailure) {
        guard let flag = bytes.first else { return }
        let reply = Reply(isRejected: flag & 1 == 1, bytes: Array(bytes.dropFirst()))
        if let result = BankResult(reply) {
            try require(result.reply == reply, "\(result) is read from \(reply)")
        }
        if let result = TransfersResult(reply), !reply.isRejected {
            try require(result.reply == reply, "\(result) is read from \(reply)")
        }
    }

    /// What the bank answers can be read.
    private static func judge(_ reply: Reply) throws(FuzzFailure) {
        try require(
            (BankResult(reply)?.reply ?? TransfersResult(reply)?.reply) == reply, "the bank answers \(reply)")
    }

    private static func judgeSnapshot(_ bytes: ArraySlice<UInt8>) throws(FuzzFailure) {
        var bank = bankOfOne
        do throws(MachineRestoreError) {
            try bank.restore(from: bytes)
        } catch {
            try require(bank.digest() == bankOfOne.digest(), "a refused snapshot changed the bank")
            return
        }
        // What an older version wrote is written anew by this one, and is the same bank.
        let written = bank.snapshot()
        try require(
            written == Array(bytes) || bytes.first != written.first, "\(bytes) restores to \(written)")
        var again = bankOfOne
        let isRead: Void? = try? again.restore(from: written[...])
        try require(
            isRead != nil && again.digest() == bank.digest() && again.snapshot() == written,
            "\(bytes) is written as \(written), which is another bank")
        try judge(bank)
    }

    /// Money is neither made nor owed (invariant Conservation).
    private static func judge(_ bank: Bank) throws(FuzzFailure) {
        var sum: Int64 = 0
        for account in bank.accounts {
            let (next, isOver) = sum.addingReportingOverflow(account.balance)
            try require(account.balance >= 0 && !isOver, "\(account.name) holds \(account.balance)")
            sum = next
        }
        try require(sum == bank.total && bank.accounts.count == bank.accountCount, "a total of \(bank.total)")
    }

    /// Commands one after another, each behind its length in a byte.
    private static func judgeRun(_ bytes: ArraySlice<UInt8>) throws(FuzzFailure) {
        var bank = Bank()
        var reader = ByteReader(bytes)
        var index: UInt32 = 0
        while let count = reader.readInteger(UInt8.self) {
            // The last may be cut short.
            let command = reader.readBytes(min(Int(count), reader.rest.count)) ?? []
            let before = bank.digest()
            let reply = bank.execute(command, at: LogPosition(slot: Slot(1), index: index))
            try judge(reply)
            try require(!reply.isRejected || bank.digest() == before, "\(reply) changed the bank")
            index += 1
        }
        try judge(bank)
        try judgeSnapshot(bank.snapshot()[...])
    }

    private static let bankOfOne: Bank = {
        var bank = Bank()
        if let name = try? AccountName("before") {
            _ = bank.execute(
                BankCommand.open(name, balance: 7).bytes[...], at: LogPosition(slot: Slot(1), index: 0))
        }
        return bank
    }()

    static func seeds() throws -> [[UInt8]] {
        let first = try AccountName("a")
        let second = try AccountName("ü")
        let commands: [BankCommand] = [
            .open(first, balance: 100), .open(second, balance: 0), .deposit(first, amount: .max),
            .deposit(second, amount: 5), .withdraw(first, amount: 1),
            .transfer(from: first, to: second, amount: 7),
            .transfers(
                Transfers([
                    .init(from: AccountNumber(rawValue: 0), to: AccountNumber(rawValue: 1), amount: 3),
                    .init(from: AccountNumber(rawValue: 1), to: AccountNumber(rawValue: 9), amount: 3),
                ])),
        ]
        var bank = Bank()
        for (index, command) in commands.enumerated() {
            _ = bank.execute(command.bytes[...], at: LogPosition(slot: Slot(1), index: UInt32(index)))
        }
        let results: [BankResult] = [
            .balance(3), .transferred(from: 1, to: 2), .rejected(.insufficientFunds), .rejected(.malformed),
        ]
        return commands.map { [Kind.command] + $0.bytes }
            + [BankQuery.total, .balance(first)].map { [Kind.query] + $0.bytes }
            + results.map { [Kind.reply, $0.reply.isRejected ? 1 : 0] + $0.reply.bytes }
            + [[Kind.snapshot] + bank.snapshot(), [Kind.sealedSnapshot] + bank.snapshot()]
            + [[Kind.run] + commands.flatMap { [UInt8($0.bytes.count)] + $0.bytes }]
    }
}
