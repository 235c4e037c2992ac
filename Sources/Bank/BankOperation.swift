/// One line of input to `decree bank run`: a command or a query, with an id by which its result is known.
///
/// `{"id":"1","op":"open","account":"a","balance":100}`; `deposit` and `withdraw` (`account`, `amount`);
/// `transfer` (`from`, `to`, `amount`); `balance` (`account`); `total`. Keys stand in any order; an unknown
/// one, a missing one and a value of the wrong type are errors. An amount that the bank would refuse is
/// none: it is for the bank to refuse.
public struct BankOperation: Hashable, Sendable {
    /// The caller's name for it.
    public let id: String
    /// What is asked.
    public let request: Request

    /// A command or a query.
    public enum Request: Hashable, Sendable {
        /// Goes through the log.
        case command(BankCommand)
        /// Is answered from the state.
        case query(BankQuery)
    }

    /// Reads a line, without or with its line break.
    public init(line: ArraySlice<UInt8>) throws(BankOperationError) {
        var fields = try Fields(line: line)
        id = try fields.string("id")
        let operation = try fields.string("op")
        switch operation {
        case "open":
            request = .command(.open(try fields.account("account"), balance: try fields.integer("balance")))
        case "deposit":
            request = .command(.deposit(try fields.account("account"), amount: try fields.integer("amount")))
        case "withdraw":
            request = .command(.withdraw(try fields.account("account"), amount: try fields.integer("amount")))
        case "transfer":
            request = .command(
                .transfer(
                    from: try fields.account("from"), to: try fields.account("to"),
                    amount: try fields.integer("amount")))
        case "balance": request = .query(.balance(try fields.account("account")))
        case "total": request = .query(.total)
        default:
            throw fields.failure(
                "has no \"op\" \(operation.json): open, deposit, withdraw, transfer, balance or total")
        }
        try fields.finish(operation)
    }
}

/// A line that is no operation: nothing was submitted.
public struct BankOperationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The line's id, if it could be read.
    public let id: String?
    /// What the bank would have said, had the line a form in which it could be asked: a bad name.
    public let rejection: BankRejection?
    /// What was wrong.
    public let description: String
}

/// The members of a line, crossed off as they are read.
private struct Fields {
    private var members: [(key: String, value: FlatJSON.Value)]
    private var id: String?

    init(line: ArraySlice<UInt8>) throws(BankOperationError) {
        do throws(FlatJSON.Failure) {
            members = try FlatJSON.members(of: line)
        } catch {
            throw BankOperationError(id: nil, rejection: nil, description: "the line \(error.reason)")
        }
        if case .string(let id) = members.first(where: { $0.key == "id" })?.value { self.id = id }
    }

    mutating func string(_ key: String) throws(BankOperationError) -> String {
        guard case .string(let text) = try take(key) else { throw failure("needs a string for \(key.json)") }
        return text
    }

    mutating func integer(_ key: String) throws(BankOperationError) -> Int64 {
        guard case .integer(let value) = try take(key) else {
            throw failure("needs a whole number for \(key.json), not a string")
        }
        return value
    }

    mutating func account(_ key: String) throws(BankOperationError) -> AccountName {
        let text = try string(key)
        do throws(BankRejection) {
            return try AccountName(text)
        } catch {
            throw failure("has a bad \(key.json): \(error)", error)
        }
    }

    /// Refuses what was not read.
    func finish(_ operation: String) throws(BankOperationError) {
        guard let member = members.first else { return }
        throw failure("has a key that \(operation.json) does not know: \(member.key.json)")
    }

    func failure(_ reason: String, _ rejection: BankRejection? = nil) -> BankOperationError {
        BankOperationError(id: id, rejection: rejection, description: "the operation \(reason)")
    }

    private mutating func take(_ key: String) throws(BankOperationError) -> FlatJSON.Value {
        guard let place = members.firstIndex(where: { $0.key == key }) else {
            throw failure("lacks \(key.json)")
        }
        return members.remove(at: place).value
    }
}
