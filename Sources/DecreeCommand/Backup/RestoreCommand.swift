import ArgumentParser
import Decree
import DecreeStore
import Foundation
import Paxos

/// `decree restore`: a new cluster from a backup.
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Make this node's directory from a backup, as one of a new cluster.",
        discussion: """
            Run it once for each node that the configuration lists, with the same backup and the same token; then \
            start them all. The state is that of the backup's last slot; slots that were chosen after it are lost. A \
            client that lives on opens new sessions in the new cluster: what it had asked of the old one without an \
            answer is unknown.

            It is a new cluster, whatever its name: nodes of the one that was backed up refuse it, and it refuses \
            them. Its voters are the configuration's; nobody belongs to it that belonged to the other. When you \
            restore one backup twice, give the second time another `--token`: else the two take each other for one.

            EXAMPLE
              decree restore backups/2025-11-01 --config node.json

            EXIT CODES
              0  the directory is ready: start the node
              1  the backup is not sound, has no end mark, or is empty: see decree log verify
              2  wrong usage or configuration
              4  the backup cannot be read, or there is a store already, or it cannot be written

            The data directory may be a mount point, or a symbolic link to a directory that is there. Everything is \
            written within it.
            """)

    @Argument(help: ArgumentHelp("A backup; or a stopped node's data directory.", valueName: "backup"))
    var backup: String

    @Option(help: ArgumentHelp("The new node's configuration.", valueName: "file"))
    var config: String

    @Option(
        help: ArgumentHelp(
            "Tells clusters apart that are made of one backup with the same configuration.", valueName: "text"
        ))
    var token = ""

    @Flag(
        help: """
            Accept a backup without an end mark, as earlier versions made them. Whether it is whole, you must know.
            """)
    var acceptUnmarked = false

    @Flag(help: "Print one JSON object a group.")
    var json = false

    func run() async throws {
        let configuration = try NodeConfiguration.load(from: config)
        let source = try VerifiedStore(backup, acceptsUnmarked: acceptUnmarked)
        try source.requireSound()
        guard let old = source.node else { return }
        guard !source.holdings.allSatisfy({ $0.snapshot == nil && $0.slots == nil }) else {
            throw ToolError(
                .checkFailed, "nothing is in \(backup): no snapshot and no chosen slot. Name another backup")
        }
        let voters = configuration.nodes.map { NodeID(UInt16($0.id)) }.sorted()
        let node = NodeID(UInt16(configuration.node))
        var groups: [Founding.Group] = []
        var ends: [(GroupID, Restoration)] = []
        for (id, kind) in try source.inspector.groups() {
            let restored = try source.inspector.restore(
                id, on: MachineKind.named(kind).machine, includingVotes: false)
            ends.append((id, restored.end))
            groups.append(
                .beginning(
                    id, kind, at: restored, voters: voters,
                    origin: Founding.origin(genesis: old.genesis, id, restored.end, token: token)))
        }
        let genesis = try StorePlace(configuration.dataDirectory).make {
            try Founding.createStore(in: $0, cluster: configuration.cluster, node: node, groups: groups)
        }
        for (id, end) in ends { tell(configuration, id, end, genesis) }
    }

    private func tell(
        _ configuration: NodeConfiguration, _ group: GroupID, _ end: Restoration, _ genesis: Digest
    ) {
        guard json else {
            return print(
                "\(configuration.dataDirectory): node \(configuration.node) of the new cluster "
                    + "\"\(configuration.cluster)\" (genesis \(genesis)), group \(group) through slot "
                    + "\(end.executedThrough), state \(end.state)")
        }
        var line = JSONWriter()
        line.line { line in
            line.add("group", group.rawValue)
            line.add("through", end.executedThrough.rawValue)
            line.add("chain", end.chain.description)
            line.add("stateDigest", end.state.description)
            line.add("genesis", genesis.description)
        }
        print(line.text)
    }
}

extension Founding.Group {
    /// A group of a new cluster that begins where another ended.
    static func beginning(
        _ id: GroupID, _ kind: String, at restored: RestoredGroup, voters: [NodeID], origin: Digest
    ) -> Self {
        let genesis = restored.end.configurations.latest.succeeded(by: voters, origin: origin)
        let isEmpty = restored.end.executedThrough == .zero
        return Self(
            stored: StoreGroup(id: id, kind: kind, configuration: genesis),
            snapshot: isEmpty ? nil : restored.end.capture(beginning: genesis).encode())
    }
}

extension MachineKind {
    /// The machine of a store.
    static func named(_ kind: String) throws -> MachineKind {
        guard let known = MachineKind(rawValue: kind) else {
            throw ToolError(
                .usage,
                "the log is executed on \"\(kind)\", which this tool does not know: use the program that has that machine"
            )
        }
        return known
    }
}

extension VerifiedStore {
    /// Nothing is made of a store that is not what was written.
    func requireSound() throws {
        guard !report.isHealthy else { return }
        throw ToolError(
            .checkFailed,
            "\(directory) is not sound: "
                + report.findings.prefix(3).map(\.description).joined(separator: "; "))
    }
}
