import Testing

@testable import DecreeStore
@testable import Paxos

/// The view `violations`: what must never be, by SQL alone.
@Suite struct ViolationsTests {
    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        let store = try openStore(directory)
        try store.fill(["a", "b", "c", "d", "e"])
        try store.close()
    }

    @Test func aHealthyNodeHasNone() throws {
        #expect(try directory.sql("SELECT * FROM violations") == [])
    }

    /// Of slots at or below the floor some may be deleted, as a trim goes.
    @Test(arguments: ["chosen", "accepted"]) func whatIsHalfDeletedBelowTheFloorIsNone(table: String) throws {
        try directory.sql(
            """
            INSERT INTO snapshot VALUES (1, 1, 3, 0, 0, 0, 1, 0); UPDATE floor SET slot = 3;
            DELETE FROM \(table) WHERE slot IN (1, 3)
            """)
        #expect(try directory.sql("SELECT * FROM violations") == [])
        try directory.sql("UPDATE floor SET slot = 2")
        #expect(try directory.sql("SELECT count(*) FROM violations") == ["1"])
    }

    /// A node that slept through an election learns values of a ballot it never promised.
    @Test func aLearnedValueAboveThePromiseIsNone() throws {
        let higher = Ballot(round: 8, node: NodeID(3))
        let store = try openStore(directory)
        let chain = try store.recoverAll().chain.chained(Slot(5), proposal("e").digest)
        try store.expectCommit(
            step(
                .accepted(group, vote(5, "e", in: higher)), .chosen(group, Slot(5), higher, chain: chain)))
        try store.close()
        #expect(try directory.sql("SELECT * FROM violations") == [])
        #expect(try openStore(directory).recoverAll().chosen.count == 5)
    }

    @Test(
        arguments: [
            ("INSERT INTO node SELECT * FROM node", ["node-rows||"]),
            ("DELETE FROM node", ["node-rows||"]),
            ("UPDATE node SET node_id = 32768", ["node-range||"]),
            ("UPDATE node SET persist_sequence = -1", ["node-range||"]),
            ("UPDATE node SET format = 99", ["format||"]),
            ("UPDATE chosen SET unexecuted = x'010203' WHERE slot = 2", ["unexecuted-length|1|2"]),
            ("INSERT INTO promise VALUES (2, 65537, 0)", ["unknown-group|2|"]),
            ("INSERT INTO configuration VALUES (2, 0, x'01', 0)", ["unknown-group|2|0"]),
            (
                "INSERT INTO accepted (key, ballot, checksum, value) VALUES (9, 65537, 0, x'00')",
                ["unknown-group|0|9"]
            ),
            (
                "INSERT INTO chosen (key, ballot, chain, checksum) VALUES (2 << 44 | 1, 65537, 0, 0)",
                ["chosen-without-accepted|2|1", "unknown-group|2|1"]
            ),
            ("DELETE FROM promise", ["no-promise|1|"]),
            ("DELETE FROM floor", ["no-floor|1|"]),
            ("INSERT INTO floor VALUES (2, 0, 0)", ["unknown-group|2|0"]),
            ("UPDATE floor SET slot = 3", ["floor-above-snapshot|1|3"]),
            (
                "INSERT INTO snapshot VALUES (1, 1, 2, 0, 9, 0, 0, 0); UPDATE floor SET slot = 2",
                ["floor-above-snapshot|1|2"]
            ),
            ("INSERT INTO snapshot VALUES (1, 1, 2, 0, 9, 0, 1, 0)", ["snapshot-chunks|1|2"]),
            ("INSERT INTO snapshot VALUES (1, 1, 2, 0, -1, 0, 0, 0)", ["snapshot-range|1|2"]),
            ("INSERT INTO snapshot VALUES (1, 2, 2, 0, 9, 0, 0, 0)", ["unknown-group|2|2"]),
            ("INSERT INTO witness VALUES (0, 1, 1, 0, NULL, NULL, NULL, NULL)", ["witness-range||"]),
            ("INSERT INTO witness VALUES (2, 1, 1, 0, 3, 4, NULL, 0)", ["witness-start||"]),
            ("INSERT INTO witness VALUES (2, 1, 1, 0, 3, 4, 5, 2)", ["witness-start||"]),
            ("INSERT INTO start VALUES (0, 1, 0, 0)", ["start-range||"]),
            ("INSERT INTO start VALUES (1, 1, 0, 0), (3, 1, 0, 0)", ["start-gap||"]),
            ("INSERT INTO start VALUES (1, 1, 9, 0), (2, 1, 8, 0)", ["start-order||"]),
            ("INSERT INTO fence VALUES ('a', 0), ('b', 0)", ["fence-rows||"]),
            ("DELETE FROM configuration", ["no-genesis|1|"]),
            ("UPDATE accepted SET key = 1 << 44 WHERE slot = 5", ["slot-zero|1|0"]),
            (
                "UPDATE chosen SET key = 1 << 44 WHERE slot = 4",
                ["slot-zero|1|0"]
            ),
            ("UPDATE promise SET ballot = ballot | 32768", ["ballot-range|1|"]),
            ("UPDATE accepted SET ballot = 7 WHERE slot = 5", ["ballot-range|1|5"]),
            ("UPDATE accepted SET ballot = 65536 WHERE slot = 5", ["ballot-range|1|5"]),
            ("UPDATE chosen SET ballot = 1 << 16 WHERE slot = 4", ["ballot-range|1|4"]),
            ("UPDATE accepted SET value = x'' WHERE slot = 5", ["empty-value|1|5"]),
            ("DELETE FROM accepted WHERE slot = 2", ["chosen-without-accepted|1|2"]),
            ("DELETE FROM chosen WHERE slot = 2", ["chosen-gap|1|3"]),
            ("UPDATE chosen SET ballot = 131073 WHERE slot = 4", ["chosen-above-accepted|1|4"]),
            ("UPDATE accepted SET ballot = 131073 WHERE slot = 5", ["accepted-above-promise|1|5"]),
            ("UPDATE promise SET ballot = 0", ["accepted-above-promise|1|5"]),
        ])
    func aRowThatMustNotBeIsNamed(sql: String, expected: [String]) throws {
        try directory.sql(sql)
        #expect(
            try directory.sql("SELECT kind, group_id, slot FROM violations ORDER BY kind") == expected)
        let findings = try StoreInspector(directory: directory.path).verify().findings
        #expect(findings.count { $0.place == "violations" } == expected.count)
    }
}
