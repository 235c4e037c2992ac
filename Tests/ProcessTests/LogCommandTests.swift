import Bank
import DecreeStore
import Foundation
import Testing

@testable import Paxos

/// `decree log inspect` and `verify`, on stores written here.
@Suite(.timeLimit(.minutes(6))) struct LogCommandTests {
    let directory: TemporaryDirectory
    private let session = SessionID(openedAt: LogPosition(slot: Slot(1), index: 0))

    init() throws { directory = try TemporaryDirectory() }

    // MARK: Stores

    private func proposal(_ entries: Entry...) -> Proposal {
        var builder = ProposalBuilder()
        for entry in entries { builder.append(entry) }
        return builder.build()
    }

    private func command(_ sequence: UInt64, _ payload: [UInt8]) -> Entry {
        .command(
            session: session, sequence: sequence, firstUnacknowledged: 1, payload: payload[...])
    }

    private func transfer(_ amount: Int64) throws -> [UInt8] {
        try BankCommand.transfer(from: AccountName("a"), to: AccountName("b"), amount: amount).bytes
    }

    /// Writes proposals as chosen in round 3 of node 1, the last as a vote only. Gives the directory.
    private func store(
        _ name: String, _ proposals: [Proposal], node: UInt16 = 1, cluster: String = "bank",
        unexecuted: [UInt32]? = nil
    ) throws -> String {
        let path = directory.path + "/" + name
        let voters = [NodeID(1), NodeID(2), NodeID(3)]
        let store = try Store.open(
            directory: path, identity: StoreIdentity(cluster: cluster, node: NodeID(node)),
            groups: [StoreGroup(id: .first, kind: "bank", configuration: Configuration(voters: voters))])
        let ballot = Ballot(round: 3, node: NodeID(1))
        var step = Step()
        step.write(.promise(.first, ballot))
        var chain = Digest.zero
        for (index, proposal) in proposals.enumerated() {
            let slot = Slot(UInt64(index + 1))
            step.write(
                .accepted(.first, AcceptedProposal(slot: slot, ballot: ballot, proposal: proposal)))
            guard index + 1 < proposals.count else { break }
            chain = chain.chained(slot, proposal.digest)
            step.write(.chosen(.first, slot, ballot, chain: chain, unexecuted: unexecuted))
        }
        _ = try store.commit(step)
        try store.close()
        return path
    }

    private func severalKinds() throws -> [Proposal] {
        [
            proposal(.openSession),
            .noOp,
            proposal(command(7, try transfer(5)), command(8, [0xff, 0x00])),
            proposal(command(9, try transfer(6))),
        ]
    }

    // MARK: Inspect

    @Test func inspectPrintsOneLineACommandInOrder() async throws {
        let result = try await Tool.run(["log", "inspect", store("1", severalKinds()), "--json"])
        #expect(result.status == 0 && result.error == "")
        let expected: [String] = [
            #"{"group":1,"slot":1,"index":0,"ballot":[3,1],"opens":"1.0"}"#,
            #"{"group":1,"slot":2,"ballot":[3,1],"noop":true}"#,
            #"{"group":1,"slot":3,"index":0,"ballot":[3,1],"client":"1.0","sequence":7,"#
                + #""command":{"op":"transfer","from":"a","to":"b","amount":5}}"#,
            #"{"group":1,"slot":3,"index":1,"ballot":[3,1],"client":"1.0","sequence":8,"#
                + #""command":{"bytes":"ff00"}}"#,
            #"{"group":1,"slot":4,"index":0,"ballot":[3,1],"client":"1.0","sequence":9,"#
                + #""command":{"op":"transfer","from":"a","to":"b","amount":6},"accepted":true}"#,
        ]
        #expect(result.output == expected.map { $0 + "\n" }.joined())
    }

    @Test func inspectTellsAPersonTheSame() async throws {
        let result = try await Tool.run(["log", "inspect", store("1", severalKinds())])
        let lines = result.output.split(separator: "\n").map(String.init)
        #expect(lines.first?.hasPrefix(#"node 1 of cluster "bank", store "#) == true)
        let expected: [String] = [
            "group 1, bank, promised 3.1",
            "1.0  ballot 3.1  opens client 1.0",
            "2  ballot 3.1  no-op",
            "3.0  ballot 3.1  client 1.0 #7  transfer 5 from a to b",
            "3.1  ballot 3.1  client 1.0 #8  bytes ff00",
            "4.0  ballot 3.1  client 1.0 #9  transfer 6 from a to b  (accepted)",
        ]
        #expect(Array(lines.dropFirst()) == expected)
    }

    @Test func inspectTellsWhatWasNotExecuted() async throws {
        let path = try store("1", severalKinds(), unexecuted: [1])
        let text = try await Tool.run(["log", "inspect", path]).output.split(separator: "\n")
        let marked = text.filter { $0.hasSuffix("  (not executed)") }
        #expect(marked == ["3.1  ballot 3.1  client 1.0 #8  bytes ff00  (not executed)"])
        let lines = try await Tool.run(["log", "inspect", path, "--json"]).objects()
        #expect(lines.map { $0["unexecuted"] as? Bool } == [nil, nil, nil, true, nil])
    }

    @Test func inspectStopsBeforeARowThatIsNotWhatWasWritten() async throws {
        let path = try store("1", severalKinds())
        try sql("UPDATE accepted SET value = x'0105' WHERE slot = 3", on: path + "/node.db")
        let result = try await Tool.run(["log", "inspect", path, "--json"])
        #expect(result.status == 4)
        #expect(result.output.split(separator: "\n").count == 2)
        #expect(result.error.contains("accepted group 1 slot 3: the row differs from its checksum"))
    }

    @Test func whatCannotBeReadIsRefused() async throws {
        let path = try store("1", severalKinds())
        let missing = try await Tool.run(["log", "inspect", directory.path + "/nowhere"])
        #expect(missing.status == 4 && missing.error.contains("there is no store in"))
        let group = try await Tool.run(["log", "inspect", path, "--group", "4"])
        #expect(group.status == 2 && group.error.contains("holds no group 4; its groups: 1"))
        try Data("no database, whatever its name".utf8).write(to: URL(fileURLWithPath: path + "/node.db"))
        for command in ["inspect", "verify"] {
            let result = try await Tool.run(["log", command, path])
            #expect(result.status == 4)
            #expect((result.output + result.error).contains("is not a Decree store"))
        }
    }

    @Test(arguments: ["inspect", "verify"]) func noFileIsChanged(command: String) async throws {
        let path = try store("1", severalKinds())
        let before = try TemporaryDirectory.fingerprint(of: path)
        #expect(try await Tool.run(["log", command, path]).status == 0)
        #expect(try TemporaryDirectory.fingerprint(of: path) == before)
    }

    // MARK: Verify

    @Test func verifySaysWhatItChecked() async throws {
        let result = try await Tool.run(["log", "verify", store("1", severalKinds())])
        #expect(result.status == 0)
        for part in [
            #"node 1 of cluster "bank""#, "3 chosen slots (checksum, value, order, chain)",
            "holds: group 1: slots 1 to 3; ", "1 vote above (checksum, promise)", "of the write-ahead log",
            "the view violations",
            "nothing found",
        ] {
            #expect(result.output.contains(part), "\(part)")
        }
    }

    /// A store in which nothing is proves nothing.
    @Test func anEmptyStoreIsNotSaidToBeSound() async throws {
        let path = directory.path + "/empty"
        let store = try Store.open(
            directory: path, identity: StoreIdentity(cluster: "bank", node: NodeID(1)),
            groups: [StoreGroup(id: .first, kind: "bank", configuration: Configuration(voters: [NodeID(1)]))])
        try store.close()
        let result = try await Tool.run(["log", "verify", path])
        #expect(result.status == 0 && !result.output.contains("nothing found"), "\(result.output)")
        #expect(result.output.contains("holds: group 1: no snapshot and no chosen slot; "))
        #expect(
            result.output.contains("nothing is in it: its node has promised, voted for and learnt nothing"))
        let json = try await Tool.run(["log", "verify", "--json", path]).objects()
        #expect(json.first?["isEmpty"] as? Bool == true)
    }

    @Test(
        arguments: [
            (
                "UPDATE accepted SET value = x'0105' WHERE slot = 2",
                "accepted group 1 slot 2: the row differs"
            ),
            ("UPDATE chosen SET chain = chain + 1 WHERE slot = 3", "chosen group 1 slot 3: the row differs"),
            ("UPDATE promise SET ballot = 0", "promise group 1: the row differs"),
            ("UPDATE accepted SET ballot = ballot + 65536 WHERE slot = 4", "violations group 1 slot 4:"),
            ("DELETE FROM chosen WHERE slot = 2", "violations group 1 slot 3: chosen-gap"),
        ])
    func verifyNamesTheRowThatWasChangedByHand(change: String, finding: String) async throws {
        let path = try store("1", severalKinds())
        try sql(change, on: path + "/node.db")
        let result = try await Tool.run(["log", "verify", path])
        #expect(result.status == 1)
        #expect(result.output.contains("FINDING \(finding)"), "\(result.output)")
        #expect(result.error.contains("start no node on such a store"))
    }

    @Test func verifyComparesLogsAsFarAsBothGo() async throws {
        let proposals = try severalKinds()
        let first = try store("1", proposals)
        let second = try store("2", proposals + [.noOp, .noOp], node: 2)
        let same = try await Tool.run(["log", "verify", first, second])
        #expect(same.status == 0)
        #expect(same.output.contains("group 1: \(first) and \(second) have the same log through slot 3"))

        var other = proposals
        other[1] = proposal(command(1, [1]))
        let third = try store("3", other, node: 3)
        let different = try await Tool.run(["log", "verify", first, second, third, "--json"])
        #expect(different.status == 1)
        let last = try #require(different.objects().last)
        #expect(last["equal"] as? Bool == false && last["differsAt"] as? Int == 2)
        #expect(last["directory"] as? String == third && last["against"] as? String == second)
    }

    @Test func verifyGoesOnWhereAStoreIsRefused() async throws {
        let path = try store("1", severalKinds())
        let stranger = try store("2", severalKinds(), cluster: "shop")
        let missing = try await Tool.run(["log", "verify", directory.path + "/nowhere", path, "--json"])
        #expect(missing.status == 4)
        let objects = try missing.objects()
        #expect((objects[0]["error"] as? String)?.contains("there is no store in") == true)
        #expect(objects[1]["chosen"] as? Int == 3 && (objects[1]["findings"] as? [Any])?.isEmpty == true)
        let strangers = try await Tool.run(["log", "verify", path, stranger])
        #expect(strangers.status == 1)
        #expect(strangers.output.contains(#"they are of clusters "shop" and "bank""#))
    }
}
