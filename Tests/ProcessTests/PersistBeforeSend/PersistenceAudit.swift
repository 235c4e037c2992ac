import DecreeWire
import NIOCore
import Paxos

/// Holds what a node sent against what it had made durable, both as the kernel saw them.
struct PersistenceAudit {
    /// Votes, promises and prepares that were found to be covered.
    private(set) var accepted = 0
    private(set) var promises = 0
    private(set) var prepares = 0
    private(set) var violations: [String] = []

    private let writes: [SystemCall]
    private let syncs: [SystemCall]
    /// Proposals as they came in accepts, by ballot and slot.
    private var proposals: [String: [UInt8]] = [:]

    init(_ trace: SystemCallTrace) throws {
        writes = trace.calls.filter { $0.name == "pwrite64" && $0.target.hasSuffix("node.db-wal") }
        syncs = trace.calls.filter {
            ($0.name == "fdatasync" || $0.name == "fsync") && $0.target.hasSuffix("node.db-wal")
                && $0.result == 0
        }
        var incoming: [String: FrameDecoder] = [:]
        var outgoing: [String: FrameDecoder] = [:]
        for call in trace.calls where call.target.hasPrefix("socket:") {
            switch call.name {
            case "read", "recvfrom", "recvmsg":
                guard call.result > 0 else { continue }
                for frame in try Self.frames(in: call, &incoming) { take(frame) }
            case "write", "writev", "sendto", "sendmsg":
                guard call.result > 0 else { continue }
                for frame in try Self.frames(in: call, &outgoing) { judge(frame, sentBy: call) }
            default: continue
            }
        }
    }

    private static func frames(
        in call: SystemCall, _ decoders: inout [String: FrameDecoder]
    ) throws -> [Frame] {
        var decoder = decoders[call.target] ?? FrameDecoder(version: WireVersion.maximum)
        defer { decoders[call.target] = decoder }
        decoder.append(ByteBuffer(bytes: call.bytes.prefix(call.result)))
        var frames: [Frame] = []
        do throws(WireError) {
            while let frame = try decoder.next() { frames.append(frame) }
        } catch {
            // Not a connection between nodes: the system's own sockets, to look up names.
            guard error == .badMagic else { throw error }
        }
        return frames
    }

    private mutating func take(_ frame: Frame) {
        guard case .peer(let frame) = frame, case .accept(let accept) = frame.message else { return }
        proposals["\(accept.ballot) \(accept.slot)"] = accept.proposal.bytes
    }

    private mutating func judge(_ frame: Frame, sentBy call: SystemCall) {
        guard case .peer(let frame) = frame else { return }
        switch frame.message {
        case .accepted(let vote):
            for slot in vote.from...vote.through {
                guard let proposal = proposals["\(vote.ballot) \(slot)"] else {
                    violations.append("a vote for slot \(slot), which was never asked for")
                    continue
                }
                if isDurable(proposal, before: call) {
                    accepted += 1
                } else {
                    violations.append("the vote for slot \(slot) left at line \(call.start), not yet durable")
                }
            }
        case .promise(let promise):
            if isDurable(Self.stored(promise.ballot), before: call) {
                promises += 1
            } else {
                violations.append(
                    "the promise of \(promise.ballot) left at line \(call.start), not yet durable")
            }
        case .prepare(let prepare):
            if isDurable(Self.stored(prepare.ballot), before: call) {
                prepares += 1
            } else {
                violations.append(
                    "the prepare of \(prepare.ballot) left at line \(call.start), not yet durable")
            }
        default: break
        }
    }

    /// Whether the bytes were written to the log, and the log was synced after that and before `call`.
    private func isDurable(_ bytes: [UInt8], before call: SystemCall) -> Bool {
        writes.contains { write in
            write.end < call.start && write.bytes.contains(bytes)
                && syncs.contains { $0.start > write.end && $0.end < call.start }
        }
    }

    /// The ballot as SQLite stores a number of its size: 3 or 4 bytes, the highest first.
    private static func stored(_ ballot: Ballot) -> [UInt8] {
        let bytes = withUnsafeBytes(of: ballot.rawValue.bigEndian) { Array($0) }
        return Array(bytes.suffix(ballot.rawValue < 1 << 23 ? 3 : 4))
    }
}

extension Array where Element == UInt8 {
    fileprivate func contains(_ needle: [UInt8]) -> Bool {
        guard let first = needle.first, count >= needle.count else { return false }
        return withUnsafeBufferPointer { bytes in
            for start in 0...(bytes.count - needle.count) where bytes[start] == first {
                if needle.indices.allSatisfy({ bytes[start + $0] == needle[$0] }) { return true }
            }
            return false
        }
    }
}
