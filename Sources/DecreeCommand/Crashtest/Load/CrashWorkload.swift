import Bank
import DecreeSimulator
import Paxos

/// What one client asks of the bank, one thing after the other: the same seed, the same questions.
///
/// No two commands of a run are alike, whoever sends them: amounts are counted up in steps of the number of
/// clients. So a command is known again wherever it turns up in the log, whatever session it came through.
struct CrashWorkload {
    /// An operation, and how to go about it.
    struct Task {
        enum Request: Hashable {
            case command(BankCommand)
            case batch(CommandBatch)
            case query(BankQuery)
        }

        var request: Request
        var consistency = ReadConsistency.linearizable
        /// Nil for the client's usual.
        var deadline: Duration?
        /// How long to rest before it.
        var pause: Duration
        /// Whether to begin a new session for it.
        var beginsSession = false

        /// What stands in the history.
        var recorded: DecreeSimulator.Operation.Request {
            switch request {
            case .command(let command): .command(command.bytes)
            case .batch(let batch): .batch(batch.bytes)
            case .query(let query): .query(query.bytes, consistency)
            }
        }
    }

    private let client: Int
    private let settings: LoadSettings
    private var generator: SeededGenerator
    private var count: Int64 = 0

    init(client: Int, settings: LoadSettings) {
        self.client = client
        self.settings = settings
        // Neighbouring seeds give unrelated numbers: the generator mixes them.
        generator = SeededGenerator(seed: settings.seed &* 1_000_003 &+ UInt64(client) &+ 1)
    }

    /// The accounts this client opens before the others use them.
    mutating func firstAccounts() -> [BankCommand] {
        stride(from: client, to: settings.accounts, by: settings.lanes).map { account in
            .open(Self.account(account), balance: Self.firstBalance + uniqueAmount())
        }
    }

    mutating func next() -> Task {
        var task = Task(
            request: request(), pause: .microseconds(Int.random(in: 0...settings.pause, using: &generator)))
        let dice = Int.random(in: 0..<1_000, using: &generator)
        // Impatience is what makes outcomes unknown, and failed.
        if dice < 30 { task.deadline = .milliseconds(Int.random(in: 2...400, using: &generator)) }
        task.beginsSession = (30..<33).contains(dice)
        if case .query = task.request, (33..<133).contains(dice) { task.consistency = .stale }
        return task
    }

    private mutating func request() -> Task.Request {
        switch Int.random(in: 0..<100, using: &generator) {
        case ..<75: .command(command())
        case ..<82: .batch(batch())
        case ..<96: .query(.balance(someAccount()))
        default: .query(.total)
        }
    }

    private mutating func command() -> BankCommand {
        switch Int.random(in: 0..<82, using: &generator) {
        case ..<62: .transfer(from: someAccount(), to: someAccount(), amount: uniqueAmount())
        case ..<69: .deposit(someAccount(), amount: uniqueAmount())
        case ..<76: .withdraw(someAccount(), amount: uniqueAmount())
        case ..<79: .open(newAccount(), balance: uniqueAmount())
        default: foolishCommand()
        }
    }

    private mutating func batch() -> CommandBatch {
        var commands: [ArraySlice<UInt8>] = []
        for _ in 0..<Int.random(in: 1...12, using: &generator) { commands.append(command().bytes[...]) }
        return CommandBatch(commands, isAtomic: Bool.random(using: &generator))
    }

    /// What the bank rejects.
    private mutating func foolishCommand() -> BankCommand {
        let amount = uniqueAmount()
        return switch Int.random(in: 0..<4, using: &generator) {
        case 0: .open(someAccount(), balance: amount)
        case 1: .deposit(Self.name("nobody-\(client)"), amount: amount)
        case 2: .withdraw(someAccount(), amount: amount + 1_000_000_000_000)
        default: .transfer(from: someAccount(), to: someAccount(), amount: amount + 1_000_000_000_000)
        }
    }

    private mutating func uniqueAmount() -> Int64 {
        count += 1
        return count * Int64(settings.lanes) + Int64(client)
    }

    private mutating func someAccount() -> AccountName {
        Self.account(Int.random(in: 0..<settings.accounts, using: &generator))
    }

    private func newAccount() -> AccountName { Self.name("new-\(client)-\(count)") }

    // MARK: Names

    private static let firstBalance: Int64 = 10_000_000

    /// One of the accounts that everybody uses.
    static func account(_ number: Int) -> AccountName { name("account-\(number)") }

    /// Text that is known to be a name.
    static func name(_ text: String) -> AccountName {
        do throws(BankRejection) {
            return try AccountName(text)
        } catch {
            preconditionFailure("\(text) is a name: \(error)")
        }
    }
}

/// How hard the clients work.
struct LoadSettings: Sendable {
    var seed: UInt64
    /// Sessions.
    var clients = 12
    /// Every fourth session has so many operations in flight; the others have one.
    var inFlight = 4
    /// Accounts that money moves between: few, so that operations meet.
    var accounts = 64
    /// The longest rest before an operation, in microseconds. It keeps the log of a long run in bounds.
    var pause = 8_000

    /// Those who ask one thing after the other: several share a session that has several in flight.
    var lanes: Int { (0..<clients).reduce(0) { $0 + lanes(of: $1) } }

    func lanes(of session: Int) -> Int { session % 4 == 3 ? inFlight : 1 }
}
