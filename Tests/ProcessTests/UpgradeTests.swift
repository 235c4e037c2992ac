import Bank
import Decree
import DecreeClient
import Foundation
import Logging
import Paxos
import Synchronization
import Testing

/// A cluster of the last version's build becomes one of this build, a node at a time and under load.
///
/// `scripts/upgrade-test.sh` builds the last version and says where in DECREE_LAST_EXECUTABLE.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct UpgradeTests {
    static let last = ProcessInfo.processInfo.environment["DECREE_LAST_EXECUTABLE"]

    /// The keys that the last version knows.
    private func writeConfigurations(_ cluster: ProcessCluster) throws {
        for configuration in cluster.configurations {
            let nodes = configuration.nodes.map {
                #"{"id":\#($0.id),"host":"\#($0.host)","port":\#($0.port)}"#
            }
            _ = try cluster.directory.write(
                #"{"cluster":"\#(configuration.cluster)","node":\#(configuration.node),"#
                    + #""dataDirectory":"\#(configuration.dataDirectory)","nodes":[\#(nodes.joined(separator: ","))]}"#,
                to: "\(configuration.node).json")
        }
    }

    @Test(.enabled(if: UpgradeTests.last != nil, "DECREE_LAST_EXECUTABLE names no build of the last version"))
    func aClusterIsUpgradedNodeByNodeUnderLoad() async throws {
        let last = try #require(Self.last)
        let cluster = try ProcessCluster()
        try writeConfigurations(cluster)
        try await cluster.startAndWait(build: last)
        for account in ["single", "batched"] {
            #expect(try await cluster.tool("bank", "open", account, "0").status == 0)
        }
        let load = try UpgradeLoad(cluster)
        let running = Task { try await load.run() }
        try await load.progress()

        for id in cluster.ids {
            // One is not asked to stop.
            if id == 2 { try await cluster.kill(id) } else { #expect(try await cluster.stop(id).status == 0) }
            try await load.progress()
            try await cluster.startAndWait([id])
            try await load.progress()
            if id == 3 {
                try await cluster.kill(id)
                try await cluster.startAndWait([id])
            }
            guard id < 3 else { continue }
            let versions = try await cluster.statuses().flatMap(\.groups).compactMap(\.version)
            #expect(versions.allSatisfy { $0 == 1 }, "a member is of the last version: \(versions)")
        }
        let isRaised = try await eventually {
            let groups = try await cluster.statuses().flatMap(\.groups)
            return groups.count == 3 && groups.allSatisfy { $0.version == 3 }
        }
        let raised = try await cluster.statuses().flatMap(\.groups)
        #expect(isRaised, "\(raised)")
        try await load.progress()
        // And once more, now that no node is of the last version.
        for id in cluster.ids {
            try await cluster.kill(id)
            try await cluster.startAndWait([id])
        }
        load.stop()
        let tally = try await running.value

        try await cluster.converge()
        for (account, counted) in [("single", tally.single), ("batched", tally.batched)] {
            let holds = try await cluster.balance(of: account)
            let balance = try #require(
                holds.split(separator: " ").last.flatMap { Int($0.trimmingCharacters(in: .newlines)) })
            #expect(
                (counted.acknowledged...counted.acknowledged + counted.unknown).contains(balance),
                "\(account) holds \(balance): \(counted)")
            #expect(counted.acknowledged > 0)
        }
        #expect(tally.refused.isEmpty, "\(tally.refused)")
        let digests = try await cluster.statuses().flatMap(\.groups)
        #expect(Set(digests.map(\.stateDigest)).count == 1 && Set(digests.map(\.chain)).count == 1)
        for id in cluster.ids { try await cluster.kill(id) }
        let audit = try await Tool.run(["log", "audit"] + cluster.ids.map(cluster.dataDirectory))
        #expect(audit.status == 0, "\(audit.output)\(audit.error)")

        // There is no way back.
        try cluster.start([1], build: last)
        let refused = try await cluster.end(of: 1)
        #expect(refused.status == 4, "\(refused.error)")
        #expect(refused.error.contains("format"), "\(refused.error)")
        // Being refused has harmed nothing.
        try await cluster.startAndWait()
        #expect(try await cluster.stop() == [0, 0, 0])
    }
}

/// Deposits one after the other, alone and in batches, each retried by its session until there is an answer.
private final class UpgradeLoad: Sendable {
    struct Count: Sendable {
        var acknowledged = 0
        var unknown = 0
    }

    struct Tally: Sendable {
        var single = Count()
        var batched = Count()
        var refused: [String] = []
    }

    private let client: DecreeClient
    private let state = LockedTally()
    private static let batch = 5

    init(_ cluster: ProcessCluster) throws {
        client = DecreeClient(
            .init(
                cluster: "bank", nodes: try #require(NodeAddress.list(cluster.addresses)),
                deadline: .seconds(20),
                logger: Logger(label: "tests", factory: { _ in SwiftLogNoOpLogHandler() })))
    }

    func stop() { state.stop() }

    /// Waits until ten more of both kinds are acknowledged.
    func progress() async throws {
        let before = state.tally
        let goesOn = await eventually(within: .seconds(60)) {
            let now = state.tally
            return now.single.acknowledged >= before.single.acknowledged + 10
                && now.batched.acknowledged >= before.batched.acknowledged + 10 * Self.batch
        }
        try #require(goesOn, "no more commands, or batches, are acknowledged: \(state.tally)")
    }

    func run() async throws -> Tally {
        let session = client.session()
        let single = BankCommand.deposit(try AccountName("single"), amount: 1).bytes
        let deposit = BankCommand.deposit(try AccountName("batched"), amount: 1).bytes
        let batched = CommandBatch((0..<Self.batch).map { _ in deposit[...] })
        while !state.isStopped {
            let outcome = await session.submit(single)
            state.count(outcome, 1, batched: false)
            let whole = await session.submit(batched)
            state.count(whole, Self.batch, batched: true)
        }
        await client.close()
        return state.tally
    }

    private final class LockedTally: Sendable {
        private let counted = Mutex((tally: Tally(), isDone: false))

        var tally: Tally { counted.withLock { $0.tally } }
        var isStopped: Bool { counted.withLock { $0.isDone } }
        func stop() { counted.withLock { $0.isDone = true } }

        func count(_ outcome: Outcome, _ commands: Int, batched isBatched: Bool) {
            counted.withLock { counted in
                var count = isBatched ? counted.tally.batched : counted.tally.single
                switch outcome {
                case .ok: count.acknowledged += commands
                case .unknown: count.unknown += commands
                // Not done, for want of time alone.
                case .failed(.deadlinePassed): break
                case .rejected(let reason, _): counted.tally.refused.append("\(reason)")
                case .failed(let reason): counted.tally.refused.append("\(reason)")
                }
                if isBatched { counted.tally.batched = count } else { counted.tally.single = count }
            }
        }
    }
}
