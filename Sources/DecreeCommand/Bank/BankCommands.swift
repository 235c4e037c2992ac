import ArgumentParser
import Bank

/// `decree bank open`.
struct BankOpen: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "open", abstract: "Open an account.",
        discussion: "EXAMPLE\n  decree bank open alice 100 --nodes 127.0.0.1:7001,127.0.0.1:7002")

    @Argument(help: "The account's name, new to the bank.") var account: String
    @Argument(help: "What it holds at first, 0 or more.") var balance: Int64 = 0
    @OptionGroup var call: BankCall

    func run() async throws {
        let account = try call.name(account)
        try await call.submit(.open(account, balance: balance)) { account.holds($0) }
    }
}

/// `decree bank deposit`.
struct BankDeposit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deposit", abstract: "Add to an account.",
        discussion: "EXAMPLE\n  decree bank deposit alice 20 --nodes 127.0.0.1:7001,127.0.0.1:7002")

    @Argument(help: "The account's name.") var account: String
    @Argument(help: "How much, 1 or more.") var amount: Int64
    @OptionGroup var call: BankCall

    func run() async throws {
        let account = try call.name(account)
        try await call.submit(.deposit(account, amount: amount)) { account.holds($0) }
    }
}

/// `decree bank withdraw`.
struct BankWithdraw: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw", abstract: "Take from an account.",
        discussion: "EXAMPLE\n  decree bank withdraw alice 20 --nodes 127.0.0.1:7001,127.0.0.1:7002")

    @Argument(help: "The account's name.") var account: String
    @Argument(help: "How much, 1 or more, and no more than it holds.") var amount: Int64
    @OptionGroup var call: BankCall

    func run() async throws {
        let account = try call.name(account)
        try await call.submit(.withdraw(account, amount: amount)) { account.holds($0) }
    }
}

/// `decree bank transfer`.
struct BankTransfer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transfer", abstract: "Move from one account to another.",
        discussion: "EXAMPLE\n  decree bank transfer alice bob 5 --nodes 127.0.0.1:7001,127.0.0.1:7002")

    @Argument(help: "The account to take from.") var from: String
    @Argument(help: "The account to add to.") var to: String
    @Argument(help: "How much, 1 or more, and no more than the first holds.") var amount: Int64
    @OptionGroup var call: BankCall

    func run() async throws {
        let (from, to) = (try call.name(from), try call.name(to))
        try await call.submit(.transfer(from: from, to: to, amount: amount)) { result in
            guard case .transferred(let fromBalance, let toBalance) = result else { return "done" }
            return "\(from) holds \(fromBalance), \(to) holds \(toBalance)"
        }
    }
}

/// `decree bank balance`.
struct BankBalance: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "balance", abstract: "Read what an account holds.",
        discussion: "EXAMPLE\n  decree bank balance alice --nodes 127.0.0.1:7001,127.0.0.1:7002")

    @Argument(help: "The account's name.") var account: String
    @OptionGroup var read: ReadOptions
    @OptionGroup var call: BankCall

    func run() async throws {
        let account = try call.name(account)
        try await call.ask(.balance(account), read.consistency) { account.holds($0) }
    }
}

/// `decree bank total`.
struct BankTotal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "total", abstract: "Read what all accounts hold together.",
        discussion: "EXAMPLE\n  decree bank total --nodes 127.0.0.1:7001,127.0.0.1:7002")

    @OptionGroup var read: ReadOptions
    @OptionGroup var call: BankCall

    func run() async throws {
        try await call.ask(.total, read.consistency) { result in
            guard case .balance(let total) = result else { return "done" }
            return "all accounts hold \(total)"
        }
    }
}

extension AccountName {
    fileprivate func holds(_ result: BankResult) -> String {
        guard case .balance(let balance) = result else { return "done" }
        return "\(self) holds \(balance)"
    }
}
