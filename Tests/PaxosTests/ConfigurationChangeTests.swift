import Testing

@testable import Paxos

/// What a change makes of a configuration (invariants ConfigAtSlot and IdentityFresh): one line for each case.
@Suite struct ConfigurationChangeTests {
    /// A change and what comes of it: the members as `describe` has them, or the refusal; and whom it is about.
    struct Case: Sendable, CustomTestStringConvertible {
        let what: String
        let before: [Member]
        let change: ConfigurationChange
        let members: String?
        let node: UInt16?
        let refusal: ConfigurationRefusal?
        var retired: [UInt16] = []

        static func makes(
            _ what: String, _ before: [Member], _ change: ConfigurationChange, _ members: String, node: UInt16
        ) -> Case {
            Case(what: what, before: before, change: change, members: members, node: node, refusal: nil)
        }

        static func refuses(
            _ what: String, _ before: [Member], _ change: ConfigurationChange, _ refusal: ConfigurationRefusal
        ) -> Case {
            Case(what: what, before: before, change: change, members: nil, node: nil, refusal: refusal)
        }

        /// With ids that were given up before.
        func retiring(_ nodes: [UInt16]) -> Case {
            var copy = self
            copy.retired = nodes
            return copy
        }

        var testDescription: String { what }
    }

    private static let a = StoreID(rawValue: 10)
    private static let b = StoreID(rawValue: 11)

    private static func voters(_ nodes: ClosedRange<UInt16>) -> [Member] {
        nodes.map { Member(node: NodeID($0)) }
    }

    private static func member(
        _ node: UInt16, _ role: Member.Role, _ store: StoreID? = nil, _ address: String = ""
    ) -> Member { Member(node: NodeID(node), role: role, store: store, address: address) }

    private static let three = voters(1...3)
    private static let withFour = three + [member(4, .nonVoter, a, "d:4")]
    private static let expected = three + [member(4, .nonVoter, nil, "d:4")]
    private static let replacing = three + [member(4, .joining(replacing: NodeID(2)), a, "d:4")]
    private static let full = voters(1...9)

    private static func add(
        _ node: UInt16? = nil, _ role: Member.Role = .nonVoter, _ store: StoreID? = nil, _ address: String
    ) -> ConfigurationChange {
        .add(node: node.map { NodeID($0) }, role: role, store: store, address: address)
    }

    static let additions: [Case] = [
        .makes("the next id", three, add(nil, .nonVoter, a, "d:4"), "1 2 3 4n@d:4#10", node: 4),
        .makes("an id of choice", three, add(9, .nonVoter, nil, "d:4"), "1 2 3 9n@d:4", node: 9),
        .makes("to join", three, add(nil, .joining(replacing: nil), a, "d:4"), "1 2 3 4j@d:4#10", node: 4),
        .makes(
            "in place of 2", three, add(nil, .joining(replacing: NodeID(2)), a, "d:4"), "1 2 3 4j2@d:4#10",
            node: 4),
        .makes("again, by its store", withFour, add(nil, .nonVoter, a, "d:4"), "1 2 3 4n@d:4#10", node: 4),
        .makes("its store elsewhere", withFour, add(nil, .nonVoter, a, "e:5"), "1 2 3 4n@d:4#10", node: 4),
        .makes("bound by address", expected, add(nil, .nonVoter, b, "d:4"), "1 2 3 4n@d:4#11", node: 4),
        .makes("bound with its id", expected, add(4, .nonVoter, b, "d:4"), "1 2 3 4n@d:4#11", node: 4),
        .makes("again, by address", expected, add(nil, .nonVoter, nil, "d:4"), "1 2 3 4n@d:4", node: 4),
        .refuses("bound with another id", expected, add(5, .nonVoter, b, "d:4"), .addressInUse),
        .refuses("bound once already", withFour, add(nil, .nonVoter, b, "d:4"), .addressInUse),
        .refuses(
            "a voter's address", [member(1, .voter, nil, "a:1")], add(nil, .nonVoter, b, "a:1"), .addressInUse
        ),
        .makes(
            "at the address of whom it replaces", [member(1, .voter, nil, "a:1")] + voters(2...3),
            add(nil, .joining(replacing: NodeID(1)), b, "a:1"), "1@a:1 2 3 4j1@a:1#11", node: 4),
        .refuses(
            "at the address of another than it replaces", [member(1, .voter, nil, "a:1")] + voters(2...3),
            add(nil, .joining(replacing: NodeID(2)), b, "a:1"), .addressInUse),
        .refuses("a voter at once", three, add(nil, .voter, a, "d:4"), .malformed),
        .refuses("no address", three, add(nil, .nonVoter, a, ""), .malformed),
        .refuses("no port", three, add(nil, .nonVoter, a, "d"), .malformed),
        .refuses("port 0", three, add(nil, .nonVoter, a, "d:0"), .malformed),
        .refuses("no host", three, add(nil, .nonVoter, a, ":4"), .malformed),
        .refuses("a port too large", three, add(nil, .nonVoter, a, "d:65536"), .malformed),
        .refuses(
            "too long", three, add(nil, .nonVoter, a, String(repeating: "x", count: 254) + ":4"), .malformed),
        .refuses("a member's id", three, add(2, .nonVoter, a, "d:4"), .idUsed),
        .refuses("a retired id", three, add(5, .nonVoter, a, "d:4"), .idUsed).retiring([5]),
        .makes("past a retired id", three, add(nil, .nonVoter, a, "d:4"), "1 2 3 6n@d:4#10 -5", node: 6)
            .retiring([5]),
        .makes("below a retired id", three, add(4, .nonVoter, a, "d:4"), "1 2 3 4n@d:4#10 -5", node: 4)
            .retiring([5]),
        .refuses(
            "in a stranger's place", three, add(nil, .joining(replacing: NodeID(7)), a, "d:4"), .unknownMember
        ),
        .refuses(
            "in a non-voter's place", withFour, add(nil, .joining(replacing: NodeID(4)), b, "e:5"),
            .notVoter),
        .refuses(
            "in a joining node's place", replacing, add(nil, .joining(replacing: NodeID(4)), b, "e:5"),
            .notVoter),
        .refuses(
            "a second in 2's place", replacing, add(nil, .joining(replacing: NodeID(2)), b, "e:5"),
            .replacementPending),
        .refuses(
            "the 33rd member", three + (4...32).map { member($0, .nonVoter) }, add(nil, .nonVoter, a, "d:4"),
            .tooMany),
        .refuses("the id of backups", three, add(32_767, .nonVoter, a, "d:4"), .idReserved),
        .makes("the largest id", three, add(32_766, .nonVoter, nil, "d:4"), "1 2 3 32766n@d:4", node: 32_766),
        .makes(
            "when the largest id is given, a free one", three + [member(32_766, .nonVoter)],
            add(nil, .nonVoter, nil, "d:4"), "1 2 3 5n@d:4 32766n -4", node: 5
        ).retiring([4]),
        .makes(
            "when it was given up, too", three, add(nil, .nonVoter, nil, "d:4"), "1 2 3 4n@d:4 -32766",
            node: 4
        ).retiring([32_766]),
        .refuses("when none is left", three, add(nil, .nonVoter, nil, "d:4"), .noIDLeft)
            .retiring(Array(4...32_766)),
    ]

    static let others: [Case] = [
        .makes("promoted", withFour, .promote(NodeID(4)), "1 2 3 4@d:4#10", node: 4),
        .makes("promoted, one replaced", replacing, .promote(NodeID(4)), "1 3 4@d:4#10 -2", node: 4),
        .makes(
            "promoted, the other gone", voters(1...1) + [member(4, .joining(replacing: NodeID(2)))],
            .promote(NodeID(4)), "1 4", node: 4),
        .makes(
            "nine, one replaced", full + [member(10, .joining(replacing: NodeID(9)))], .promote(NodeID(10)),
            "1 2 3 4 5 6 7 8 10 -9", node: 10),
        .refuses("a tenth voter", full + [member(10, .nonVoter)], .promote(NodeID(10)), .tooMany),
        .refuses("a voter promoted", three, .promote(NodeID(3)), .alreadyVoter),
        .refuses("a stranger promoted", three, .promote(NodeID(4)), .unknownMember),
        .makes("a voter removed", three, .remove(NodeID(2)), "1 3 -2", node: 2),
        .makes("a non-voter removed", withFour, .remove(NodeID(4)), "1 2 3 -4", node: 4),
        .makes("who is replaced removed", replacing, .remove(NodeID(2)), "1 3 4j@d:4#10 -2", node: 2),
        .refuses("the last voter", voters(1...1) + [member(4, .nonVoter)], .remove(NodeID(1)), .lastVoter),
        .refuses("a stranger removed", three, .remove(NodeID(4)), .unknownMember),
        .makes("removed again", three, .remove(NodeID(4)), "1 2 3 -4", node: 4).retiring([4]),
        .makes("moved", withFour, .move(NodeID(4), address: "e:5"), "1 2 3 4n@e:5#10", node: 4),
        .makes(
            "moved to where it is", withFour, .move(NodeID(4), address: "d:4"), "1 2 3 4n@d:4#10", node: 4),
        .refuses("moved to another's", withFour, .move(NodeID(1), address: "d:4"), .addressInUse),
        .refuses("a stranger moved", three, .move(NodeID(4), address: "d:4"), .unknownMember),
        .refuses("moved to no address", three, .move(NodeID(1), address: "d"), .malformed),
    ]

    private func describe(_ configuration: Configuration) -> String {
        let members = configuration.members.map { member in
            let role =
                switch member.role {
                case .voter: ""
                case .nonVoter: "n"
                case .joining(let replaced): "j" + (replaced?.description ?? "")
                }
            let address = member.address.isEmpty ? "" : "@" + member.address
            return "\(member.node)\(role)\(address)\(member.store.map { "#\($0.rawValue)" } ?? "")"
        }
        return (members + configuration.retired.map { "-\($0)" }).joined(separator: " ")
    }

    @Test(arguments: additions + others) func comesTo(_ expected: Case) {
        let before = Configuration(voters: [NodeID(1)]).with(
            members: expected.before, retired: expected.retired.map { NodeID($0) })
        do throws(ConfigurationRefusal) {
            let (after, node) = try before.applying(expected.change)
            #expect(describe(after) == expected.members)
            #expect(node.rawValue == expected.node)
            #expect(Configuration(bytes: after.bytes) == after)
        } catch {
            #expect(error == expected.refusal)
        }
    }

    @Test func anIdIsNeverGivenAgain() throws {
        var configuration = Configuration(voters: [NodeID(1)])
        for id in 2...20 as ClosedRange<UInt16> {
            let store = StoreID(rawValue: UInt64(id))
            let added = try configuration.applying(
                .add(node: nil, role: .nonVoter, store: store, address: "a:1"))
            #expect(added.node == NodeID(id))
            configuration = try added.configuration.applying(.remove(added.node)).configuration
            #expect(throws: ConfigurationRefusal.idUsed) {
                try configuration.applying(
                    .add(node: NodeID(id), role: .nonVoter, store: store, address: "a:1"))
            }
        }
        #expect(configuration.retired == (2...20).map { NodeID($0) })
        #expect(configuration.members == [Member(node: NodeID(1))])
    }

    /// Where members of the beginning are reached the log does not tell; who knows it judges with it.
    @Test(arguments: [
        (add(nil, .nonVoter, a, "b:2"), true), (add(nil, .joining(replacing: NodeID(2)), a, "b:2"), false),
        (add(nil, .nonVoter, a, "d:4"), false), (.move(NodeID(1), address: "b:2"), true),
        (.move(NodeID(2), address: "b:2"), false), (.move(NodeID(9), address: "b:2"), false),
    ])
    func anAddressOfTheBeginningIsInUse(change: ConfigurationChange, isInUse: Bool) {
        let configuration = Configuration(voters: Self.three.map(\.node))
        #expect(!configuration.isAddressInUse(by: change))
        let located = configuration.locating { $0 == NodeID(2) ? "b:2" : nil }
        #expect(located.isAddressInUse(by: change) == isInUse)
    }

    @Test func theLimitsStayAsTheyAre() throws {
        let before = Configuration(
            voters: [NodeID(1)], alpha: 5, sessionLimit: 6, sessionWindow: 7, replyBytes: 8)
        let after = try before.applying(.add(node: nil, role: .nonVoter, store: nil, address: "a:1"))
            .configuration
        #expect(
            after.alpha == 5 && after.sessionLimit == 6 && after.sessionWindow == 7 && after.replyBytes == 8)
    }
}
