import Decree
import Foundation

/// How a load went, second by second: throughput, latencies, and what each node's store and memory came to; one line of
/// JSON each. Seconds in which some node had a snapshot under way (taking, sending or installing one) are told apart.
struct Timeline {
    private let file: FileHandle?
    private var calm = Latencies()
    private var busy = Latencies()
    private(set) var calmSeconds = 0
    private(set) var busySeconds = 0
    private var snapshots: [Int: UInt64] = [:]
    private let encoder: JSONEncoder

    private struct Line: Encodable {
        let second: Int
        let perSecond: Double
        let p50Microseconds: Double
        let p99Microseconds: Double
        let isSnapshotUnderWay: Bool
        let nodes: [Node]
    }

    private struct Node: Encodable {
        let node: Int
        let storeBytes: Int64
        /// Since the node started, as the next.
        let checkpoints: UInt64?
        let slowCommits: UInt64?
        let residentBytes: Int64?
        let floor: UInt64
        let chosenThrough: UInt64
        let snapshotSlot: UInt64?
        let isTakingSnapshot: Bool
        let isReceivingSnapshot: Bool
    }

    /// Writes to a file, replacing what is there; to none if nil.
    init(path: String?) throws {
        encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        guard let path else {
            file = nil
            return
        }
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else { throw ToolError(.usage, "cannot write \(path): check that its directory is there") }
        file = handle
    }

    /// Adds a second that has passed, and how the nodes stood at its end.
    mutating func add(
        second: Int, perSecond: Double, latencies: Latencies, _ nodes: [NodeStatus]
    ) throws {
        let isBusy = isSnapshotUnderWay(nodes)
        if isBusy {
            busy.add(latencies)
            busySeconds += 1
        } else {
            calm.add(latencies)
            calmSeconds += 1
        }
        let line = Line(
            second: second, perSecond: perSecond.rounded(), p50Microseconds: latencies.microseconds(at: 50),
            p99Microseconds: latencies.microseconds(at: 99), isSnapshotUnderWay: isBusy,
            nodes: nodes.map(Self.node))
        try file?.write(contentsOf: encoder.encode(line) + [0x0a])
    }

    /// Whether one is being taken or comes in, or was finished since the last time.
    private mutating func isSnapshotUnderWay(_ nodes: [NodeStatus]) -> Bool {
        var isUnderWay = false
        for node in nodes {
            let slot = node.groups.first?.snapshot?.slot ?? 0
            if let before = snapshots[node.node], before != slot { isUnderWay = true }
            snapshots[node.node] = slot
            isUnderWay =
                isUnderWay || node.groups.contains { $0.isTakingSnapshot == true || $0.arriving != nil }
        }
        return isUnderWay
    }

    private static func node(_ status: NodeStatus) -> Node {
        let group = status.groups.first
        return Node(
            node: status.node, storeBytes: status.storeBytes, checkpoints: status.checkpoints,
            slowCommits: status.slowCommits, residentBytes: status.residentBytes,
            floor: group?.floor ?? 0, chosenThrough: group?.chosenThrough ?? 0,
            snapshotSlot: group?.snapshot?.slot, isTakingSnapshot: group?.isTakingSnapshot ?? false,
            isReceivingSnapshot: group?.arriving != nil)
    }

    /// The two kinds of seconds beside each other; nil if there was but one.
    var summary: String? {
        guard busySeconds > 0, calmSeconds > 0 else { return nil }
        return
            "with a snapshot under way (\(busySeconds) s): p99 \(Format.time(busy.microseconds(at: 99))); without "
            + "(\(calmSeconds) s): p99 \(Format.time(calm.microseconds(at: 99)))"
    }
}
