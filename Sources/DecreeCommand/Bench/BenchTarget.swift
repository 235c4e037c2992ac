import DecreeClient
import Foundation
import Paxos

/// The cluster under test: node processes of its own, or one that runs already.
struct BenchTarget {
    let addresses: [NodeAddress]
    /// Where the floor is measured; nil where that would say nothing of the nodes' disks.
    let floorDirectory: String?
    private let local: LocalCluster?
    private let isTemporary: Bool

    /// Nodes on this machine, not yet running.
    init(local count: Int, directory: String?, machine: MachineKind) throws {
        isTemporary = directory == nil
        let path = directory ?? NSTemporaryDirectory() + "decree-bench-\(UInt32.random(in: 0...UInt32.max))"
        let cluster = try LocalCluster(
            nodes: count, directory: path, cluster: "bench-\(machine.rawValue)",
            nodeArguments: ["--machine", machine.rawValue])
        local = cluster
        addresses = cluster.addresses.compactMap { NodeAddress($0) }
        floorDirectory = path
    }

    /// Nodes that run already.
    init(running addresses: [NodeAddress], dataDirectory: String?) {
        self.addresses = addresses
        floorDirectory = dataDirectory
        local = nil
        isTemporary = false
    }

    /// What is wrong with measuring here, if anything.
    var warning: String? {
        guard let floorDirectory, Self.isInMemory(floorDirectory) else { return nil }
        return "\(floorDirectory) is a file system in memory, where fsync costs nothing: "
            + "name a directory on a disk with --data"
    }

    func start() throws { try local?.startAll() }

    /// Starts the first node within this process, and the others each in its own.
    func startEmbedded(_ machine: MachineKind) throws -> EmbeddedNode {
        guard let local, let first = local.ids.first, let configuration = local.members[first]?.configuration
        else { throw ToolError(.usage, "--embedded is for nodes that the benchmark starts itself") }
        for id in local.ids where id != first { try local.start(id) }
        return try EmbeddedNode(configuration, machine: machine)
    }

    /// Kills all nodes of this run at once (kill -9), and starts them again.
    func strike() throws {
        guard let local else { return }
        for id in local.ids { local.signal(id, SIGKILL) }
        for id in local.ids { local.kill(id) }
        try local.startAll()
    }

    /// Stops the nodes of this run. What went wrong with it, in lines.
    func stop() -> [String] {
        guard let local else { return [] }
        let codes = local.stopAll()
        return local.ids.filter { local.wasStarted($0) && codes[$0] != 0 }.map {
            "node \($0) did not stop as it should; it logged last:\n\(local.logTail(of: $0))"
        }
    }

    /// Where the data of this run's nodes is.
    var directory: String? { local?.directory }

    /// Removes the nodes' data if the directory was a temporary one.
    func removeTemporary() {
        guard let local, isTemporary else { return }
        try? FileManager.default.removeItem(atPath: local.directory)
    }

    /// Whether the file system of a path, which need not be there yet, is tmpfs or ramfs. Only Linux says.
    private static func isInMemory(_ path: String) -> Bool {
        guard let mounts = try? String(contentsOfFile: "/proc/mounts", encoding: .utf8) else { return false }
        let path = URL(fileURLWithPath: path).resolvingSymlinksInPath().path + "/"
        var nearest = (point: "", type: "")
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ").map(String.init)
            guard fields.count > 2 else { continue }
            let point = fields[1].hasSuffix("/") ? fields[1] : fields[1] + "/"
            if path.hasPrefix(point), point.count > nearest.point.count { nearest = (point, fields[2]) }
        }
        return ["tmpfs", "ramfs"].contains(nearest.type)
    }
}
