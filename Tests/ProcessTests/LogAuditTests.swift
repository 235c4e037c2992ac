import CSQLite
import DecreeStore
import Foundation
import Testing

@testable import Paxos

/// `decree log audit`, on stores written here.
@Suite(.timeLimit(.minutes(6))) struct LogAuditTests {
    let directory: TemporaryDirectory
    static let session = SessionID(openedAt: LogPosition(slot: Slot(1), index: 0))
    static let first = Ballot(round: 3, node: NodeID(1))
    static let second = Ballot(round: 4, node: NodeID(2))

    init() throws { directory = try TemporaryDirectory() }

    /// A row of a store: the ballot it was accepted in, and whether it is known to be chosen, in that ballot.
    struct Row {
        var value: UInt8
        var ballot = LogAuditTests.first
        var isChosen = true
    }

    static func proposal(_ value: UInt8) -> Proposal {
        var builder = ProposalBuilder()
        builder.append(
            .command(session: session, sequence: UInt64(value), firstUnacknowledged: 1, payload: [value]))
        return builder.build()
    }

    func store(_ node: UInt16, _ rows: [Row], cluster: String = "bank") throws -> String {
        let path = directory.path + "/\(node)"
        let voters = [NodeID(1), NodeID(2), NodeID(3)]
        let store = try Store.open(
            directory: path, identity: StoreIdentity(cluster: cluster, node: NodeID(node)),
            groups: [StoreGroup(id: .first, kind: "bank", configuration: Configuration(voters: voters))])
        var step = Step()
        step.write(.promise(.first, rows.map(\.ballot).max() ?? .zero))
        var chain = Digest.zero
        for (index, row) in rows.enumerated() {
            let slot = Slot(UInt64(index + 1))
            let proposal = Self.proposal(row.value)
            step.write(
                .accepted(.first, AcceptedProposal(slot: slot, ballot: row.ballot, proposal: proposal)))
            guard row.isChosen else { continue }
            chain = chain.chained(slot, proposal.digest)
            step.write(.chosen(.first, slot, row.ballot, chain: chain))
        }
        _ = try store.commit(step)
        try store.close()
        return path
    }

    func audit(_ directories: String...) async throws -> (status: Int32, group: [String: Any], error: String)
    {
        let result = try await Tool.run(["log", "audit", "--json"] + directories)
        return (result.status, try result.objects().first ?? [:], result.error)
    }

    func rows(_ values: UInt8...) -> [Row] { values.map { Row(value: $0) } }

    @Test func logsWithTheirVotesAreProved() async throws {
        // The third lags, and knows the last only as a vote of a later ballot.
        var third = rows(1, 2, 3)
        third[2] = Row(value: 3, ballot: Self.second, isChosen: false)
        let stores = (
            try store(1, rows(1, 2, 3, 4)), try store(2, rows(1, 2, 3, 4)), try store(3, third)
        )
        let (status, group, _) = try await audit(stores.0, stores.1, stores.2)
        #expect(status == 0)
        #expect(group["chosenThrough"] as? Int == 4 && group["supported"] as? Int == 4)
        #expect(group["compared"] as? Int == 4 && (group["findings"] as? [Any])?.isEmpty == true)
        let text = try await Tool.run(["log", "audit", stores.0, stores.1, stores.2])
        #expect(text.output.contains("4 chosen slots have the votes of a quorum"))
    }

    @Test func whatAMissingStoreLeavesOpenIsTold() async throws {
        let one = try store(1, rows(1, 2))
        let (status, group, _) = try await audit(one)
        #expect(status == 0)
        #expect(group["supported"] as? Int == 0 && group["missing"] as? [Int] == [2, 3])
        #expect(group["unproven"] as? [[Int]] == [[1, 2]])
    }

    @Test func aMissingVoteIsAFinding() async throws {
        let stores = (try store(1, rows(1, 2, 3)), try store(2, rows(1, 2)), try store(3, rows(1, 2)))
        let (status, group, error) = try await audit(stores.0, stores.1, stores.2)
        #expect(status == 1 && error.contains("1 finding"))
        let finding = try #require((group["findings"] as? [[String: Any]])?.first)
        #expect(finding["slot"] as? Int == 3)
        #expect((finding["detail"] as? String)?.contains("with votes of node 1 alone; 2 of 1, 2, 3") == true)
    }

    /// A vote for another value in a lower ballot is none for what was chosen.
    @Test func aVoteForAnotherValueIsNoSupport() async throws {
        var chosen = rows(1, 2)
        chosen[1] = Row(value: 9, ballot: Self.second)
        var other = rows(1, 2)
        other[1].isChosen = false
        let stores = (try store(1, chosen), try store(2, other), try store(3, other))
        let (status, group, _) = try await audit(stores.0, stores.1, stores.2)
        #expect(status == 1)
        #expect((group["findings"] as? [[String: Any]])?.first?["slot"] as? Int == 2)
    }

    /// One store says something else from a slot on, and all that it says of itself agrees.
    @Test func aForkIsFoundWhereItBegins() async throws {
        let stores = (
            try store(1, rows(1, 2, 3, 4, 5)), try store(2, rows(1, 2, 3, 4, 5)),
            try store(3, rows(1, 2, 3, 4, 5))
        )
        try fork(stores.1, at: 3, value: 77)
        #expect(try await Tool.run(["log", "verify", stores.1]).status == 0, "it is sound in itself")
        let (status, group, _) = try await audit(stores.0, stores.1, stores.2)
        #expect(status == 1)
        let findings = try #require(group["findings"] as? [[String: Any]])
        #expect(findings.count == 2 && findings.allSatisfy { $0["slot"] as? Int == 3 })
        let details = findings.compactMap { $0["detail"] as? String }
        #expect(details.allSatisfy { $0.contains("node 2") && $0.contains("in ballot 3.1") })
        #expect(details.first?.contains(Self.proposal(77).digest.description) == true)
        let text = try await Tool.run(["log", "audit", stores.0, stores.1, stores.2])
        #expect(text.output.contains("bytes 4d") && text.output.contains("bytes 03"))
    }

    @Test func storesOfTwoClustersProveNothing() async throws {
        let stores = (try store(1, rows(1)), try store(2, rows(1), cluster: "shop"))
        let result = try await Tool.run(["log", "audit", stores.0, stores.1])
        #expect(result.status == 1 && result.error.contains("different clusters"))
        let twice = try await Tool.run(["log", "audit", stores.0, stores.0])
        #expect(twice.status == 2 && twice.error.contains("are one directory"))
    }

    /// Changes a value, its checksum, and the chain from there on, as nobody but a forger would.
    private func fork(_ path: String, at slot: UInt64, value: UInt8) throws {
        var database: OpaquePointer?
        #expect(sqlite3_open(path + "/node.db", &database) == SQLITE_OK)
        defer { sqlite3_close(database) }
        var chain = Digest.zero
        for number in UInt64(1)...5 {
            let proposal = Self.proposal(number == slot ? value : UInt8(number))
            let place = Slot(number)
            chain = chain.chained(place, proposal.digest)
            let key = UInt64(1) << 44 | number
            let vote = Digest(of: 1, number, Self.first.rawValue, proposal.digest.rawValue)
            let fact = Digest(of: key, Self.first.rawValue, chain.rawValue, 0x6368_6f73_656e_0000)
            let bytes = proposal.bytes.map { String(format: "%02x", $0) }.joined()
            let sql = """
                UPDATE accepted SET value = x'\(bytes)', checksum = \(Int64(bitPattern: vote.rawValue)) \
                WHERE key = \(key); \
                UPDATE chosen SET chain = \(Int64(bitPattern: chain.rawValue)), \
                checksum = \(Int64(bitPattern: fact.rawValue)) WHERE key = \(key)
                """
            #expect(sqlite3_exec(database, sql, nil, nil, nil) == SQLITE_OK)
        }
    }
}
