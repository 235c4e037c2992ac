import DecreeStore
import Paxos

/// Commits of votes by the production store, on the disk. The steps come from where they always come from: a group that
/// follows, and is asked to accept one slot after another.
enum StoreBenchmarks {
    private static let samples = 300
    private static let warmupCommits = 50

    static func run(_ stopwatch: inout Stopwatch, in directory: String) throws {
        var alone = try Acceptor(directory: "\(directory)/store-1")
        var together = try Acceptor(directory: "\(directory)/store-100")
        for _ in 0..<warmupCommits { (_, _) = (try alone.commit(1), try together.commit(100)) }
        var calibration = try DiskCalibration(directory: directory)
        var (syncs, ones, hundreds): ([Double], [Double], [Double]) = ([], [], [])
        // By turns: a disk that others keep busy for a second is as slow for the calibration.
        for _ in 0..<samples {
            syncs.append(Double(try calibration.sample()))
            ones.append(Double(try alone.commit(1)))
            hundreds.append(Double(try together.commit(100)))
        }
        try alone.close()
        try together.close()
        stopwatch.record("calibration: fdatasync of 4 KiB", samples: syncs)
        stopwatch.record("store: commit 1 row of 256 B", samples: ones)
        stopwatch.record("store: commit 100 rows of 256 B", samples: hundreds)
    }

    private struct Acceptor {
        private let store: Store
        private var group: Group
        private var slot = Slot(1)
        private let proposal: Proposal

        private static let leader = NodeID(2)
        private static let ballot = Ballot(round: 1, node: leader)

        init(directory: String) throws {
            let voters = Configuration(voters: [NodeID(1), Self.leader, NodeID(3)])
            store = try Store.open(
                directory: directory, identity: StoreIdentity(cluster: "benchmark", node: NodeID(1)),
                groups: [StoreGroup(id: .first, kind: "counting", configuration: voters)])
            // Nothing is ever chosen here: each commit writes its votes and nothing else.
            var limits = Limits()
            limits.voteSlots = .max
            limits.voteBytes = .max
            group = Group(
                id: .first, node: NodeID(1), genesis: voters, machine: CountingMachine(), limits: limits,
                seed: 1)
            var builder = ProposalBuilder()
            builder.append(
                .command(
                    session: SessionID(rawValue: 1), sequence: 1, firstUnacknowledged: 1,
                    payload: [UInt8](repeating: 0x5a, count: 256)[...]))
            proposal = builder.build()
        }

        /// One transaction of as many rows; its nanoseconds. A checkpoint that is due follows unmeasured, as a node
        /// does it behind the answer.
        mutating func commit(_ rows: Int) throws -> UInt64 {
            var step = Step()
            for _ in 0..<rows {
                let accept = Accept(ballot: Self.ballot, slot: slot, proposal: proposal, chosenThrough: .zero)
                group.handle(.message(.accept(accept), from: Self.leader), into: &step)
                slot = slot.next
            }
            let transaction = step.takeTransaction()
            let written = transaction.writes.count
            let begin = Stopwatch.now
            guard case .committed = try store.commit(transaction) else {
                throw BenchmarkFailure("the disk is full")
            }
            let nanoseconds = Stopwatch.now - begin
            guard written >= rows else { throw BenchmarkFailure("\(written) of \(rows) rows were written") }
            try store.checkpointIfDue()
            return nanoseconds
        }

        func close() throws { try store.close() }
    }
}
