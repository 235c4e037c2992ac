import CSQLite
import Foundation
import Testing

@testable import DecreeStore
@testable import Paxos

/// A data directory that is gone after the test.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "decree-store-\(UInt64.random(in: 0...UInt64.max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var database: String { path + "/node.db" }
    var log: String { database + "-wal" }

    func bytes(of file: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: file)))
    }

    func write(_ bytes: [UInt8], to file: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: file))
    }

    /// Changes the database as a hand with a plain SQLite shell would; each row comes back as text.
    @discardableResult
    func sql(_ sql: String) throws -> [String] {
        final class Rows { var rows: [String] = [] }
        var handle: OpaquePointer?
        try #require(sqlite3_open(database, &handle) == SQLITE_OK)
        defer { sqlite3_close(handle) }
        let rows = Rows()
        let code = sqlite3_exec(
            handle, sql,
            { context, count, columns, _ in
                let values = (0..<Int(count)).map { columns?[$0].map { String(cString: $0) } ?? "" }
                Unmanaged<Rows>.fromOpaque(context!).takeUnretainedValue().rows.append(
                    values.joined(separator: "|"))
                return 0
            }, Unmanaged.passUnretained(rows).toOpaque(), nil)
        try #require(code == SQLITE_OK, "\(String(cString: sqlite3_errmsg(handle))): \(sql)")
        return rows.rows
    }
}

let group = GroupID.first
let ballot = Ballot(round: 1, node: NodeID(1))
let threeVoters = Configuration(voters: [NodeID(1), NodeID(2), NodeID(3)])

func proposal(_ text: String) -> Proposal { Proposal(bytes: [1] + Array(text.utf8)) }

func vote(_ slot: UInt64, _ text: String, in ballot: Ballot = ballot) -> AcceptedProposal {
    AcceptedProposal(slot: Slot(slot), ballot: ballot, proposal: proposal(text))
}

@discardableResult
func openStore(
    _ directory: TemporaryDirectory, cluster: String = "bank", node: UInt16 = 1, genesis: Digest? = nil,
    groups: [GroupID] = [group], configuration: Configuration = threeVoters, kind: String = "bank",
    options: StoreOptions = .init()
) throws(StoreError) -> Store {
    try Store.open(
        directory: directory.path,
        identity: StoreIdentity(cluster: cluster, node: NodeID(node), genesis: genesis),
        groups: groups.map { StoreGroup(id: $0, kind: kind, configuration: configuration) },
        options: options)
}

func step(_ rows: Write...) -> Step { step(rows) }

func step(_ rows: [Write], withheld: [Envelope] = []) -> Step {
    var step = Step()
    for row in rows { step.write(row) }
    for envelope in withheld { step.withhold(envelope) }
    return step
}

func read(_ from: UInt64, through: UInt64, of group: GroupID = group) -> LogRead {
    LogRead(group: group, to: .node(NodeID(2)), content: .slots(from: Slot(from), through: Slot(through)))
}

extension LogReadResult {
    /// The slots that were read; none if chunks were.
    var slots: [AcceptedProposal] { if case .slots(let slots) = self { slots } else { [] } }
    /// The chunks that were read; none if slots were.
    var chunks: [[UInt8]] { if case .chunks(let chunks) = self { chunks } else { [] } }
}

extension Store {
    /// Commits, on a disk that has room.
    @discardableResult
    func expectCommit(_ step: consuming Step) throws -> Committed {
        switch try commit(step) {
        case .committed(let committed): return committed
        case .diskFull: throw DiskIsFull()
        }
    }

    struct DiskIsFull: Error {}

    /// Everything there is of a group.
    @discardableResult
    func recoverAll(_ group: GroupID = group) throws -> RecoveredGroup {
        var chosen: [AcceptedProposal] = []
        var chain = Digest.zero
        var snapshot: Snapshot?
        let votes = try recover(
            group,
            restore: {
                snapshot = $0
                chain = $0.header.chain
            },
            replay: {
                chosen.append($0)
                chain = $1
            })
        return RecoveredGroup(chosen: chosen, chain: chain, votes: votes, snapshot: snapshot)
    }

    /// Promises `ballot`, then for each text commits a vote, and with it that the slot before is chosen:
    /// the last one stays a vote.
    func fill(_ texts: [String], group: GroupID = group) throws {
        try expectCommit(step(.promise(group, ballot)))
        var chain = Digest.zero
        var before: AcceptedProposal?
        for (index, text) in texts.enumerated() {
            var rows: [Write] = []
            if let before {
                chain = chain.chained(before.slot, before.proposal.digest)
                rows.append(.chosen(group, before.slot, before.ballot, chain: chain))
            }
            let next = vote(UInt64(index + 1), text)
            rows.append(.accepted(group, next))
            try expectCommit(step(rows))
            before = next
        }
    }
}

/// Everything there is of a group.
struct RecoveredGroup {
    let chosen: [AcceptedProposal]
    let chain: Digest
    let votes: RecoveredVotes
    let snapshot: Snapshot?

    /// What was lost of what a sound store holds and is not known to be lost, or was made up; nil if nothing.
    func missed(of sound: RecoveredGroup) -> String? {
        guard chosen.elementsEqual(sound.chosen.prefix(chosen.count)) else { return "other facts" }
        guard votes.promised == sound.votes.promised else { return "another promise" }
        guard votes.floor == sound.votes.floor, votes.snapshot == sound.votes.snapshot,
            snapshot?.bytes == sound.snapshot?.bytes
        else { return "another snapshot" }
        let known = sound.chosen + sound.votes.accepted
        guard votes.accepted.allSatisfy(known.contains) else { return "other votes" }
        let damaged = votes.damagedThrough ?? .zero
        let lost = known.dropFirst(chosen.count).first { $0.slot > damaged && !votes.accepted.contains($0) }
        return lost.map { "the vote for slot \($0.slot)" }
    }
}

/// A corruption, told apart.
struct Corruption: Equatable {
    let place: String
    let group: GroupID?
    let slot: Slot?
    let detail: String
}

/// The corruption a body meets; nil if it meets none.
func corruption(_ body: () throws -> Void) -> Corruption? {
    do {
        try body()
    } catch StoreError.corrupt(let place, let group, let slot, let detail) {
        return Corruption(place: place, group: group, slot: slot, detail: detail)
    } catch {
        Issue.record("another error: \(error)")
    }
    return nil
}
