import Decree
import DecreeStore
import Foundation
import Paxos

/// What one survivor of a cluster has, and the new cluster that is made of it.
struct QuorumRecovery {
    private struct Group {
        let id: GroupID
        let kind: String
        let restored: RestoredGroup
    }

    let old: InspectedNode
    let node: NodeID
    let directory: String
    private let cluster: String
    private let groups: [Group]
    private let witnesses: [NodeWitness]
    /// Made anew each time: no two recoveries are of one cluster.
    private let token = String(UInt64.random(in: 0...UInt64.max), radix: 16)

    init(_ store: VerifiedStore, directory: String, cluster: String?) throws {
        let inspector = store.inspector
        old = try inspector.node()
        guard let node = NodeID(rawValue: old.node), node != BackupStore.node else {
            throw ToolError(.usage, "\(directory) is a backup and no node's: see decree restore")
        }
        self.node = node
        self.directory = directory
        self.cluster = cluster ?? old.cluster
        groups = try inspector.groups().map { id, kind in
            Group(
                id: id, kind: kind,
                restored: try inspector.restore(id, on: MachineKind.named(kind).machine, includingVotes: true)
            )
        }
        witnesses = try inspector.witnesses()
    }

    // MARK: Words

    /// What is kept, what may be lost, and who is given up.
    var warning: [String] {
        var lines = [
            "\(directory): node \(node) of cluster \"\(old.cluster)\", store \(old.storeID)"
        ]
        for group in groups {
            let restored = group.restored
            let end = restored.end.executedThrough
            let members = restored.end.configurations.latest.members.map(\.node).filter { $0 != node }
            lines.append("group \(group.id):")
            lines.append("  known to be chosen, and kept: slots through \(restored.chosenThrough)")
            if restored.votes > 0 {
                lines.append(
                    "  accepted, not known to be chosen: \(restored.votes) slots through \(end); they are kept, and "
                        + "chosen by this"
                        + (restored.gaps > 0
                            ? "; \(restored.gaps) between them are empty here, and stay so" : ""))
            }
            lines.append(
                "  lost, if there is any: what other nodes acknowledged in slots beyond \(end), which nobody here knows"
            )
            lines.append(
                "  given up: "
                    + (members.isEmpty
                        ? "nobody; there is no other member"
                        : members.map { member in "node \(member)" + seen(member) }.joined(separator: ", ")))
        }
        return lines + ["It becomes a new cluster \"\(cluster)\", with node \(node) as its only voter."]
    }

    private func seen(_ member: NodeID) -> String {
        guard let witness = witnesses.first(where: { $0.node == member }) else { return "" }
        return " (last seen at transaction \(witness.persistSequence))"
    }

    var conclusion: [String] {
        [
            "\(directory) is ready; what was there before is in \(evidence)",
            "start the node as before"
                + (ClusterName.areSame(cluster, old.cluster) ? "" : ", with \"cluster\": \"\(cluster)\"")
                + "; give the others empty directories, and let them join: decree node --join HOST:PORT",
            "do not start the others with the configuration they had (--config): in an empty directory that makes "
                + "the old cluster's nodes anew, and those would be a second cluster \"\(old.cluster)\"",
        ]
    }

    var json: [String] {
        groups.map { group in
            var line = JSONWriter()
            line.line { line in
                line.add("group", group.id.rawValue)
                line.add("chosenThrough", group.restored.chosenThrough.rawValue)
                line.add("through", group.restored.end.executedThrough.rawValue)
                line.add("votes", group.restored.votes)
                line.add("gaps", group.restored.gaps)
                line.add("stateDigest", group.restored.end.state.description)
                line.add("evidence", evidence)
            }
            return line.text
        }
    }

    private var evidence: String { directory + "/" + UnfinishedRecovery.evidence + token }

    // MARK: Writing

    /// Makes the new store within the directory, moves the old one aside there, and the new one into its place: the
    /// directory may be a mount point. Killed before the old one's database is moved, the old store is where it was;
    /// after that the next run goes on: see `UnfinishedRecovery`.
    func write() throws {
        let fresh = directory + "/" + UnfinishedRecovery.recovered + token
        do {
            _ = try Founding.createStore(
                in: fresh, cluster: cluster, node: node,
                groups: groups.map { group in
                    .beginning(
                        group.id, group.kind, at: group.restored, voters: [node],
                        origin: Founding.origin(
                            genesis: old.genesis, group.id, group.restored.end, token: token))
                })
            try copyConfiguration(to: fresh)
        } catch {
            try? FileManager.default.removeItem(atPath: fresh)
            throw WholeDirectory.explain(error)
        }
        try UnfinishedRecovery.Move(directory: directory, fresh: fresh, evidence: evidence).complete()
    }

    /// A node that had joined has its configuration in its directory.
    private func copyConfiguration(to fresh: String) throws {
        let file = directory + "/" + Joining.configurationFile
        guard FileManager.default.fileExists(atPath: file) else { return }
        var configuration = try NodeConfiguration.load(from: file)
        configuration.cluster = cluster
        configuration.nodes.removeAll { $0.id != Int(node.rawValue) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let files = PosixFiles()
        try files.create(
            fresh + "/" + Joining.configurationFile, with: Array(try encoder.encode(configuration)) + [0x0a])
        try files.syncDirectory(fresh)
    }
}
