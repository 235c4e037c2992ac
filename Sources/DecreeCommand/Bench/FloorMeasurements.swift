import DecreeStore
import Foundation
import Paxos
import ValueLog

/// Writing 4 KiB and waiting for the disk, into a file whose blocks are there already.
enum FileFloor {
    private static let pageBytes = 4_096
    private static let pages = 1_024

    /// The median in microseconds.
    static func measure(in directory: String, seconds: Double) throws -> Double {
        let path = directory + "/preallocated"
        let file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0o644)
        guard file >= 0 else { throw failure("open \(path)") }
        defer {
            close(file)
            unlink(path)
        }
        let page = [UInt8](repeating: 0x5a, count: pageBytes)
        for number in 0..<pages { try write(page, file, number) }
        guard fsync(file) == 0 else { throw failure("fsync") }
        var latencies = Latencies()
        let end = LoadSchedule.now + UInt64(seconds * 1e9)
        var number = 0
        var begin = LoadSchedule.now
        while begin < end {
            try write(page, file, number % pages)
            guard synchronize(file) == 0 else { throw failure("fdatasync") }
            let done = LoadSchedule.now
            latencies.record(nanoseconds: done - begin)
            begin = done
            number += 1
        }
        return latencies.microseconds(at: 50)
    }

    private static func write(_ page: [UInt8], _ file: Int32, _ number: Int) throws {
        guard pwrite(file, page, page.count, off_t(number * pageBytes)) == page.count else {
            throw failure("pwrite")
        }
    }

    private static func synchronize(_ file: Int32) -> Int32 {
        #if canImport(Darwin)
            fcntl(file, F_FULLFSYNC)
        #else
            fdatasync(file)
        #endif
    }

    static func failure(_ what: String) -> ToolError {
        ToolError(.checkFailed, "cannot measure the floor: \(what): \(String(cString: strerror(errno)))")
    }
}

/// Commits of one vote each by the production store. The steps come from where they always come from: a
/// group that follows, and is asked to accept one slot after another.
struct CommitFloor {
    private let store: Store
    private var group: Group
    private var slot = Slot(1)
    private let proposal: Proposal

    private static let leader = NodeID(2)
    private static let ballot = Ballot(round: 1, node: leader)
    private static let warmupCommits = 300

    init(directory: String, valueBytes: Int) throws {
        let voters = Configuration(voters: [NodeID(1), Self.leader, NodeID(3)])
        store = try Store.open(
            directory: directory, identity: StoreIdentity(cluster: "floor", node: NodeID(1)),
            groups: [StoreGroup(id: .first, kind: "append", configuration: voters)])
        // Nothing is ever chosen here, so that each commit writes its vote and nothing else.
        var limits = Limits()
        limits.voteSlots = .max
        limits.voteBytes = .max
        group = Group(
            id: .first, node: NodeID(1), genesis: voters, machine: ValueLog(), limits: limits,
            seed: 1)
        var builder = ProposalBuilder()
        let value = [UInt8](repeating: 0x5a, count: valueBytes)
        builder.append(
            .command(
                session: SessionID(rawValue: 1), sequence: 1, firstUnacknowledged: 1, payload: value[...]))
        proposal = builder.build()
    }

    /// The median in microseconds, and commits a second with the checkpoints between them, after a few to warm up and
    /// the lines `ready` and `go`.
    mutating func measure(
        seconds: Double, whenReady: () -> Void
    ) throws -> (medianMicroseconds: Double, perSecond: Double) {
        for _ in 0..<Self.warmupCommits { _ = try commit() }
        whenReady()
        var latencies = Latencies()
        let start = LoadSchedule.now
        var commits = 0
        while LoadSchedule.now < start + UInt64(seconds * 1e9) {
            latencies.record(nanoseconds: try commit())
            commits += 1
        }
        let perSecond = Double(commits) * 1e9 / Double(LoadSchedule.now - start)
        try store.close()
        return (latencies.microseconds(at: 50), perSecond)
    }

    /// One commit; its nanoseconds. A checkpoint that is due follows unmeasured, as a node does it behind
    /// the answer.
    private mutating func commit() throws -> UInt64 {
        var step = Step()
        let accept = Accept(ballot: Self.ballot, slot: slot, proposal: proposal, chosenThrough: .zero)
        group.handle(.message(.accept(accept), from: Self.leader), into: &step)
        slot = slot.next
        let transaction = step.takeTransaction()
        let begin = LoadSchedule.now
        guard case .committed = try store.commit(transaction) else {
            throw ToolError(.checkFailed, "cannot measure the floor: the disk is full")
        }
        let nanoseconds = LoadSchedule.now - begin
        try store.checkpointIfDue()
        return nanoseconds
    }
}
