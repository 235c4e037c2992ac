import ArgumentParser
import Decree
import DecreeClient
import Paxos

/// `decree snapshot`: one now.
struct SnapshotTool: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Let nodes take a snapshot now.",
        discussion: """
            Nodes take snapshots by themselves as their logs grow, all at the same slots, and delete what those \
            stand for. This lets each named node take one now, one node after another, and waits until it is \
            written and has been read back. The log is truncated through the snapshot before it.

            `--json` prints an object a node and group:
              {"node":1,"group":1,"slot":812,"bytes":120331,"seconds":0.04}

            EXAMPLE
              decree snapshot --nodes 10.0.0.1:7001,10.0.0.2:7001

            EXIT CODES
              0  every node has a snapshot of all it had executed
              1  a node refused
              2  wrong usage
              3  a node cannot be reached, or the time was up
            """)

    @OptionGroup var options: OperatorOptions

    func run() async throws {
        try await options.run { call in
            for address in call.nodes {
                guard let status = try await status(of: address, call) else {
                    throw ToolError(.unreachable, "\(address) cannot be reached; nothing was done there")
                }
                for group in status.groups {
                    guard let id = GroupID(rawValue: group.group) else { continue }
                    try await takeSnapshot(id, of: status, before: group, at: address, call)
                }
            }
        }
    }

    private func status(of address: NodeAddress, _ call: OperatorCall) async throws -> NodeStatus? {
        await StatusReport.gather([address], from: call.client, within: min(.seconds(2), call.left)).statuses
            .first
    }

    private func takeSnapshot(
        _ group: GroupID, of node: NodeStatus, before: NodeStatus.Group, at address: NodeAddress,
        _ call: OperatorCall
    ) async throws {
        let began = ContinuousClock.now
        var through = before.snapshot?.slot ?? 0
        do throws(AdminError) {
            let response = try await call.ask(.takeSnapshot, group: group, of: address)
            guard case .takingSnapshot(let slot) = response else { throw .noAnswer }
            through = slot.rawValue
        } catch .refused(.noSnapshot) {
            // One is on its way, or nothing is new: in either case the last one will do.
        } catch {
            throw ToolError(error.toolError.status, "\(address): \(error.toolError)")
        }
        while call.left > .zero {
            let now = try await status(of: address, call)?.groups.first { $0.group == group.rawValue }
            if let now, let snapshot = now.snapshot, snapshot.slot >= through, now.isTakingSnapshot != true {
                return tell(
                    group, of: node, snapshot, since: began, isNew: snapshot.slot != before.snapshot?.slot)
            }
            if let now, now.snapshot == nil, now.isTakingSnapshot != true, now.executedThrough == 0 {
                throw ToolError(.checkFailed, "\(address): refused: it has executed nothing yet")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw ToolError(
            .unreachable,
            "\(address): the snapshot at slot \(through) is not complete yet; see `decree status`")
    }

    private func tell(
        _ group: GroupID, of node: NodeStatus, _ snapshot: NodeStatus.Group.Snapshot,
        since began: ContinuousClock.Instant, isNew: Bool
    ) {
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        let place = "node \(node.node)" + (node.groups.count > 1 ? ", group \(group)" : "")
        options.tell(
            "\(place): a snapshot at slot \(snapshot.slot.grouped), \(Format.bytes(Double(snapshot.bytes)))"
                + (isNew ? ", in \(Format.time(seconds * 1_000_000))" : "; it was there already")
        ) { line in
            line.add("node", node.node)
            line.add("group", group.rawValue)
            line.add("slot", snapshot.slot)
            line.add("bytes", snapshot.bytes)
            line.add("seconds", json: Format.fixed(seconds, 3))
        }
    }
}
