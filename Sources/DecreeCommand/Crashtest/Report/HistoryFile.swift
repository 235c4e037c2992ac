import Bank
import DecreeSimulator
import Foundation
import Paxos

/// What the clients asked and were told, a line of JSON an operation: for a person to look at, or another
/// tool to judge.
struct HistoryFile {
    private let path: String
    private let handle: FileHandle

    /// Makes the file at once: to find out after a long run that it cannot be written would be late.
    ///
    /// - Throws: `ToolError` if it cannot be.
    init(_ path: String) throws {
        self.path = path
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else { throw ToolError(.usage, "cannot write \(path): give --history a file that can be written") }
        self.handle = handle
    }

    func write(_ operations: [DecreeSimulator.Operation]) throws {
        let output = OutputFile(descriptor: handle.fileDescriptor)
        var writer = JSONWriter()
        do throws(OutputFile.Failure) {
            for operation in operations.sorted(by: { $0.end < $1.end }) {
                writer.line { operation.write(to: &$0) }
                guard writer.bytes.count >= 1 << 16 else { continue }
                try output.write(writer.bytes)
                writer.removeAll()
            }
            try output.write(writer.bytes)
        } catch {
            throw ToolError(.checkFailed, "cannot write \(path): \(error)")
        }
    }
}

extension DecreeSimulator.Operation {
    /// What was never answered comes last.
    fileprivate var end: UInt64 { completed ?? .max }

    /// Writes the members, in the order a reader wants them.
    func write(to line: inout JSONWriter) {
        line.add("client", client)
        line.add("number", number)
        line.add("request", json: asked)
        if case .query(_, let consistency) = request {
            line.add("consistency", consistency == .stale ? "stale" : "linearizable")
        }
        line.add("invokedNanoseconds", invoked)
        if let completed { line.add("completedNanoseconds", completed) }
        switch outcome {
        case .ok: line.add("outcome", "ok")
        case .rejected(let reason, _): outcome("rejected", reason, to: &line)
        case .failed(let reason): outcome("failed", reason.description, to: &line)
        case .unknown(let reason, _): outcome("unknown", reason.description, to: &line)
        }
        if case .batch = request, let replies = reply.flatMap({ BatchReply.replies(in: $0.bytes) }) {
            line.add("result", json: Self.list(replies.map { Self.result($0) ?? $0.text.json }))
        } else if let result = reply.flatMap(Self.result) {
            line.add("result", json: result)
        }
        if let receipt = outcome.receipt { line.add("receipt", object: { receipt.write(members: &$0) }) }
    }

    private func outcome(_ word: String, _ reason: String, to line: inout JSONWriter) {
        line.add("outcome", word)
        line.add("reason", reason)
    }

    /// Everything a crash test asks is the bank's.
    private var asked: String {
        switch request {
        case .command(let bytes): (try? BankCommand(bytes: bytes[...]))?.json ?? bytes.hexadecimal.json
        case .batch(let bytes): CommandBatch(bytes: bytes[...]).map(Self.batch) ?? bytes.hexadecimal.json
        case .query(let bytes, _):
            (try? BankQuery(bytes: bytes[...]))?.json ?? bytes.hexadecimal.json
        }
    }

    private static func batch(_ batch: CommandBatch) -> String {
        var writer = JSONWriter()
        writer.object {
            $0.add("op", "batch")
            $0.add("atomic", batch.isAtomic)
            $0.add(
                "commands",
                json: list(
                    batch.commands.map { (try? BankCommand(bytes: $0))?.json ?? Array($0).hexadecimal.json }))
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// What the bank did, in numbers; nil where it refused, and says so in words.
    private static func result(_ reply: Reply) -> String? {
        var writer = JSONWriter()
        switch BankResult(reply) {
        case .balance(let balance): writer.object { $0.add("balance", balance) }
        case .transferred(let from, let to):
            writer.object {
                $0.add("from", from)
                $0.add("to", to)
            }
        // No crash test asks for one.
        case .number, .rejected, nil: return nil
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static func list(_ items: [String]) -> String { "[\(items.joined(separator: ","))]" }
}

extension Receipt {
    fileprivate func write(members: inout JSONWriter) {
        if let session { members.add("session", session.description) }
        if let sequence { members.add("sequence", sequence) }
        if let position {
            members.add("slot", position.slot.rawValue)
            members.add("index", position.index)
        }
        if let executedThrough { members.add("executedThrough", executedThrough.rawValue) }
    }
}
