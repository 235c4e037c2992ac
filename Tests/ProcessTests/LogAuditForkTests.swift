import DecreeStore
import Foundation
import Testing

@testable import Paxos

/// `decree log audit` of a cluster that one node's copy has forked: node 3 was copied; the original, with node 2, chose
/// values that were acknowledged, and the copy, with node 1, chose others.
@Suite(.timeLimit(.minutes(6))) struct LogAuditForkTests {
    typealias Row = LogAuditTests.Row

    let directory: TemporaryDirectory
    private static let common = Ballot(round: 3, node: NodeID(1))
    private static let low = Ballot(round: 4, node: NodeID(1))
    private static let high = Ballot(round: 5, node: NodeID(2))

    init() throws { directory = try TemporaryDirectory() }

    private func path(_ name: String) -> String { directory.path + "/" + name }

    /// Writes rows behind `from` of them to the store of a node, which is made if it is not there.
    private func write(
        _ rows: [Row], behind before: [Row] = [], of node: UInt16, to name: String,
        witnesses: [NodeWitness] = [],
        promise: Ballot? = nil
    ) throws {
        let voters = [NodeID(1), NodeID(2), NodeID(3)]
        let store = try Store.open(
            directory: path(name), identity: StoreIdentity(cluster: "bank", node: NodeID(node)),
            groups: [StoreGroup(id: .first, kind: "bank", configuration: Configuration(voters: voters))])
        var step = Step()
        step.write(.promise(.first, promise ?? rows.map(\.ballot).max() ?? Self.common))
        for witness in witnesses { step.write(.witness(witness)) }
        var chain = Digest.zero
        for (index, row) in (before + rows).enumerated() {
            let slot = Slot(UInt64(index + 1))
            let proposal = LogAuditTests.proposal(row.value)
            if row.isChosen { chain = chain.chained(slot, proposal.digest) }
            guard index >= before.count else { continue }
            step.write(
                .accepted(.first, AcceptedProposal(slot: slot, ballot: row.ballot, proposal: proposal)))
            if row.isChosen { step.write(.chosen(.first, slot, row.ballot, chain: chain)) }
        }
        _ = try store.commit(step)
        try store.close()
    }

    /// What all nodes had before the copy was made.
    private static let before = [UInt8](1...10).map { Row(value: $0, ballot: common) }

    /// The stores 1, 2, 3 and 3c.
    ///
    /// - Parameters:
    ///   - acknowledged: the ballot of what 2 and 3 chose.
    ///   - elected: the ballot of what 1 and 3c chose.
    ///   - knowsFirst, knowsSecond: whether 2 and 3, 1 and 3c have written down that it is chosen.
    private func fork(
        acknowledged: Ballot, elected: Ballot, knowsFirst: Bool = true, knowsSecond: Bool = true,
        witnesses: [NodeWitness] = []
    ) throws {
        for node in [1, 2, 3] as [UInt16] { try write(Self.before, of: node, to: "\(node)") }
        try FileManager.default.copyItem(atPath: path("3"), toPath: path("3c"))
        let first = [UInt8](21...23).map { Row(value: $0, ballot: acknowledged, isChosen: knowsFirst) }
        let second = [UInt8](31...33).map { Row(value: $0, ballot: elected, isChosen: knowsSecond) }
        let promise = max(acknowledged, elected)
        try write(first, behind: Self.before, of: 2, to: "2", witnesses: witnesses, promise: promise)
        try write(first, behind: Self.before, of: 3, to: "3", promise: promise)
        try write(second, behind: Self.before, of: 1, to: "1", promise: promise)
        try write(second, behind: Self.before, of: 3, to: "3c", promise: promise)
    }

    /// What an audit of some stores says.
    private struct Said {
        let status: Int32
        let findings: [String]
        let missing: [Int]
        let text: String
    }

    private func audit(_ names: String...) async throws -> Said {
        let paths = names.map(path)
        let json = try await Tool.run(["log", "audit", "--json"] + paths)
        let group = try json.objects().first ?? [:]
        let findings = (group["findings"] as? [[String: Any]] ?? []).compactMap { $0["detail"] as? String }
        let text = try await Tool.run(["log", "audit"] + paths)
        #expect(text.status == json.status)
        #expect(json.status == (findings.isEmpty ? 0 : 1), "\(json.output)\(json.error)")
        return Said(
            status: json.status, findings: findings, missing: group["missing"] as? [Int] ?? [],
            text: text.output)
    }

    /// Nothing is a plain success: the fork is found, or it is said whose stores are missing.
    private static let subsets: [[String]] = (1..<16).map { bits in
        ["1", "2", "3", "3c"].enumerated().filter { bits & 1 << $0.offset != 0 }.map(\.element)
    }

    private func expectHonesty(_ names: [String], _ sides: [Set<String>]) async throws {
        let paths = names.map(path)
        let result = try await Tool.run(["log", "audit", "--json"] + paths)
        let group = try #require(try result.objects().first, "\(result.error)")
        let findings = try #require(group["findings"] as? [[String: Any]])
        let nodes = Set(names.map { $0.prefix(1) })
        if nodes.count < names.count {
            let details = findings.compactMap { $0["detail"] as? String }
            #expect(
                details.contains {
                    $0.hasPrefix(
                        "node 3 is given 2 times: \(path("3")), \(path("3c")) are copies of one store")
                })
        }
        // Both sides are there: the fork is seen.
        if sides.allSatisfy({ !$0.isDisjoint(with: names) }) {
            #expect(result.status == 1, "\(names): \(result.output)")
            #expect(
                findings.contains { ($0["detail"] as? String)?.contains("the logs fork here") == true },
                "\(names): \(result.output)")
            return
        }
        guard nodes.count == names.count else { return }
        // Of one side alone it cannot be seen, and its stores say so.
        #expect(result.status == 0 && findings.isEmpty, "\(names): \(result.output)")
        let absent = [1, 2, 3].filter { !nodes.contains("\($0)") }
        #expect(group["missing"] as? [Int] == absent && !absent.isEmpty, "\(names): \(result.output)")
        let text = try await Tool.run(["log", "audit"] + paths)
        let list = absent.map { "\($0)" }.joined(separator: ", ")
        #expect(
            text.output.contains("not proved, for the stores of node \(list) are missing: "), "\(text.output)"
        )
        #expect(text.output.contains("that these nodes have chosen nothing else"))
    }

    @Test(arguments: subsets) func everySetOfStoresIsJudgedHonestly(_ names: [String]) async throws {
        try fork(acknowledged: Self.low, elected: Self.high)
        try await expectHonesty(names, [["2", "3"], ["1", "3c"]])
    }

    /// The copy was elected in the ballot that the original had, or in a lower one.
    @Test(arguments: subsets) func inWhicheverBallots(_ names: [String]) async throws {
        try fork(acknowledged: Self.high, elected: Self.high)
        try await expectHonesty(names, [["2", "3"], ["1", "3c"]])
    }

    @Test(arguments: [low, high]) func aLowerBallotForks(_ elected: Ballot) async throws {
        try fork(acknowledged: Self.high, elected: elected)
        for names in Self.subsets where names.count > 2 {
            try await expectHonesty(names, [["2", "3"], ["1", "3c"]])
        }
    }

    /// The copy's side voted, and was killed before it wrote down that its values are chosen.
    @Test func aHigherVoteForAnotherValueIsAFinding() async throws {
        try fork(acknowledged: Self.low, elected: Self.high, knowsSecond: false)
        for names in [["1", "2"], ["1", "2", "3"], ["2", "3c"], ["2", "3", "3c"]] {
            let result = try await Tool.run(["log", "audit", "--json"] + names.map(path))
            #expect(result.status == 1, "\(names): \(result.output)")
            let details = try #require(result.objects().first?["findings"] as? [[String: Any]])
            let fork = details.first { ($0["slot"] as? Int) == 11 }
            let detail = try #require(fork?["detail"] as? String, "\(names): \(result.output)")
            #expect(detail.contains("voted for digest") && detail.contains("in ballot 5.2"))
            #expect(detail.contains("a vote in a higher ballot for another value than the chosen one"))
        }
        let text = try await Tool.run(["log", "audit", path("1"), path("2"), path("3")])
        #expect(text.output.contains("FINDING slot 11: the logs fork here: node 1 (\(path("1")))"))
        #expect(text.output.contains("bytes 1f") && text.output.contains("bytes 15"), "both values are shown")
    }

    /// No store knows anything above slot 10 to be chosen, but the votes of 2 and 3 are a quorum's.
    @Test func votesOfAQuorumChooseWithoutAnybodyKnowing() async throws {
        try fork(acknowledged: Self.low, elected: Self.high, knowsFirst: false, knowsSecond: false)
        let said = try await audit("1", "2", "3")
        #expect(said.status == 1)
        #expect(said.findings.contains { $0.contains("with the votes of nodes 2, 3") }, "\(said.findings)")
        // One vote for each is how a cluster looks whose leader changed.
        #expect(try await audit("1", "2").status == 0)
    }

    /// In a lower ballot the copy's votes look like a leader's that failed: what 2 saw of 3 tells.
    @Test func anOlderCopyIsToldByWhatOthersSawOfIt() async throws {
        try fork(acknowledged: Self.high, elected: Self.low, knowsSecond: false)
        #expect(try await audit("1", "2", "3").status == 0, "nothing can be seen there")
        let inspector = try StoreInspector(directory: path("3"))
        let three = try inspector.node()
        let seen = NodeWitness(
            node: NodeID(3), store: three.storeID, persistSequence: three.persistSequence + 7)
        try write([], behind: Self.before, of: 2, to: "2", witnesses: [seen], promise: Self.high)
        withExtendedLifetime(inspector) {}
        let said = try await audit("1", "2", "3c")
        #expect(said.status == 1)
        let detail = "saw node 3 at transaction \(seen.persistSequence), and \(path("3c")) is at "
        #expect(
            said.findings.contains { $0.contains(detail) && $0.contains("an older copy") }, "\(said.findings)"
        )
        let other = NodeWitness(node: NodeID(3), store: StoreID(rawValue: 9), persistSequence: 1)
        try write([], behind: Self.before, of: 1, to: "1", witnesses: [other], promise: Self.high)
        let replaced = try await audit("1", "3")
        #expect(replaced.findings.contains { $0.contains("saw node 3 with store 0000000000000009") })
    }

    /// The one of two copies that was told from the other is not the node's store.
    @Test func aFencedStoreIsNotTheNodes() async throws {
        try fork(acknowledged: Self.low, elected: Self.high)
        let store = try Store.open(
            directory: path("3c"), identity: StoreIdentity(cluster: "bank", node: NodeID(3)),
            groups: [
                StoreGroup(
                    id: .first, kind: "bank",
                    configuration: Configuration(voters: [1, 2, 3].map { NodeID($0) }))
            ])
        store.fence("another process runs as node 3")
        try store.close()
        let said = try await audit("1", "3c")
        #expect(
            said.findings == [
                "node 3 (\(path("3c"))) is fenced, and its votes are not the node's: another process runs as node 3"
            ])
        let verified = try await Tool.run(["log", "verify", path("3c")])
        #expect(verified.status == 0, "it is sound in itself")
        #expect(
            verified.output.contains(
                "  fenced, so that no node starts on it: another process runs as node 3\n"),
            "\(verified.output)")
        let json = try await Tool.run(["log", "verify", "--json", path("3c")]).objects()
        #expect(json.first?["fenced"] as? String == "another process runs as node 3")
    }

    @Test func oneDirectoryTwiceIsASlip() async throws {
        try write(Self.before, of: 1, to: "1")
        for other in [path("1"), path("1") + "/", path("2/../1")] {
            let result = try await Tool.run(["log", "audit", path("1"), other])
            #expect(result.status == 2 && result.error.contains("are one directory"), "\(result.error)")
        }
        try FileManager.default.createSymbolicLink(atPath: path("link"), withDestinationPath: path("1"))
        let link = try await Tool.run(["log", "audit", path("1"), path("link")])
        #expect(link.status == 2 && link.error.contains("are one directory"), "\(link.error)")
    }
}
