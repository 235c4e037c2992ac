internal import Paxos

/// What changes the bank.
///
/// Bytes: one byte of operation, the amount in 8 bytes, then one name, or for a transfer two: each its
/// length in one byte, and its UTF-8. Integers are little-endian. These bytes are in the log for good.
public enum BankCommand: Hashable, Sendable {
    /// Opens an account with a balance of 0 or more.
    case open(AccountName, balance: Int64)
    /// Adds to an account.
    case deposit(AccountName, amount: Int64)
    /// Takes from an account.
    case withdraw(AccountName, amount: Int64)
    /// Moves from one account to another.
    case transfer(from: AccountName, to: AccountName, amount: Int64)

    private enum Operation: UInt8 {
        case open = 1
        case deposit = 2
        case withdraw = 3
        case transfer = 4
    }

    /// The command as it is submitted.
    public var bytes: [UInt8] {
        switch self {
        case .open(let account, let balance): Self.bytes(.open, balance, account)
        case .deposit(let account, let amount): Self.bytes(.deposit, amount, account)
        case .withdraw(let account, let amount): Self.bytes(.withdraw, amount, account)
        case .transfer(let from, let to, let amount): Self.bytes(.transfer, amount, from, to)
        }
    }

    private static func bytes(
        _ operation: Operation, _ amount: Int64, _ first: AccountName, _ second: AccountName? = nil
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(11 + first.text.utf8.count + (second?.text.utf8.count ?? 0))
        bytes.append(operation.rawValue)
        bytes.appendInteger(amount)
        first.append(to: &bytes)
        second?.append(to: &bytes)
        return bytes
    }

    /// Reads what `bytes` wrote. An amount that makes no sense is a command none the less: the bank
    /// rejects it.
    ///
    /// - Throws: what is wrong with a name; `malformed` for anything else.
    public init(bytes: ArraySlice<UInt8>) throws(BankRejection) {
        var reader = ByteReader(bytes)
        guard let code = reader.readInteger(UInt8.self), let operation = Operation(rawValue: code),
            let amount = reader.readInteger(Int64.self)
        else { throw .malformed }
        let first = try AccountName(from: &reader)
        switch operation {
        case .open: self = .open(first, balance: amount)
        case .deposit: self = .deposit(first, amount: amount)
        case .withdraw: self = .withdraw(first, amount: amount)
        case .transfer: self = try .transfer(from: first, to: AccountName(from: &reader), amount: amount)
        }
        guard reader.isAtEnd else { throw .malformed }
    }
}
