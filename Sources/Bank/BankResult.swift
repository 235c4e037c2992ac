public import Paxos

/// What the bank answers, but to `Transfers`, whose result is `TransfersResult`.
///
/// Bytes of the reply: a number in 4 bytes, one balance in 8, two in 16, or the text of a rejection.
public enum BankResult: Hashable, Sendable {
    /// The balance of the account after an open, a deposit or a withdrawal; the answer to a query.
    case balance(Int64)
    /// An account's number.
    case number(AccountNumber)
    /// Both balances after a transfer.
    case transferred(from: Int64, to: Int64)
    /// Refused; nothing changed.
    case rejected(BankRejection)

    /// The result as a reply.
    public var reply: Reply {
        var bytes: [UInt8] = []
        switch self {
        case .balance(let balance):
            bytes.reserveCapacity(8)
            bytes.appendInteger(balance)
        case .number(let number): bytes.appendInteger(number.rawValue)
        case .transferred(let from, let to):
            bytes.reserveCapacity(16)
            bytes.appendInteger(from)
            bytes.appendInteger(to)
        case .rejected(let rejection): return .rejected(rejection.rawValue)
        }
        return .ok(bytes)
    }

    /// Reads a reply; nil if no bank of this version gave it.
    public init?(_ reply: Reply) {
        if reply.isRejected {
            guard let rejection = BankRejection(rawValue: reply.text) else { return nil }
            self = .rejected(rejection)
            return
        }
        var reader = ByteReader(reply.bytes[...])
        if reply.bytes.count == 4, let number = reader.readInteger(UInt32.self) {
            self = .number(AccountNumber(rawValue: number))
            return
        }
        guard let first = reader.readInteger(Int64.self) else { return nil }
        self = .balance(first)
        if !reader.isAtEnd {
            guard let second = reader.readInteger(Int64.self), reader.isAtEnd else { return nil }
            self = .transferred(from: first, to: second)
        }
    }
}
