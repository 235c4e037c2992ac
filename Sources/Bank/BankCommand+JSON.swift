extension BankCommand {
    /// The command as a line of JSON, in the form `BankOperation` reads, but for the id, and for many transfers, which
    /// no line has:
    /// `{"op":"transfer","from":"a","to":"b","amount":5}`.
    public var json: String {
        switch self {
        case .open(let account, let balance): Self.json("open", account, "balance", balance)
        case .deposit(let account, let amount): Self.json("deposit", account, "amount", amount)
        case .withdraw(let account, let amount): Self.json("withdraw", account, "amount", amount)
        case .transfer(let from, let to, let amount):
            #"{"op":"transfer","from":\#(from.text.json),"to":\#(to.text.json),"amount":\#(amount)}"#
        case .transfers(let transfers):
            #"{"op":"transfers","atomic":\#(transfers.isAtomic),"transfers":["#
                + transfers.all.map { #"[\#($0.from),\#($0.to),\#($0.amount)]"# }.joined(separator: ",")
                + "]}"
        }
    }

    private static func json(
        _ operation: String, _ account: AccountName, _ key: String, _ amount: Int64
    ) -> String {
        #"{"op":"\#(operation)","account":\#(account.text.json),"\#(key)":\#(amount)}"#
    }
}

extension BankQuery {
    /// The query as a line of JSON, likewise; no line asks for a number.
    public var json: String {
        switch self {
        case .balance(let account): #"{"op":"balance","account":\#(account.text.json)}"#
        case .total: #"{"op":"total"}"#
        case .number(let account): #"{"op":"number","account":\#(account.text.json)}"#
        }
    }
}

extension String {
    /// The text as a JSON string, in quotes: for ids, reasons and names in lines of output. Whatever is
    /// not ASCII stays as it is.
    package var json: String {
        var json = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"": json += "\\\""
            case "\\": json += "\\\\"
            case "\n": json += "\\n"
            case "\r": json += "\\r"
            case "\t": json += "\\t"
            case "\u{00}"..."\u{1f}", "\u{7f}":
                let digits = String(scalar.value, radix: 16)
                json += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: json.unicodeScalars.append(scalar)
            }
        }
        return json + "\""
    }
}
