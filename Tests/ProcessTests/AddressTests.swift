import Decree
import Foundation
import Testing

/// Where nodes are reached: what the log says, what files say, and what they say themselves.
@Suite(.serialized, .timeLimit(.minutes(8))) struct AddressTests {
    private let files = FileManager.default

    /// Three nodes and an account with 5 in it.
    private func cluster() async throws -> ProcessCluster {
        let cluster = try ProcessCluster()
        try await cluster.startAndWait()
        #expect(try await cluster.tool("bank", "open", "a", "5").status == 0)
        try await cluster.converge()
        return cluster
    }

    private func freeAddress() throws -> (port: Int, text: String) {
        let port = try LoopbackPorts.free(1)[0]
        return (port, "127.0.0.1:\(port)")
    }

    /// Its own log has the new address, its file the old one, and no other node is left that could say so.
    @Test func aNodeIsFoundWhereTheLogSays() async throws {
        let cluster = try await cluster()
        let two = "127.0.0.1:\(cluster.configurations[0].nodes[1].port)"
        try await cluster.kill(1)
        let four = try freeAddress()
        let joined = try ToolProcess(
            [
                "node", "--join", cluster.addresses, "--listen", four.text, "--data-directory",
                cluster.directory.path + "/data-4", "--replace", "3",
            ], input: nil)
        #expect(
            try await eventually {
                try await Tool.run(["member", "list", "--nodes", two]).output.contains("4     voter")
            }, "\(joined.error)")
        let new = try freeAddress()
        let moved = try await Tool.run(["member", "move", "1", new.text, "--nodes", two])
        #expect(moved.status == 0, "\(moved.error)")
        #expect(
            try await eventually {
                try await Tool.run(["member", "list", "--nodes", four.text]).output.contains(new.text)
            })
        try await cluster.kill(2)
        try await cluster.kill(3)
        try cluster.edit(1) { $0.nodes[0].port = new.port }
        try cluster.start([1])
        #expect(
            try await eventually {
                try await Tool.run(["bank", "balance", "a", "--nodes", "\(new.text),\(four.text)"]).output
                    == "a holds 5\n"
            }, "\(joined.error) \(cluster.log(of: 1))")
        joined.signal(SIGTERM)
        #expect(try await joined.status() == 0)
        #expect(try await cluster.stop() == [0])
    }

    /// As operations.md says: one after another, each with its own entry edited alone; and then all start again.
    @Test func allNodesMoveOneAfterAnother() async throws {
        let cluster = try await cluster()
        var places = cluster.configurations[0].nodes.map { "127.0.0.1:\($0.port)" }
        var balance = 5
        for id in cluster.ids {
            let new = try freeAddress()
            #expect(try await cluster.stop(id).status == 0)
            let moved = try await Tool.run(
                ["member", "move", "\(id)", new.text, "--nodes", places.joined(separator: ",")])
            #expect(moved.status == 0, "\(moved.error)")
            places[id - 1] = new.text
            try cluster.edit(id) { $0.nodes[id - 1].port = new.port }
            try cluster.start([id])
            let paid = try await Tool.run([
                "bank", "deposit", "a", "1", "--nodes", places.joined(separator: ","),
            ])
            #expect(paid.status == 0, "\(paid.error)")
            balance += 1
            #expect(
                try await eventually {
                    try await Tool.run(["bank", "balance", "a", "--stale", "--nodes", new.text]).output
                        .hasPrefix("a holds \(balance) ")
                }, "\(cluster.log(of: id))")
        }
        #expect(try await cluster.stop() == [0, 0, 0])
        try cluster.start()
        for place in places {
            #expect(
                try await eventually {
                    try await Tool.run(["bank", "balance", "a", "--stale", "--nodes", place]).output
                        .hasPrefix("a holds \(balance) ")
                })
        }
        #expect(
            try await eventually {
                try await Tool.run(["bank", "balance", "a", "--nodes", places.joined(separator: ",")]).output
                    == "a holds \(balance)\n"
            })
        #expect(try await cluster.stop() == [0, 0, 0])
    }

    /// No operator told the cluster, and no file but each node's own has its new address: nodes remember where they met.
    @Test func nodesThatMoveUnannouncedFindOneAnother() async throws {
        let cluster = try await cluster()
        var places = cluster.configurations[0].nodes.map { "127.0.0.1:\($0.port)" }
        for id in cluster.ids {
            let (new, old) = (try freeAddress(), places[id - 1])
            #expect(try await cluster.stop(id).status == 0)
            places[id - 1] = new.text
            try cluster.edit(id) { $0.nodes[id - 1].port = new.port }
            try cluster.start([id])
            #expect(
                try await eventually {
                    try await Tool.run(["bank", "balance", "a", "--nodes", new.text]).output == "a holds 5\n"
                }, "\(cluster.log(of: id))")
            for other in cluster.ids where other != id {
                let said =
                    "a peer says that it is reached at \(new.text), and was expected at \(old): "
                    + "`decree member move \(id) \(new.text) --nodes …` tells all nodes for good"
                #expect(
                    await eventually { cluster.log(of: other).contains(said) }, "\(cluster.log(of: other))")
            }
        }
        for id in cluster.ids { try await cluster.kill(id) }
        try cluster.start()
        #expect(
            try await eventually {
                try await Tool.run(["bank", "balance", "a", "--nodes", places.joined(separator: ",")]).output
                    == "a holds 5\n"
            }, "\(cluster.log(of: 1))")
        #expect(try await cluster.stop() == [0, 0, 0])
    }

    /// The log has an old address of the node that leads: the others tell clients where it is, and operators.
    @Test func aLeaderThatMovedUnannouncedIsFoundByClients() async throws {
        let cluster = try await cluster()
        let others = cluster.configurations[0].nodes[1...].map { "127.0.0.1:\($0.port)" }.joined(
            separator: ",")
        let (logged, new) = (try freeAddress(), try freeAddress())
        #expect(
            try await Tool.run(["member", "move", "1", logged.text, "--nodes", cluster.addresses]).status == 0
        )
        #expect(try await cluster.stop(1).status == 0)
        try cluster.edit(1) { $0.nodes[0].port = new.port }
        try cluster.start([1])
        #expect(
            try await eventually {
                try await Tool.run(["leader", "transfer", "1", "--nodes", others]).status == 0
            }, "\(cluster.log(of: 1))")
        let paid = try await Tool.run(["bank", "deposit", "a", "1", "--nodes", others])
        #expect(paid.status == 0, "\(paid.error)")
        let moved = try await Tool.run(["member", "move", "1", new.text, "--nodes", others])
        #expect(moved.status == 0, "\(moved.error)")
        #expect(try await cluster.stop() == [0, 0, 0])
    }

    /// Its file has one address of a node that is down, and it was told another: it dials both, about one a second.
    @Test func aPeerThatIsDownIsToldOnceForEachAddress() async throws {
        let cluster = try await cluster()
        #expect(try await cluster.stop(2).status == 0)
        let (told, listed) = (cluster.configurations[0].nodes[2].port, try freeAddress().port)
        try cluster.edit(2) { $0.nodes[2].port = listed }
        try await cluster.startAndWait([2])
        #expect(await eventually { cluster.log(of: 2).contains("connected to a peer") })
        let before = cluster.log(of: 2).count
        try await cluster.kill(3)
        func refusals(at port: Int) -> Int {
            cluster.log(of: 2).dropFirst(before).split(separator: "\n").count {
                $0.contains("peer=3") && $0.contains("address=127.0.0.1:\(port)")
                    && $0.contains("Connection refused")
            }
        }
        #expect(await eventually { refusals(at: told) > 0 && refusals(at: listed) > 0 })
        // Meanwhile each is dialled a few times more.
        for _ in 0..<20 { try await cluster.deposit(1) }
        #expect(refusals(at: told) == 1 && refusals(at: listed) == 1, "\(cluster.log(of: 2))")
        #expect(try await cluster.stop() == [0, 0])
    }

    /// It listens at all addresses of its machine, and tells the others one of them.
    @Test func aNodeListensElsewhereThanItIsReached() async throws {
        let cluster = try ProcessCluster()
        for id in cluster.ids {
            try cluster.edit(id) { $0.listen = "0.0.0.0:\($0.nodes[id - 1].port)" }
        }
        try await cluster.startAndWait()
        #expect(try await cluster.tool("bank", "open", "a", "5").status == 0)
        let port = try LoopbackPorts.free(1)[0]
        let refused = try await Tool.run(join(cluster, "--listen", "0.0.0.0:\(port)"))
        #expect(refused.status == 2, "\(refused.error)")
        #expect(
            refused.error.contains(
                "the others cannot reach this node at 0.0.0.0:\(port), which stands for all addresses of a machine: say "
                    + "with --advertise HOST:PORT where they reach it"), "\(refused.error)")
        let joined = try ToolProcess(
            join(cluster, "--listen", "0.0.0.0:\(port)", "--advertise", "127.0.0.1:\(port)"), input: nil)
        #expect(
            try await eventually {
                try await cluster.tool("member", "list").output.contains("4     voter  127.0.0.1:\(port)")
            }, "\(joined.error)")
        joined.signal(SIGTERM)
        #expect(try await joined.status() == 0)
        #expect(try await cluster.stop() == [0, 0, 0])
    }

    private func join(_ cluster: ProcessCluster, _ more: String...) -> [String] {
        ["node", "--join", cluster.addresses, "--data-directory", cluster.directory.path + "/data-4"] + more
    }

    /// What reaches no node, or another one, is never told to any.
    @Test func addressesThatReachNobodyAreRefused() async throws {
        let cluster = try await cluster()
        for (address, message) in [
            ("0.0.0.0:7001", "0.0.0.0:7001 stands for all addresses of a machine, and reaches none"),
            ("[::]:7001", "[::]:7001 stands for all addresses of a machine, and reaches none"),
        ] {
            for command in [["add", address], ["move", "2", address], ["replace", "2", address]] {
                let result = try await Tool.run(["member"] + command + ["--nodes", cluster.addresses])
                #expect(result.status == 2, "\(result)")
                #expect(result.error.contains(message), "\(result.error)")
            }
        }
        // Another name of a member's address.
        let port = cluster.configurations[0].nodes[0].port
        for command in [["add", "localhost:\(port)"], ["move", "2", "localhost:\(port)"]] {
            let alias = try await Tool.run(["member"] + command + ["--nodes", cluster.addresses])
            #expect(alias.status == 1, "\(alias)")
            #expect(
                alias.error.contains(
                    "refused: node 1 of cluster \"bank\" answers at localhost:\(port): name an address of the node's own"
                ),
                "\(alias.error)")
        }
        let other = try LoopbackPorts.free(1)[0]
        let joined = try await Tool.run(
            join(cluster, "--listen", "127.0.0.1:\(other)", "--advertise", "localhost:\(port)"))
        #expect(joined.status == 1, "\(joined)")
        #expect(
            joined.error.contains(
                "node 1 of cluster \"bank\" answers at localhost:\(port): let this node listen"),
            "\(joined.error)")
        #expect(try await cluster.tool("member", "list").output.contains("\n4") == false)

        // In a file: a node that others could not reach.
        _ = try await cluster.stop(3)
        let nodes = cluster.configurations[2].nodes
        try cluster.edit(3) { $0.nodes[0].host = "0.0.0.0" }
        try cluster.start([3])
        var end = try await cluster.end(of: 3)
        #expect(end.status == 2, "\(end.error)")
        #expect(
            end.error.contains(
                "node 1's host 0.0.0.0 stands for all addresses of a machine, and reaches none"))
        try cluster.edit(3) {
            $0.nodes = nodes
            $0.nodes[1].host = "10.0.0.2"
        }
        try cluster.start([3])
        end = try await cluster.end(of: 3)
        #expect(end.status == 2, "\(end.error)")
        #expect(
            end.error.contains(
                "node 1's host 127.0.0.1 is each machine itself, and other nodes are elsewhere"))
        // Its own entry may, and no node is told of it.
        try cluster.edit(3) {
            $0.nodes = nodes
            $0.nodes[2].host = "0.0.0.0"
        }
        try cluster.start([3])
        #expect(try await cluster.says(3, "no node is told that this one is at 0.0.0.0:"))
        try await cluster.converge()
        #expect(try await cluster.stop() == [0, 0, 0])
    }

    /// A node that comes in with the defaults would want to lead before the others do.
    @Test func aJoinerTakesTheClustersTiming() async throws {
        let cluster = try ProcessCluster(nodes: 1)
        try cluster.edit(1) {
            $0.heartbeatMilliseconds = 200
            $0.electionTimeoutMilliseconds = 2_000
        }
        try await cluster.startAndWait()
        let joined = try ToolProcess(join(cluster, "--listen", try freeAddress().text), input: nil)
        #expect(
            try await eventually { try await cluster.tool("member", "list").output.contains("2     voter") },
            "\(joined.error)")
        let written = try NodeConfiguration.load(from: cluster.directory.path + "/data-4/node.json")
        #expect(written.heartbeatMilliseconds == 200 && written.electionTimeoutMilliseconds == 2_000)
        joined.signal(SIGTERM)
        #expect(try await joined.status() == 0)
        #expect(try await cluster.stop() == [0])
    }
}
