internal import Bank
internal import Paxos

extension Wording {
    /// Commands and queries as the lines of JSON that `decree bank run` reads, results as their numbers.
    public static let bank = Wording(
        request: { request in
            switch request {
            case .command(let bytes):
                (try? BankCommand(bytes: bytes[...]))?.json ?? Wording.plain.request(request)
            case .batch(let bytes):
                CommandBatch(bytes: bytes[...])?.inWords ?? Wording.plain.request(request)
            case .query(let bytes, let consistency):
                ((try? BankQuery(bytes: bytes[...]))?.json ?? Wording.plain.request(request))
                    + (consistency == .stale ? " (stale)" : "")
            }
        },
        reply: { reply in
            Wording.bankResult(reply) ?? Wording.batchResult(reply)
                ?? "without sense, \(Wording.plain.reply(reply))"
        })

    fileprivate static func bankResult(_ reply: Reply) -> String? {
        BankResult(reply)?.summary ?? TransfersResult(reply)?.summary
    }

    fileprivate static func batchResult(_ reply: Reply) -> String? {
        guard !reply.isRejected else { return "none: \(reply.text)" }
        let replies = BatchReply.replies(in: reply.bytes)?.map { bankResult($0) ?? plain.reply($0) }
        return replies.map { "each: \($0.joined(separator: ", "))" }
    }
}

extension CommandBatch {
    fileprivate var inWords: String {
        (isAtomic ? "all or none of " : "each of ")
            + commands.map { (try? BankCommand(bytes: $0))?.json ?? "\($0.count) bytes" }.joined(
                separator: ", ")
    }
}

extension TransfersResult {
    /// The answer in a few words.
    fileprivate var summary: String {
        switch self {
        case .done(let refused):
            "done but \(refused.map { "\($0.place) \"\($0.reason.rawValue)\"" }.joined(separator: ", "))"
        case .none(let refused): "none: \(refused.place) \"\(refused.reason.rawValue)\""
        }
    }
}

extension BankResult {
    /// The answer in a few words.
    fileprivate var summary: String {
        switch self {
        case .balance(let balance): "\(balance)"
        case .number(let number): "number \(number)"
        case .transferred(let from, let to): "\(from) and \(to)"
        case .rejected(let rejection): "\"\(rejection.rawValue)\""
        }
    }
}
