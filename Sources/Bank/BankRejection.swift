/// Why the bank refused. A rejection is a result: chosen, executed, and the same on every node.
///
/// The raw value is what stands in the reply. It never changes: nodes of two versions must give the same
/// reply to the same command. `description` says the same to a person, and may be worded better one day.
public enum BankRejection: String, Error, CaseIterable, Hashable, Sendable {
    /// The bytes are no command, or no query.
    case malformed = "malformed command"
    /// A name of no bytes.
    case emptyName = "empty name"
    /// A name of more than 64 bytes.
    case overlongName = "name too long"
    /// A name with a control character in it, or that is not UTF-8.
    case unprintableName = "name not printable"
    /// An account opened with less than nothing.
    case negativeBalance = "negative balance"
    /// Zero or less deposited, withdrawn or transferred.
    case amountNotPositive = "amount not positive"
    /// An account opened a second time.
    case duplicateAccount = "duplicate account"
    /// An account that was never opened.
    case unknownAccount = "unknown account"
    /// From an account to itself: it would change nothing, so whoever asks means something else.
    case sameAccount = "same account"
    /// More than the account holds.
    case insufficientFunds = "insufficient funds"
    /// The account would hold more than 2^63 - 1.
    case balanceOverflow = "balance overflow"
    /// All accounts together would hold more than 2^63 - 1.
    case totalOverflow = "total overflow"
    /// More than 4,294,967,294 accounts.
    case tooManyAccounts = "too many accounts"
}

extension BankRejection: CustomStringConvertible {
    /// A sentence for a person.
    public var description: String {
        switch self {
        case .malformed: "the bytes are no command or query of the bank"
        case .emptyName: "an account's name has at least 1 byte"
        case .overlongName: "an account's name has at most \(AccountName.maximumBytes) bytes of UTF-8"
        case .unprintableName: "an account's name is UTF-8 without control characters"
        case .negativeBalance: "an account is opened with 0 or more"
        case .amountNotPositive: "an amount is at least 1"
        case .duplicateAccount: "the account is open already"
        case .unknownAccount: "there is no such account; open it first"
        case .sameAccount: "a transfer goes from one account to another"
        case .insufficientFunds: "the account holds less than the amount"
        case .balanceOverflow: "the account would hold more than \(Int64.max)"
        case .totalOverflow: "all accounts together would hold more than \(Int64.max)"
        case .tooManyAccounts: "the bank has as many accounts as it can number"
        }
    }
}
