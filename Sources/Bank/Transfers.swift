public import Paxos

/// An account's number: accounts are numbered from 0 in the order in which they are opened, for good.
/// `BankQuery.number` tells it.
public struct AccountNumber: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The number.
    public let rawValue: UInt32
    /// A number; whether there is such an account is for the bank to say.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The number.
    public var description: String { "\(rawValue)" }
}

/// Many transfers in one command, between accounts named by number: 16 bytes each.
///
/// They are executed in order. Independent ones are each done or refused for themselves; of atomic ones either all are
/// done or, if one of them is refused, none. Retried or not, the command is executed once, whole.
public struct Transfers: Hashable, Sendable {
    /// One of them.
    public struct Transfer: Hashable, Sendable {
        /// Who gives.
        public let from: AccountNumber
        /// Who is given.
        public let to: AccountNumber
        /// How much.
        public let amount: Int64
        /// A transfer.
        public init(from: AccountNumber, to: AccountNumber, amount: Int64) {
            self.from = from
            self.to = to
            self.amount = amount
        }
    }

    /// Whether all are done or none.
    public let isAtomic: Bool
    /// The transfers, in order.
    public let all: [Transfer]

    /// The most there may be in one command; more would not fit the largest value of 1 MiB.
    public static let limit = 65_535
    /// Bytes of one of them.
    static let transferBytes = 16

    /// Transfers for one command.
    ///
    /// - Parameter all: 1 through `limit` of them; whether they make sense is for the bank to say.
    public init(_ all: [Transfer], isAtomic: Bool = false) {
        precondition((1...Self.limit).contains(all.count), "1 through \(Self.limit) transfers make a command")
        self.all = all
        self.isAtomic = isAtomic
    }

    /// Reads what `append` wrote; nil for anything else.
    init?(from bytes: ArraySlice<UInt8>, isAtomic: Bool) {
        let count = bytes.count / Self.transferBytes
        guard (1...Self.limit).contains(count), count * Self.transferBytes == bytes.count else { return nil }
        self.isAtomic = isAtomic
        all = bytes.withUnsafeBytes { bytes in
            (0..<count).map { place in
                let start = place * Self.transferBytes
                func read<Integer: FixedWidthInteger>(_ offset: Int, _: Integer.Type) -> Integer {
                    Integer(
                        littleEndian: bytes.loadUnaligned(fromByteOffset: start + offset, as: Integer.self))
                }
                return Transfer(
                    from: AccountNumber(rawValue: read(0, UInt32.self)),
                    to: AccountNumber(rawValue: read(4, UInt32.self)), amount: read(8, Int64.self))
            }
        }
    }

    func append(to bytes: inout [UInt8]) {
        for transfer in all {
            bytes.appendInteger(transfer.from.rawValue)
            bytes.appendInteger(transfer.to.rawValue)
            bytes.appendInteger(transfer.amount)
        }
    }
}

/// What became of `Transfers`.
///
/// Bytes of the reply: for each that was refused its place in 4 bytes and the reason's code in one. Atomic ones that
/// were not done are a rejection, "transfer 17: insufficient funds".
public enum TransfersResult: Hashable, Sendable {
    /// All were done but these, by their places, ascending.
    case done(refused: [Refused])
    /// None was done, for the first of them that could not be.
    case none(Refused)

    /// A transfer that was refused.
    public struct Refused: Hashable, Sendable {
        /// Its place among them, from 0.
        public let place: Int
        /// Why.
        public let reason: BankRejection
        /// A transfer that was refused.
        public init(place: Int, reason: BankRejection) {
            self.place = place
            self.reason = reason
        }
    }

    /// The result as a reply.
    public var reply: Reply {
        switch self {
        case .none(let refused): return .rejected("transfer \(refused.place): \(refused.reason.rawValue)")
        case .done(let refused):
            var bytes: [UInt8] = []
            bytes.reserveCapacity(5 * refused.count)
            for one in refused {
                bytes.appendInteger(UInt32(one.place))
                bytes.append(one.reason.code)
            }
            return .ok(bytes)
        }
    }

    /// Reads a reply; nil if no bank of this version gave it to transfers.
    public init?(_ reply: Reply) {
        if reply.isRejected {
            let words = reply.text.split(separator: " ", maxSplits: 2)
            guard words.count == 3, words[0] == "transfer", words[1].last == ":",
                let place = Int(words[1].dropLast()), let reason = BankRejection(rawValue: String(words[2]))
            else { return nil }
            self = .none(Refused(place: place, reason: reason))
            return
        }
        var refused: [Refused] = []
        var reader = ByteReader(reply.bytes[...])
        while let place = reader.readInteger(UInt32.self) {
            guard let reason = reader.readInteger(UInt8.self).flatMap(BankRejection.init(code:)) else {
                return nil
            }
            refused.append(Refused(place: Int(place), reason: reason))
        }
        guard reader.isAtEnd else { return nil }
        self = .done(refused: refused)
    }
}

extension BankRejection {
    /// The reason in one byte, for good: new ones go to the end.
    var code: UInt8 { UInt8(Self.codes.firstIndex(of: self) ?? 0) }

    init?(code: UInt8) {
        guard Int(code) < Self.codes.count else { return nil }
        self = Self.codes[Int(code)]
    }

    private static let codes: [Self] = [
        .malformed, .emptyName, .overlongName, .unprintableName, .negativeBalance, .amountNotPositive,
        .duplicateAccount, .unknownAccount, .sameAccount, .insufficientFunds, .balanceOverflow,
        .totalOverflow,
        .tooManyAccounts,
    ]
}

extension Bank {
    /// Each is judged as a transfer between names is: the amount, the accounts, the funds.
    mutating func execute(_ transfers: Transfers) -> TransfersResult {
        var refused: [TransfersResult.Refused] = []
        for (place, transfer) in transfers.all.enumerated() {
            guard let reason = refusal(of: transfer) else {
                ledger.move(transfer.amount, from: transfer.from, to: transfer.to)
                continue
            }
            refused.append(.init(place: place, reason: reason))
            guard transfers.isAtomic else { continue }
            for done in transfers.all[..<place].reversed() {
                ledger.move(done.amount, from: done.to, to: done.from)
            }
            return .none(refused[0])
        }
        return .done(refused: refused)
    }

    @inline(__always)
    private func refusal(of transfer: Transfers.Transfer) -> BankRejection? {
        guard transfer.amount > 0 else { return .amountNotPositive }
        guard transfer.from != transfer.to else { return .sameAccount }
        guard ledger.contains(transfer.from), ledger.contains(transfer.to) else { return .unknownAccount }
        guard transfer.amount <= ledger.balance(of: transfer.from) else { return .insufficientFunds }
        return nil
    }
}
