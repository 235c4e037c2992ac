#if os(Linux)
    import Testing

    /// Scenario 12: the three partial partitions of the OmniPaxos paper, and a bridge. Some pair of nodes can
    /// always speak, and somebody always has a majority: the cluster must find out who.
    extension NetworkPartitionTests {
        /// All reach the hub alone; the leader is another, lives, and has lost its majority.
        @Test func quorumLoss() async throws {
            try await Trial.run(nodes: 5) { trial in
                let (leader, hub, others) = try await trial.roles()
                try trial.leaveOnly(hub, among: [leader] + others)
                try await trial.expectResumption(after: now(), "QuorumLoss")
            }
        }

        /// As QuorumLoss, but the leader is gone altogether, and the hub, which alone can lead, lacks what was
        /// chosen last.
        @Test func constrained() async throws {
            try await Trial.run(nodes: 5) { trial in
                let (leader, hub, others) = try await trial.roles()
                let network = trial.cluster.network
                try network.cut([leader], [hub])
                try await trial.expectResumption(after: now(), "the hub does not hear the leader")
                try trial.leaveOnly(hub, among: others)
                try network.cut([leader], others)
                try await trial.expectResumption(after: now(), "Constrained")
            }
        }

        /// Three in a row: the ends do not hear one another, and the leader is one of them.
        @Test func chained() async throws {
            try await Trial.run(nodes: 3) { trial in
                let (leader, _, others) = try await trial.roles()
                try trial.cluster.network.cut([leader], others)
                try await trial.expectResumption(after: now(), "Chained")
                // It does not break down again as time goes by.
                for _ in 0..<3 { try await trial.expectResumption(after: now(), "Chained, later") }
            }
        }

        /// Two halves that meet in one node alone.
        @Test func bridge() async throws {
            try await Trial.run(nodes: 5) { trial in
                let (leader, _, others) = try await trial.roles()
                try trial.cluster.network.cut([leader, others[0]], Array(others[1...]))
                try await trial.expectResumption(after: now(), "a bridge")
            }
        }
    }

    extension Trial {
        /// Who leads, one who does not, and the rest.
        fileprivate func roles() async throws -> (leader: Int, hub: Int, others: [Int]) {
            let leader = try await cluster.leader()
            let followers = cluster.nodes.filter { $0 != leader }
            return (leader, followers[0], Array(followers[1...]))
        }

        /// None of these reaches another of them.
        fileprivate func leaveOnly(_ hub: Int, among nodes: [Int]) throws {
            for (index, node) in nodes.enumerated() where node != hub {
                let rest = Array(nodes[(index + 1)...])
                if !rest.isEmpty { try cluster.network.cut([node], rest) }
            }
        }
    }
#endif
