import Testing

@testable import Paxos

/// Configurations with roles, stores and addresses, and changes of them, as bytes: in the log, in snapshots and on
/// their way between nodes. `ModelTests` has the format of those with ids alone.
@Suite struct ConfigurationBytesTests {
    static func configuration(_ members: [Member], retired: [UInt16] = []) -> Configuration {
        Configuration(voters: [NodeID(1)], version: .first).with(
            members: members, retired: retired.map { NodeID($0) })
    }

    static let configurations = [
        configuration(
            [
                Member(node: NodeID(1)),
                Member(
                    node: NodeID(5), role: .joining(replacing: NodeID(1)), store: StoreID(rawValue: 7),
                    address: "h:1"),
            ], retired: [3]),
        configuration([Member(node: NodeID(2))], retired: [1]),
        configuration([Member(node: NodeID(1), address: "a:1")]),
        configuration([Member(node: NodeID(1), store: StoreID(rawValue: 0))]),
        configuration(
            [
                Member(node: NodeID(1)), Member(node: NodeID(2), role: .nonVoter),
                Member(node: NodeID(3), role: .joining(replacing: nil), address: "höhle:1"),
                Member(
                    node: NodeID(NodeID.maximum), role: .joining(replacing: NodeID(1)),
                    store: StoreID(rawValue: .max), address: String(repeating: "x", count: 255)),
            ], retired: [4, 5, 32_766]),
        configuration((1...32).map { Member(node: NodeID($0), role: $0 < 10 ? .voter : .nonVoter) }),
        Configuration(members: [Member(node: NodeID(1))], origin: Digest(rawValue: 7), version: .first),
    ]

    @Test(arguments: configurations) func aConfigurationComesBackAsItWas(_ configuration: Configuration) {
        #expect(Configuration(bytes: configuration.bytes) == configuration)
        #expect(configuration.bytes.first == (configuration.origin == nil ? 2 : 3))
    }

    @Test(arguments: configurations) func noOtherLengthIsOne(_ configuration: Configuration) {
        let bytes = configuration.bytes
        for count in bytes.indices { #expect(Configuration(bytes: Array(bytes.prefix(count))) == nil) }
        #expect(Configuration(bytes: bytes + [0]) == nil)
    }

    /// What is read is written as it came: a configuration is said in one way, for it is digested.
    @Test(arguments: configurations.prefix(4)) func aFlippedBitIsAnotherConfigurationOrNone(
        _ configuration: Configuration
    ) {
        for bit in 0..<configuration.bytes.count * 8 {
            var bytes = configuration.bytes
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let other = Configuration(bytes: bytes) else { continue }
            #expect(other != configuration && other.bytes == bytes, "bit \(bit)")
        }
    }

    /// Two members, of whom the second joins with a store and an address; one that was removed.
    private static let parts: [[UInt8]] = [
        [2] + Configuration(voters: [NodeID(1)], version: .first).bytes[1..<21], [2, 0], [1, 0, 0, 0, 0, 0],
        [5, 0, 2, 1, 0, 1, 7, 0, 0, 0, 0, 0, 0, 0, 3, 0, 104, 58, 49], [1, 0, 3, 0],
    ]

    @Test(
        arguments: [
            ("members", 1, [0, 0]), ("members", 1, [33, 0]), ("members", 1, [3, 0]),
            ("node 0", 2, [0, 0, 0, 0, 0, 0]), ("an unknown role", 2, [1, 0, 3, 0, 0, 0]),
            ("no voter", 2, [1, 0, 1, 0, 0, 0]), ("half a store", 2, [1, 0, 0, 2, 0, 0]),
            ("not ascending", 2, [6, 0, 0, 0, 0, 0]), ("twice the same", 2, [5, 0, 0, 0, 0, 0]),
            ("replacing no id", 3, [5, 0, 2, 0, 128, 0, 0, 0]),
            ("a store of 64 bits", 3, [5, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 128, 0, 0]),
            ("an address too long", 3, [5, 0, 1, 0, 0, 1] + [UInt8](repeating: 120, count: 256)),
            ("no UTF-8", 3, [5, 0, 1, 0, 1, 0, 255]),
            ("retired twice", 4, [2, 0, 3, 0, 3, 0]), ("retired and a member", 4, [1, 0, 5, 0]),
            ("retired 0", 4, [1, 0, 0, 0]), ("too few retired", 4, [2, 0, 3, 0]),
        ] as [(String, Int, [UInt8])])
    func isNoConfiguration(_ what: String, _ part: Int, _ bytes: [UInt8]) {
        var parts = Self.parts
        #expect(Configuration(bytes: Array(parts.joined())) != nil)
        parts[part] = bytes
        #expect(Configuration(bytes: Array(parts.joined())) == nil, "\(what)")
    }

    @Test func nothingButIdsIsNotSaidInTheLongerFormat() {
        let limits = Configuration(voters: [NodeID(1)]).bytes[1..<21]
        #expect(Configuration(bytes: [2] + limits + [1, 0] + [1, 0, 0, 0, 0, 0] + [0, 0]) == nil)
    }

    // MARK: Changes

    static let changes: [ConfigurationChange] = [
        .add(node: nil, role: .nonVoter, store: nil, address: ""),
        .add(node: NodeID(1), role: .voter, store: StoreID(rawValue: 0), address: "a:1"),
        .add(
            node: NodeID(NodeID.maximum), role: .joining(replacing: NodeID(3)),
            store: StoreID(rawValue: .max), address: String(repeating: "x", count: 255)),
        .add(node: nil, role: .joining(replacing: nil), store: nil, address: "höhle:1"),
        .promote(NodeID(1)), .remove(NodeID(NodeID.maximum)), .move(NodeID(2), address: "b:2"),
    ]

    @Test(arguments: changes) func aChangeComesBackAsItWas(_ change: ConfigurationChange) {
        var bytes: [UInt8] = []
        change.append(to: &bytes)
        var reader = ByteReader(bytes[...])
        #expect(ConfigurationChange(from: &reader) == change)
        #expect(reader.isAtEnd)
        for count in bytes.indices {
            var short = ByteReader(bytes.prefix(count))
            #expect(ConfigurationChange(from: &short) == nil, "\(count) bytes")
        }
    }

    @Test(
        arguments: [
            [5, 1, 0], [4, 0, 0], [4, 1, 0], [1, 0, 0], [2, 0, 128], [3, 0, 0, 1, 0, 120],
            [0, 0, 128, 1, 0, 0, 0],
            [0, 1, 0, 3, 0, 0, 0], [0, 1, 0, 1, 2, 0, 0], [0, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 128, 0, 0],
            [3, 1, 0, 1, 0, 255],
        ] as [[UInt8]])
    func isNoChange(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes[...])
        #expect(ConfigurationChange(from: &reader) == nil)
    }

    @Test func changesStandInAProposalBesideOtherEntries() {
        let entries: [Entry] =
            [.openSession] + Self.changes.map { .change($0) }
            + [.command(session: SessionID(rawValue: 1), sequence: 2, firstUnacknowledged: 1, payload: [7])]
        var builder = ProposalBuilder()
        for entry in entries { builder.append(entry) }
        let proposal = builder.build()
        #expect(Array(proposal.entries) == entries)
        // Cut within a change, a batch is malformed, and what stands before it is still read.
        let cut = Proposal(bytes: Array(proposal.bytes.prefix(4)))
        var read = cut.entries
        #expect(read.next() == .openSession)
        #expect(read.next() == nil)
        #expect(read.isMalformed)
    }

    /// Its bytes could not be read back. Who asks for one is refused before it comes to that.
    @Test func noMemberHasAnAddressThatIsTooLong() async {
        #expect(throws: ConfigurationRefusal.malformed) {
            try Configuration(voters: [NodeID(1)]).applying(
                .add(
                    node: nil, role: .nonVoter, store: nil,
                    address: String(repeating: "x", count: 254) + ":1"))
        }
        await #expect(processExitsWith: .failure) {
            _ = Member(node: NodeID(2), address: String(repeating: "x", count: 256))
        }
    }
}
