import Decree
import Foundation
import Testing

/// A cluster begins once (invariant FoundedOnce): what each node says that cannot found it, and what is left on its disk.
@Suite(.serialized, .timeLimit(.minutes(8))) struct FoundingTests {
    private let files = FileManager.default

    @Test func nodesFoundTogetherOrNotAtAll() async throws {
        let cluster = try ProcessCluster()
        try cluster.start([1, 2])
        #expect(try await cluster.says(1, "waiting to found the cluster together with all nodes"))
        #expect(try await cluster.says(1, "node 3 at 127.0.0.1:\(cluster.configurations[2].nodes[2].port)"))
        #expect(cluster.log(of: 1).contains("starting: the store is new"), "\(cluster.log(of: 1))")
        #expect(cluster.log(of: 1).contains("directory=\(cluster.dataDirectory(of: 1))"))
        // No client is answered, and nothing is on disk.
        let asked = try await cluster.tool("bank", "open", "a", "5", "--deadline", "1")
        #expect(asked.status == 3, "\(asked.error)")
        #expect(asked.error.contains("node 1 waits to be founded; it waits for node 3"), "\(asked.error)")
        for id in cluster.ids { #expect(!files.fileExists(atPath: cluster.dataDirectory(of: id))) }
        // A node that waits can be stopped.
        #expect(try await cluster.stop(2).status == 0)
        #expect(!files.fileExists(atPath: cluster.dataDirectory(of: 2)))

        try cluster.start([2])
        try await cluster.startAndWait([3])
        #expect(try await cluster.tool("bank", "open", "a", "5").status == 0)
        #expect(try await cluster.stop() == [0, 0, 0])
        // From then on no node waits for all.
        try await cluster.startAndWait([1, 2])
        #expect(cluster.log(of: 1).contains("starting: the store is there already"))
        #expect(try await cluster.balance() == "a holds 5\n")
        #expect(try await cluster.stop() == [0, 0])
    }

    @Test func oneNodeIsNotMadeThreeByEditingTheFile() async throws {
        let cluster = try ProcessCluster()
        let nodes = cluster.configurations[0].nodes
        try cluster.edit(1) { $0.nodes = [nodes[0]] }
        try await cluster.startAndWait([1])
        #expect(try await cluster.tool("bank", "open", "a", "5").status == 0)
        #expect(try await cluster.stop(1).status == 0)
        try cluster.edit(1) { $0.nodes = nodes }
        try cluster.start()
        for id in [2, 3] {
            let end = try await cluster.end(of: id)
            #expect(end.status == 2, "\(end.error)")
            #expect(
                end.error.contains(
                    "cluster \"bank\" exists already: node 1 at 127.0.0.1:\(nodes[0].port) belongs to it, and its log "
                        + "knows no node \(id). A node comes into a cluster that exists with `decree node --join "
                ), "\(end.error)")
            #expect(!files.fileExists(atPath: cluster.dataDirectory(of: id)))
        }
        #expect(
            try await cluster.says(
                1,
                "\"nodes\" lists node 2, node 3, of which this node's log does not know: a node comes into a cluster"
            ))
        #expect(try await cluster.balance() == "a holds 5\n")
        #expect(try await cluster.stop() == [0])
    }

    @Test func twoOfThreeWithoutTheirMountsFoundNothing() async throws {
        let cluster = try ProcessCluster()
        try await cluster.startAndWait()
        #expect(try await cluster.tool("bank", "open", "a", "5").status == 0)
        try await cluster.converge()
        #expect(try await cluster.stop() == [0, 0, 0])
        let mounts = [1, 2].map(cluster.dataDirectory(of:))
        for path in mounts {
            try files.moveItem(atPath: path, toPath: path + ".unmounted")
            try files.createDirectory(atPath: path, withIntermediateDirectories: false)
        }
        try cluster.start([1, 2])
        #expect(try await cluster.says(1, "waiting to found"))
        #expect(try await cluster.says(2, "waiting to found"))
        let asked = try await cluster.tool("bank", "balance", "a", "--deadline", "1")
        #expect(asked.status == 3 && asked.output.isEmpty, "\(asked)")
        // The one that has its disk tells them.
        try cluster.start([3])
        for id in [1, 2] {
            let end = try await cluster.end(of: id)
            #expect(end.status == 4, "\(end.error)")
            #expect(
                end.error.contains(
                    "node \(id) is a member of cluster \"bank\", as node 3 at 127.0.0.1:\(cluster.configurations[2].nodes[2].port)"
                        + " says, and \(mounts[id - 1]) holds no store. If its disk is not mounted, mount it."
                ),
                "\(end.error)")
            #expect(
                end.error.contains("run `decree member replace \(id) HOST:PORT --nodes …`"), "\(end.error)")
            #expect(try files.contentsOfDirectory(atPath: mounts[id - 1]).isEmpty)
        }
        for path in mounts {
            try files.removeItem(atPath: path)
            try files.moveItem(atPath: path + ".unmounted", toPath: path)
        }
        try await cluster.startAndWait([1, 2])
        #expect(try await cluster.balance() == "a holds 5\n")
        #expect(try await cluster.stop() == [0, 0, 0])
    }

    /// A volume that is mounted under a node that waits is not what it makes: no second cluster begins with it.
    @Test func aStoreThatComesWhileItWaitsIsNotFoundedOn() async throws {
        let cluster = try ProcessCluster()
        try await cluster.startAndWait()
        #expect(try await cluster.tool("bank", "open", "a", "5").status == 0)
        try await cluster.converge()
        #expect(try await cluster.stop() == [0, 0, 0])
        let paths = cluster.ids.map(cluster.dataDirectory(of:))
        for path in paths { try files.moveItem(atPath: path, toPath: path + ".unmounted") }
        try cluster.start([1, 2])
        #expect(try await cluster.says(1, "waiting to found"))
        #expect(try await cluster.says(2, "waiting to found"))
        try files.moveItem(atPath: paths[0] + ".unmounted", toPath: paths[0])
        try cluster.start([3])
        let end = try await cluster.end(of: 1)
        #expect(end.status == 4, "\(end.error)")
        #expect(
            end.error.contains(
                "decree: while the node waited to found its cluster, a store came into \(paths[0]) that it has not made, and "
                    + "does not use. If it is this node's (a volume that was mounted late), start the node again"
            ), "\(end.error)")
        // Started again, it tells the others.
        try cluster.start([1])
        for id in [2, 3] {
            let end = try await cluster.end(of: id)
            #expect(end.status == 4, "\(end.error)")
            try? files.removeItem(atPath: paths[id - 1])
            try files.moveItem(atPath: paths[id - 1] + ".unmounted", toPath: paths[id - 1])
        }
        try await cluster.startAndWait([2, 3])
        #expect(try await cluster.balance() == "a holds 5\n")
        #expect(try await cluster.stop() == [0, 0, 0])
    }

    @Test func aFirstStartThatFailsLeavesNothing() async throws {
        let cluster = try ProcessCluster(nodes: 1)
        let port = cluster.configurations[0].nodes[0].port
        var other: Listener? = try Listener(port: port)
        try cluster.start()
        var end = try await cluster.end(of: 1)
        #expect(end.status == 2, "\(end.error)")
        #expect(
            end.error.contains("cannot listen on 127.0.0.1:\(port): Address already in use"), "\(end.error)")
        #expect(!files.fileExists(atPath: cluster.dataDirectory(of: 1)))
        withExtendedLifetime(other) {}
        other = nil

        // A directory below a file.
        let directory = cluster.dataDirectory(of: 1)
        _ = try cluster.directory.write("", to: "file")
        let file = cluster.directory.path + "/file"
        try cluster.edit(1) { $0.dataDirectory = file + "/data" }
        try cluster.start()
        end = try await cluster.end(of: 1)
        #expect(end.status == 4, "\(end.error)")
        #expect(
            end.error.contains("\(file)/data cannot be the data directory: \(file) is a file; name another"),
            "\(end.error)")

        // Under another name of the cluster, which a store left behind would refuse.
        try cluster.edit(1) {
            $0.dataDirectory = directory
            $0.cluster = "other"
        }
        try await cluster.startAndWait()
        #expect(try await cluster.stop() == [0])
    }

    @Test func nodesWhoseListsDifferFoundNothing() async throws {
        let cluster = try ProcessCluster()
        try cluster.edit(3) { $0.nodes.remove(at: 1) }
        try cluster.start()
        #expect(
            try await cluster.says(1, "its \"nodes\" lists 1, 3, and this node's lists 1, 2, 3"),
            "\(cluster.log(of: 1))")
        #expect(
            try await cluster.says(3, "its \"nodes\" lists 1, 2, 3, and this node's lists 1, 3"),
            "\(cluster.log(of: 3))")
        for id in cluster.ids { #expect(!files.fileExists(atPath: cluster.dataDirectory(of: id))) }
        #expect(try await cluster.stop(3).status == 0)
        try cluster.edit(3) { [nodes = cluster.configurations[0].nodes] in $0.nodes = nodes }
        try await cluster.startAndWait([3])
        #expect(try await cluster.stop() == [0, 0, 0])
    }

    @Test func aRelativeDirectoryFromElsewhereIsNoNewNode() async throws {
        let cluster = try ProcessCluster()
        try cluster.edit(3) { $0.dataDirectory = "data" }
        let (here, there) = (cluster.directory.path + "/here", cluster.directory.path + "/there")
        for place in [here, there] {
            try files.createDirectory(atPath: place, withIntermediateDirectories: false)
        }
        func run(in place: String) throws -> ToolProcess {
            try ToolProcess(
                ["node", "--config", cluster.configurationFile(of: 3)], input: nil,
                runner: ["/bin/sh", "-c", "cd \(place) && exec \"$@\"", "sh"])
        }
        let first = try run(in: here)
        try cluster.start([1, 2])
        #expect(await eventually { first.error.contains("directory=\(here)/data") }, "\(first.error)")
        #expect(
            try await eventually { try await cluster.statuses().count { $0.connectedPeers.count == 2 } == 2 })
        first.signal(SIGTERM)
        #expect(try await first.status() == 0)
        let second = try await run(in: there).result()
        #expect(second.status == 4, "\(second.error)")
        #expect(second.error.contains("\(there)/data holds no store"), "\(second.error)")
        #expect(!files.fileExists(atPath: there + "/data"))
        #expect(try await cluster.stop() == [0, 0])
    }
}
