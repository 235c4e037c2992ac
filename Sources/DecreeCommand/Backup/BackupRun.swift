import DecreeClient
import DecreeStore
import DecreeWire
import Foundation
import Logging
import Paxos

/// Copies everything that a running node has, into a store that is nobody's.
struct BackupRun {
    /// What was copied of a group.
    struct Group {
        let id: GroupID
        let snapshot: SnapshotHeader?
        let through: Slot
        let chain: Digest
        let slots: Int
        let slotBytes: Int
        let seconds: Double

        var mark: BackupMark.Group {
            BackupMark.Group(
                group: id.rawValue, snapshotSlot: snapshot?.slot.rawValue, snapshotBytes: snapshot?.byteCount,
                slots: slots, slotBytes: slotBytes, through: through.rawValue, chain: chain.description)
        }
    }

    /// The snapshot that was being read is gone: a later one is there.
    private struct Gone: Error {}

    let client: DecreeClient
    let address: NodeAddress
    let directory: String
    let deadline: Duration

    /// Nodes take snapshots minutes apart; one that replaces each before it is read is asked no more.
    private static let attempts = 5

    func run() async throws -> [Group] {
        let welcome: Welcome
        do throws(AdminError) {
            welcome = try await client.welcome(from: address, within: deadline)
        } catch {
            throw error.toolError
        }
        for _ in 0..<Self.attempts {
            do {
                return try await WholeDirectory(directory).make { try await copy(welcome, to: $0) }
            } catch is Gone {
                continue
            }
        }
        throw ToolError(
            .checkFailed,
            "\(address) replaced its snapshot \(Self.attempts) times while it was read: try another node, or a faster "
                + "connection")
    }

    private func copy(_ welcome: Welcome, to directory: String) async throws -> [Group] {
        let store = try BackupStore(
            directory: directory, cluster: welcome.cluster, genesis: welcome.genesis,
            groups: welcome.groups.map { StoreGroup(id: $0.id, kind: $0.kind, configuration: $0.genesis) })
        var groups: [Group] = []
        for group in welcome.groups { groups.append(try await copy(group.id, to: store)) }
        try store.finish()
        // All of it is in the database. Only what the mark tells of is to be there.
        for suffix in ["-wal", "-shm"] {
            let log = directory + "/node.db" + suffix
            if FileManager.default.fileExists(atPath: log) { try FileManager.default.removeItem(atPath: log) }
        }
        try BackupMark.write(
            to: directory, cluster: welcome.cluster, genesis: welcome.genesis, groups: groups.map(\.mark))
        return groups
    }

    private func copy(_ group: GroupID, to store: BackupStore) async throws -> Group {
        let began = ContinuousClock.now
        guard case .described(let log) = try await ask(.describeLog, group) else {
            throw Self.nonsense(address)
        }
        if let header = log.snapshot { try await copy(header, group, to: store) }
        var (slots, bytes) = (0, 0)
        while store.end(of: group).slot < log.chosenThrough {
            let first = store.end(of: group).slot.next
            guard case .slots(let decided, _) = try await ask(.readSlots(from: first), group),
                !decided.isEmpty
            else { throw Self.nonsense(address) }
            let wanted = decided.prefix { $0.slot <= log.chosenThrough }
            try store.add(wanted, to: group)
            slots += wanted.count
            bytes += wanted.reduce(0) { $0 + $1.proposal.bytes.count }
        }
        let end = store.end(of: group)
        guard end.slot == log.chosenThrough, end.chain == log.chain else {
            throw ToolError(
                .checkFailed,
                "group \(group): through slot \(end.slot) the chain of what was read is \(end.chain), and \(address) "
                    + "tells \(log.chain): the backup is not kept; look at that node with `decree log verify`"
            )
        }
        return Group(
            id: group, snapshot: log.snapshot, through: end.slot, chain: end.chain, slots: slots,
            slotBytes: bytes,
            seconds: (ContinuousClock.now - began) / .seconds(1))
    }

    private func copy(_ header: SnapshotHeader, _ group: GroupID, to store: BackupStore) async throws {
        var next = 0
        while next < header.chunkCount {
            guard case .chunks(let chunks) = try await ask(.readChunks(header, from: UInt32(next)), group),
                !chunks.isEmpty
            else { throw Self.nonsense(address) }
            try store.add(chunks, from: next, of: header, group: group)
            next += chunks.count
        }
        try store.install(header, of: group)
    }

    private func ask(_ request: AdminRequest, _ group: GroupID) async throws -> AdminResponse {
        do throws(AdminError) {
            return try await client.admin(request, group: group, to: address, deadline: deadline)
        } catch {
            if error == .refused(.gone) { throw Gone() }
            throw error.toolError
        }
    }

    private static func nonsense(_ address: NodeAddress) -> ToolError {
        ToolError(.checkFailed, "\(address) answers something else than was asked: upgrade the older side")
    }
}

extension Logger {
    /// One that tells nothing: what is wrong is told by outcomes.
    static var silent: Logger { Logger(label: "decree.client", factory: { _ in SwiftLogNoOpLogHandler() }) }
}
