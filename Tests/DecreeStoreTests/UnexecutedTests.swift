import Foundation
import Testing

@testable import DecreeStore
@testable import Paxos

/// Which commands of a slot were not executed, as its row keeps it.
@Suite struct UnexecutedTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Slots with a value each, chosen, of which so much was not executed.
    private func fill(_ store: Store, from first: UInt64 = 1, _ unexecuted: [[UInt32]?]) throws {
        var chain = (1..<first).reduce(Digest.zero) { $0.chained(Slot($1), proposal("value \($1)").digest) }
        for (slot, indexes) in zip(first..., unexecuted) {
            let value = vote(slot, "value \(slot)")
            chain = chain.chained(Slot(slot), value.proposal.digest)
            try store.expectCommit(
                step(
                    .accepted(group, value),
                    .chosen(group, Slot(slot), ballot, chain: chain, unexecuted: indexes)))
        }
    }

    private func read(_ store: Store, _ from: UInt64, through: UInt64) throws -> LogReadResult {
        let read = LogRead(
            group: group, to: .tickets([Ticket(rawValue: 1)]),
            content: .executed(from: Slot(from), through: Slot(through)))
        return try store.serve(read).result
    }

    private func position(_ slot: UInt64, _ index: UInt32) -> LogPosition {
        LogPosition(slot: Slot(slot), index: index)
    }

    @Test func itIsReadBackAsItWasWritten() throws {
        let written: [[UInt32]?] = [[], [0], [], [1, 70_000, .max], []]
        var store = try openStore(directory)
        try store.expectCommit(step(.promise(group, ballot)))
        try fill(store, written)
        for _ in 0..<2 {
            let votes = (1...5 as ClosedRange<UInt64>).map { vote($0, "value \($0)") }
            #expect(
                try read(store, 1, through: 5)
                    == .executed(
                        votes,
                        unexecuted: [
                            position(2, 0), position(4, 1), position(4, 70_000), position(4, .max),
                        ]))
            #expect(
                try read(store, 3, through: 3) == .executed([vote(3, "value 3")], unexecuted: []))
            try store.close()
            store = try openStore(directory)
            try store.recoverAll()
        }
        try store.close()
        #expect(try StoreInspector(directory: directory.path).verify().findings == [])
    }

    /// A bit that flips there would have a command read that had no effect, or left out one that had.
    @Test(arguments: [
        "unexecuted = x''", "unexecuted = NULL", "unexecuted = x'01000000'",
        "unexecuted = x'0000000000000000'",
    ]) func aRowThatSaysSomethingElseIsNotServed(change: String) throws {
        let store = try openStore(directory)
        try store.expectCommit(step(.promise(group, ballot)))
        try fill(store, [[], [0], []])
        try store.close()
        try directory.sql("UPDATE chosen SET \(change) WHERE slot = 2")
        let findings = try StoreInspector(directory: directory.path).verify().findings
        #expect(findings.map(\.place).contains("chosen"), "\(findings)")
        let damaged = try openStore(directory)
        #expect(
            try read(damaged, 1, through: 3) == .executed([vote(1, "value 1")], unexecuted: []))
        #expect(try read(damaged, 2, through: 3) == .executed([], unexecuted: []))
        #expect(damaged.damage.map(\.slot) == [Slot(2)])
    }

    /// Of rows of an older format, and of a backup's, nobody kept it: what comes after them can be read.
    @Test(arguments: 0...5 as ClosedRange<UInt64>) func whatWasNotKeptIsNotServed(unknown: UInt64) throws {
        let store = try openStore(directory)
        try store.expectCommit(step(.promise(group, ballot)))
        try fill(store, (1...5).map { $0 > unknown ? [] : nil })
        for from in 1...5 as ClosedRange<UInt64> {
            let result = try read(store, from, through: 5)
            if from <= unknown {
                #expect(result == .unknown(before: Slot(unknown + 1)))
            } else {
                let votes = (from...5).map { vote($0, "value \($0)") }
                #expect(result == .executed(votes, unexecuted: []))
            }
        }
        #expect(store.damage.isEmpty)
    }

    /// However small the slots, what is given at once has a bound.
    @Test func noOpsAreGivenInBitesToo() throws {
        let store = try openStore(directory)
        let count = Store.readBytes / (AcceptedProposal.overheadBytes + 1) + 100
        var rows: [Write] = [.promise(group, ballot)]
        var chain = Digest.zero
        for slot in 1...UInt64(count) {
            chain = chain.chained(Slot(slot), Proposal.noOp.digest)
            rows.append(
                .accepted(group, AcceptedProposal(slot: Slot(slot), ballot: ballot, proposal: .noOp)))
            rows.append(.chosen(group, Slot(slot), ballot, chain: chain, unexecuted: []))
        }
        try store.expectCommit(step(rows))
        guard case .executed(let decided, _) = try read(store, 1, through: UInt64(count)) else { return }
        #expect(decided.count == Store.readBytes / (AcceptedProposal.overheadBytes + 1))
    }

    // MARK: The format before

    private static let formatTwo =
        URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent().path
        + "/Fixtures/format-2"

    /// A node of format 2 that was killed: a snapshot at slot 8, and slots 1 through 12.
    @Test func aStoreOfTheSecondFormatIsTakenOver() throws {
        for file in ["node.db", "node.db-wal"] {
            try FileManager.default.copyItem(
                atPath: Self.formatTwo + "/" + file, toPath: directory.path + "/" + file)
        }
        let before = try StoreInspector(directory: directory.path)
        #expect(try before.node().format == 2)
        #expect(before.verify().findings == [] && before.verify().chosen == 12)
        let alone = Configuration(voters: [NodeID(1)])
        var store = try openStore(directory, configuration: alone)
        #expect(try store.connection.integer("PRAGMA user_version") == Int64(Schema.format))
        let chosen = try store.recoverAll().chosen
        #expect(chosen.map(\.slot) == (9...12).map { Slot($0) })
        #expect(try read(store, 1, through: 12) == .unknown(before: Slot(13)))
        // Other nodes, and a backup, are given all of it.
        let slots = LogRead(
            group: group, to: .node(NodeID(2)), content: .slots(from: Slot(1), through: Slot(12)))
        #expect(try store.serve(slots).result.slots.count == 12)

        // What is chosen from here on can be read by whoever follows the log.
        let last = try #require(try chain(in: store, at: 12))
        let next = vote(13, "value 13", in: Ballot(round: 2, node: NodeID(1)))
        try store.expectCommit(
            step(
                .promise(group, next.ballot), .accepted(group, next),
                .chosen(
                    group, Slot(13), next.ballot, chain: last.chained(Slot(13), next.proposal.digest),
                    unexecuted: [2])))
        try store.close()
        store = try openStore(directory, configuration: alone)
        #expect(try store.recoverAll().chosen.count == 5)
        #expect(try read(store, 12, through: 13) == .unknown(before: Slot(13)))
        #expect(
            try read(store, 13, through: 13) == .executed([next], unexecuted: [position(13, 2)]))
        try store.close()
        #expect(try StoreInspector(directory: directory.path).verify().findings == [])
    }

    private func chain(in store: Store, at slot: UInt64) throws -> Digest? {
        let key = RowKey(group, Slot(slot)).stored
        return try store.connection.integer("SELECT chain FROM chosen WHERE key = \(key)")
            .map { Digest(rawValue: UInt64(bitPattern: $0)) }
    }
}
