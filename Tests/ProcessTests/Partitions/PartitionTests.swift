#if os(Linux)
    import Dispatch
    import Foundation
    import Testing

    /// Real nodes on machines of their own, and the network between them cut in every way that is known to
    /// matter. Clients pay coins all the time; whatever they are told is held against everything else.
    @Suite(
        .serialized,
        .enabled(
            if: NamespaceNetwork.isPossible,
            "network namespaces cannot be made: that takes Linux, iproute2, and root or CAP_NET_ADMIN"),
        .timeLimit(.minutes(2)))
    struct NetworkPartitionTests {
        /// Writes are to go on within four election timeouts of 500 to 1,000 ms, and the time that a client
        /// takes to find the leader. Twice that and more, for machines that have other things to do: whether
        /// they go on at all is what is tried, how fast is printed.
        static let patience = Duration.seconds(12)

        // MARK: Halves

        @Test(arguments: [3, 5]) func aMajorityGoesOnAndAMinorityAnswersNothing(count: Int) async throws {
            try await Trial.run(nodes: count) { trial in
                let leader = try await trial.cluster.leader()
                let minority = Array(
                    ([leader] + trial.cluster.nodes.filter { $0 != leader }).prefix(count / 2))
                let writer = try trial.client("few", nodes: minority, deadline: 1)
                let reader = try trial.client("stale", nodes: minority, deadline: 1, isStale: true)
                try trial.cluster.network.cut(minority, trial.cluster.nodes.filter { !minority.contains($0) })
                let moment = now()
                try await trial.expectResumption(after: moment, "the leader's half of \(count) is cut off")

                writer.start()
                reader.start(readsOnly: true)
                try await writer.outcomes(40, within: .seconds(10))
                try await reader.outcomes(40, within: .seconds(10))
                let outcomes = try await writer.finish()
                #expect(outcomes.allSatisfy { ["failed", "unknown"].contains($0.outcome) })
                let stale = try await reader.finish()
                #expect(stale.contains { $0.outcome == "ok" })
                #expect(stale.allSatisfy { $0.isStale || $0.outcome != "ok" })
            }
        }

        // MARK: One node

        @Test func aLeaderIsUnpluggedAndPluggedIn() async throws {
            try await Trial.run(nodes: 3) { trial in
                let leader = try await trial.cluster.leader()
                try trial.cluster.network.unplug(leader)
                let moment = now()
                try await trial.expectResumption(after: moment, "the leader is unplugged")
                try trial.cluster.network.plug(leader)
                let time = try await trial.cluster.timeToCatchUp(leader)
                print("partition: unplugged briefly, a leader of old is in again after \(time)")
                #expect(time < .seconds(10))
            }
        }

        /// TCP waits longer and longer before it tries again; a node must not.
        @Test func aNodeIsInAgainSoonAfterALongPartition() async throws {
            try await Trial.run(nodes: 3) { trial in
                let leader = try await trial.cluster.leader()
                let followers = trial.cluster.nodes.filter { $0 != leader }
                let (cut, other) = (followers[0], followers[1])
                // Packets are lost without a word, as behind a switch that died.
                try trial.cluster.network.unplug(cut)
                let moment = now()
                try await trial.expectResumption(after: moment, "a follower is unplugged")
                // The time is what is tried here: TCP would try again 24 s after this, and no sooner.
                try await Task.sleep(for: .seconds(27))
                try trial.cluster.network.plug(cut)
                let time = try await trial.cluster.timeToCatchUp(cut)
                print("partition: after 27 s, node \(cut) is in again after \(time)")
                #expect(time < .seconds(10))
                // And its vote counts again: without the other it is needed.
                try trial.cluster.network.unplug(other)
                try await trial.expectResumption(after: now(), "its vote is needed")
                try trial.cluster.network.plug(other)
            }
        }

        // MARK: One way

        /// Scenario OneWay, on real connections. Behind TCP, who cannot receive is not heard for long: what it
        /// sends is acknowledged to nobody.
        @Test(arguments: [true, false]) func aLeaderThatIsDeafOrDumbIsReplaced(isDeaf: Bool) async throws {
            try await Trial.run(nodes: 3) { trial in
                let leader = try await trial.cluster.leader()
                let others = trial.cluster.nodes.filter { $0 != leader }
                // Each side is asked by somebody who asks nobody else.
                let readers = try [
                    trial.client("old", nodes: [leader], deadline: 1),
                    trial.client("new", nodes: others, deadline: 2),
                ]
                for reader in readers { reader.start(readsOnly: true) }
                for reader in readers { try await reader.outcomes(20, within: .seconds(10)) }
                let network = trial.cluster.network
                if isDeaf {
                    try network.cut(from: others, to: [leader])
                } else {
                    try network.cut(from: [leader], to: others)
                }
                try await trial.expectResumption(
                    after: now(), isDeaf ? "the leader does not receive" : "the leader does not send")
                try await trial.expectResumption(after: now(), "and it stays so")
            }
        }
    }

    /// Nanoseconds of the clock that the machine's processes share.
    func now() -> UInt64 { DispatchTime.now().uptimeNanoseconds }

    /// A cluster, clients at work, something that happens to the network, and the judgement.
    final class Trial {
        let cluster: PartitionedCluster
        private let payer: PartitionClient
        private var others: [PartitionClient] = []

        private init(nodes: Int) async throws {
            cluster = try PartitionedCluster(nodes: nodes)
            payer = try PartitionClient(cluster, "payer")
        }

        /// Runs a trial of at most a minute. The network is whole again afterwards, and the nodes agree.
        static func run(nodes: Int, _ body: (Trial) async throws -> Void) async throws {
            let trial = try await Trial(nodes: nodes)
            defer { for client in [trial.payer] + trial.others { client.abandon() } }
            _ = try await trial.cluster.leader()
            let opened = try await trial.cluster.tool(["bank", "open", "chest", "0"])
            try #require(opened.status == 0, "\(opened.error)")
            trial.payer.start()
            try await trial.expectResumption(after: now(), "the network is whole")
            try await body(trial)
            try trial.cluster.network.heal()
            try await trial.end()
        }

        /// Another client, from the same machine.
        func client(
            _ name: String, nodes: [Int], deadline: Double, isStale: Bool = false
        ) throws -> PartitionClient {
            let client = try PartitionClient(
                cluster, name, nodes: nodes, deadline: deadline, isStale: isStale)
            others.append(client)
            return client
        }

        /// Coins are paid in again soon.
        func expectResumption(after moment: UInt64, _ what: String) async throws {
            guard
                let time = try await payer.resumption(after: moment, within: NetworkPartitionTests.patience)
            else {
                Issue.record(
                    "no writes within \(NetworkPartitionTests.patience): \(what); \(try await cluster.roles())"
                )
                return
            }
            print("partition: \(what): the first write was answered after \(time)")
        }

        private func end() async throws {
            var results = try await payer.finish()
            for client in others { results += try await client.finish() }
            try await cluster.converge()
            let read = try await cluster.tool(["bank", "balance", "chest", "--json"])
            let line = try #require(read.output.split(separator: "\n").first, "\(read.error)")
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            let total = try #require((object?["result"] as? [String: Any])?["balance"] as? Int)
            PartitionResult.judge(results, finally: total)
            #expect(results.count { $0.outcome == "ok" } > 50)
            try await cluster.stop()
        }
    }
#endif
