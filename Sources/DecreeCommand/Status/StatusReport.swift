import Decree
import DecreeClient
import Foundation

/// What the nodes said of themselves, or why they did not, in the order they were named.
struct StatusReport: Sendable {
    struct Row: Sendable {
        let address: NodeAddress
        let answer: Result<NodeStatus, Silence>
    }

    /// Why a node said nothing.
    struct Silence: Error {
        let reason: String
    }

    let rows: [Row]

    /// Asks all nodes at once.
    static func gather(
        _ addresses: [NodeAddress], from client: DecreeClient, within time: Duration
    ) async -> StatusReport {
        await withTaskGroup(of: (Int, Row).self) { group in
            for (place, address) in addresses.enumerated() {
                group.addTask {
                    (place, Row(address: address, answer: await ask(address, client, within: time)))
                }
            }
            var rows: [(Int, Row)] = []
            for await row in group { rows.append(row) }
            return StatusReport(rows: rows.sorted { $0.0 < $1.0 }.map(\.1))
        }
    }

    private static func ask(
        _ address: NodeAddress, _ client: DecreeClient, within time: Duration
    ) async -> Result<NodeStatus, Silence> {
        let bytes: [UInt8]
        do throws(ClientError) {
            bytes = try await client.status(of: address, within: time)
        } catch {
            return .failure(Silence(reason: error.reasonOfOne))
        }
        guard let status = try? JSONDecoder().decode(NodeStatus.self, from: Data(bytes)) else {
            return .failure(Silence(reason: "its answer is not understood; is it of another version?"))
        }
        return .success(status)
    }

    // MARK: What it comes to

    var statuses: [NodeStatus] { rows.compactMap { try? $0.answer.get() } }

    var isAnyReachable: Bool { !statuses.isEmpty }

    /// Slots of a node's group that are chosen somewhere, and not executed here. Those of another cluster are others.
    func lag(of group: NodeStatus.Group, on node: NodeStatus) -> UInt64 {
        let highest = statuses.filter { $0.isOfCluster(of: node) }.flatMap(\.groups)
            .filter { $0.group == group.group }.map(\.chosenThrough).max()
        return max(highest ?? 0, group.executedThrough) - group.executedThrough
    }

    /// Who belongs to which cluster, if there are several. A node of an earlier version, which says only its cluster's
    /// name, speaks for any of that name.
    var mixture: String? {
        var clusters: [String: [String]] = [:]
        for row in rows {
            guard case .success(let status) = row.answer,
                statuses.contains(where: { !$0.isOfCluster(of: status) })
            else { continue }
            clusters[status.clusterInFull, default: []].append("\(row.address) (node \(status.node))")
        }
        guard !clusters.isEmpty else { return nil }
        let parts = clusters.sorted { $0.key < $1.key }.map { cluster, nodes in
            "\(nodes.joined(separator: ", ")) to \(cluster)"
        }
        return "the nodes belong to different clusters: \(parts.joined(separator: "; ")); check the addresses"
    }

    /// Two nodes that executed the same slots must have come to the same.
    var divergence: String? {
        let all = statuses.flatMap { status in status.groups.map { (status, $0) } }
        for (index, (node, group)) in all.enumerated() {
            for (other, otherGroup) in all[..<index]
            where other.isOfCluster(of: node) && otherGroup.group == group.group
                && otherGroup.executedThrough == group.executedThrough
                && (otherGroup.chain != group.chain
                    || otherGroup.digestSlot == group.digestSlot
                        && otherGroup.stateDigest != group.stateDigest)
            {
                let what = otherGroup.chain == group.chain ? "states" : "logs"
                return "nodes \(other.node) and \(node.node) executed group \(group.group) through slot "
                    + "\(group.executedThrough) and have different \(what): stop them and run "
                    + "`decree log verify` on their data directories"
            }
        }
        return nil
    }

    /// One line below the table.
    var conclusion: String {
        let clusters = Set(statuses.map(\.cluster)).sorted().map { "\"\($0)\"" }
        guard !clusters.isEmpty else { return "no node answers" }
        let leaders = statuses.filter { $0.groups.contains { $0.role == "leader" } }.map { "\($0.node)" }
        let lead =
            leaders.isEmpty
            ? "no node that answers leads" : "node \(leaders.joined(separator: ", ")) leads"
        let versions = Set(statuses.flatMap(\.groups).compactMap(\.version)).sorted().map(String.init)
        let version = versions.isEmpty ? "" : ", version \(versions.joined(separator: " and "))"
        return "\(statuses.count) of \(rows.count) answer; "
            + "cluster \(clusters.joined(separator: " and "))\(version); \(lead)"
    }

    // MARK: For scripts

    func jsonLines() throws -> [String] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try rows.map { row in
            let line =
                switch row.answer {
                case .success(let status):
                    Line(
                        address: "\(row.address)", status: status,
                        lags: status.groups.map { lag(of: $0, on: status) }, error: nil)
                case .failure(let silence):
                    Line(address: "\(row.address)", status: nil, lags: [], error: silence.reason)
                }
            return String(decoding: try encoder.encode(line), as: UTF8.self)
        }
    }

    /// A node's status with its address, and each group's lag beside what it says of itself.
    private struct Line: Encodable {
        let address: String
        let status: NodeStatus?
        let lags: [UInt64]
        let error: String?

        private enum Key: String, CodingKey { case address, error, groups }

        func encode(to encoder: any Encoder) throws {
            try status?.encode(to: encoder)
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(address, forKey: .address)
            try container.encodeIfPresent(error, forKey: .error)
            guard let status else { return }
            try container.encode(
                zip(status.groups, lags).map { GroupLine(group: $0, lag: $1) }, forKey: .groups)
        }
    }

    private struct GroupLine: Encodable {
        let group: NodeStatus.Group
        let lag: UInt64

        private enum Key: String, CodingKey { case lag }

        func encode(to encoder: any Encoder) throws {
            try group.encode(to: encoder)
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(lag, forKey: .lag)
        }
    }
}

extension NodeStatus {
    /// Whether the two belong to one cluster, as far as they say.
    fileprivate func isOfCluster(of other: NodeStatus) -> Bool {
        guard ClusterName.areSame(cluster, other.cluster) else { return false }
        guard let genesis, let otherGenesis = other.genesis else { return true }
        return genesis == otherGenesis
    }

    fileprivate var clusterInFull: String { "\"\(cluster)\"" + (genesis.map { ", created as \($0)" } ?? "") }
}

extension ClientError {
    /// What is wrong with the one node that was asked.
    fileprivate var reasonOfOne: String {
        switch self {
        case .unreachable(let troubles): troubles.map(\.reason).joined(separator: "; ")
        case .timedOut: "no answer in time"
        case .closed: description
        }
    }
}
