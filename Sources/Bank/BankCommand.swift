internal import Paxos

/// What changes the bank.
///
/// Bytes: one byte of operation, the amount in 8 bytes, then one name, or for a transfer two: each its
/// length in one byte, and its UTF-8. For many transfers at once: the operation, then the numbers of both accounts and
/// the amount, in 4, 4 and 8 bytes, for each. Integers are little-endian. These bytes are in the log for good.
public enum BankCommand: Hashable, Sendable {
    /// Opens an account with a balance of 0 or more.
    case open(AccountName, balance: Int64)
    /// Adds to an account.
    case deposit(AccountName, amount: Int64)
    /// Takes from an account.
    case withdraw(AccountName, amount: Int64)
    /// Moves from one account to another.
    case transfer(from: AccountName, to: AccountName, amount: Int64)
    /// Moves between many accounts at once; answered with a `TransfersResult`.
    case transfers(Transfers)

    private enum Operation: UInt8 {
        case open = 1
        case deposit = 2
        case withdraw = 3
        case transfer = 4
        case transfers = 5
        case atomicTransfers = 6
    }

    /// The command as it is submitted.
    public var bytes: [UInt8] {
        switch self {
        case .open(let account, let balance): Self.bytes(.open, balance, account)
        case .deposit(let account, let amount): Self.bytes(.deposit, amount, account)
        case .withdraw(let account, let amount): Self.bytes(.withdraw, amount, account)
        case .transfer(let from, let to, let amount): Self.bytes(.transfer, amount, from, to)
        case .transfers(let transfers): Self.bytes(transfers)
        }
    }

    private static func bytes(_ transfers: Transfers) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(1 + transfers.all.count * Transfers.transferBytes)
        bytes.append((transfers.isAtomic ? Operation.atomicTransfers : .transfers).rawValue)
        transfers.append(to: &bytes)
        return bytes
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
        guard let code = reader.readInteger(UInt8.self), let operation = Operation(rawValue: code) else {
            throw .malformed
        }
        guard operation != .transfers, operation != .atomicTransfers else {
            guard let transfers = Transfers(from: reader.rest, isAtomic: operation == .atomicTransfers) else {
                throw .malformed
            }
            self = .transfers(transfers)
            return
        }
        guard let amount = reader.readInteger(Int64.self) else { throw .malformed }
        let first = try AccountName(from: &reader)
        switch operation {
        case .open: self = .open(first, balance: amount)
        case .deposit: self = .deposit(first, amount: amount)
        case .withdraw: self = .withdraw(first, amount: amount)
        case .transfer: self = try .transfer(from: first, to: AccountName(from: &reader), amount: amount)
        case .transfers, .atomicTransfers: throw .malformed
        }
        guard reader.isAtEnd else { throw .malformed }
    }
}
