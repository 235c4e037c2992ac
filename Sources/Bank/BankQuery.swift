internal import Paxos

/// What is asked of the bank.
///
/// Bytes: one byte of operation, then for a balance or a number the name. The operations differ from those of
/// commands, so that a query submitted as a command is malformed.
public enum BankQuery: Hashable, Sendable {
    /// What an account holds.
    case balance(AccountName)
    /// What all accounts hold together.
    case total
    /// An account's number, under which `Transfers` name it.
    case number(AccountName)

    private enum Operation: UInt8 {
        case balance = 16
        case total = 17
        case number = 18
    }

    /// The query as it is asked.
    public var bytes: [UInt8] {
        switch self {
        case .balance(let account): Self.bytes(.balance, account)
        case .total: [Operation.total.rawValue]
        case .number(let account): Self.bytes(.number, account)
        }
    }

    private static func bytes(_ operation: Operation, _ account: AccountName) -> [UInt8] {
        var bytes = [operation.rawValue]
        account.append(to: &bytes)
        return bytes
    }

    /// Reads what `bytes` wrote.
    ///
    /// - Throws: what is wrong with the name; `malformed` for anything else.
    public init(bytes: ArraySlice<UInt8>) throws(BankRejection) {
        var reader = ByteReader(bytes)
        guard let code = reader.readInteger(UInt8.self), let operation = Operation(rawValue: code) else {
            throw .malformed
        }
        switch operation {
        case .balance: self = try .balance(AccountName(from: &reader))
        case .total: self = .total
        case .number: self = try .number(AccountName(from: &reader))
        }
        guard reader.isAtEnd else { throw .malformed }
    }
}
