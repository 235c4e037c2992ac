public import Paxos

/// How operations are told to a person: a state machine's own words for its bytes.
public struct Wording: Sendable {
    /// A request in a few words.
    public var request: @Sendable (Operation.Request) -> String
    /// A reply in a few words.
    public var reply: @Sendable (Reply) -> String

    /// Words for everything.
    public init(
        request: @escaping @Sendable (Operation.Request) -> String,
        reply: @escaping @Sendable (Reply) -> String = { Wording.plain.reply($0) }
    ) {
        self.request = request
        self.reply = reply
    }

    /// Bytes as text where they are printable ASCII, else in hexadecimal.
    public static let plain = Wording(
        request: { request in
            switch request {
            case .command(let bytes): "command \(text(bytes))"
            case .batch(let bytes): "batch \(text(bytes))"
            case .query(let bytes, .linearizable): "query \(text(bytes))"
            case .query(let bytes, .stale): "stale query \(text(bytes))"
            }
        },
        reply: { reply in (reply.isRejected ? "rejection " : "") + text(reply.bytes) })

    private static func text(_ bytes: [UInt8]) -> String {
        if bytes.allSatisfy({ (0x20..<0x7f).contains($0) }) {
            return "\"\(String(decoding: bytes, as: UTF8.self))\""
        }
        let shown = 32
        let digits = bytes.prefix(shown).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return "0x" + digits.joined() + (bytes.count > shown ? "… (\(bytes.count) bytes)" : "")
    }

    /// An operation with its outcome.
    public func text(_ operation: Operation) -> String {
        "operation \(operation.number) of client \(operation.client), \(request(operation.request)), "
            + answer(operation)
    }

    private func answer(_ operation: Operation) -> String {
        switch operation.outcome {
        case .ok(_, let receipt), .rejected(_, let receipt):
            "answered \(operation.reply.map(reply) ?? "") \(receipt.summary)"
        case .failed(let reason): "failed (\(reason))"
        case .unknown(let reason, let receipt): "unknown (\(reason)) \(receipt.summary)"
        }
    }
}

extension Receipt {
    /// Where it was done, in a few words.
    var summary: String {
        var words: [String] = []
        if let position { words.append("at \(position)") }
        if let executedThrough { words.append("after slot \(executedThrough)") }
        if let session, let sequence { words.append("as sequence \(sequence) of session \(session)") }
        return words.joined(separator: " ")
    }
}
