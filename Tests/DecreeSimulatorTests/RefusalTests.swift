import Testing

@testable import DecreeSimulator
@testable import Paxos

/// The world's reckoning of why a change is refused, beside that of the nodes: they share no code.
struct RefusalTests {
    /// Nodes 1 to 3 vote, 4 learns, 5 joins in the place of 2, and 6 was removed.
    private static let changes: [ConfigurationChange] = [
        .add(node: nil, role: .nonVoter, store: StoreID(rawValue: 4), address: "d:4"),
        .add(node: nil, role: .joining(replacing: NodeID(2)), store: StoreID(rawValue: 5), address: "e:5"),
        .add(node: nil, role: .nonVoter, store: StoreID(rawValue: 6), address: "f:6"),
        .remove(NodeID(6)),
    ]

    /// Both ways to see the members after these changes.
    private static let members: (nodes: Configuration, world: ReckonedMembers.Rule) = {
        let genesis = Configuration(voters: (1...3).map { NodeID($0) }, alpha: 1)
        var configuration = genesis
        var reckoned = ReckonedMembers(genesis: genesis)
        for (place, change) in changes.enumerated() {
            configuration = (try? configuration.applying(change).configuration) ?? configuration
            var builder = ProposalBuilder()
            builder.append(.change(change))
            reckoned.chosen(builder.build(), in: UInt64(2 * place + 1))
        }
        return (configuration, reckoned.latest)
    }()

    private static let asked: [ConfigurationChange] = {
        let ids = [1, 2, 4, 5, 6, 7, 9].map { NodeID($0) } + [NodeID(NodeID.maximumMember + 1)]
        let addresses = ["d:4", "e:5", "g:7", "", "nowhere", ":1", "x:0", "x:70000", "[::1]:7"]
        let roles: [Member.Role] =
            [.voter, .nonVoter, .joining(replacing: nil)] + ids.map { .joining(replacing: $0) }
        var asked = ids.flatMap { [ConfigurationChange.promote($0), .remove($0)] }
        for address in addresses {
            asked += ids.map { .move($0, address: address) }
            for role in roles {
                asked += ([nil] + ids).map {
                    .add(node: $0, role: role, store: StoreID(rawValue: 77), address: address)
                }
            }
        }
        return asked
    }()

    @Test func bothKnowTheSameMembers() {
        #expect(Set(Self.members.nodes.members.map(\.node.rawValue)) == [1, 2, 3, 4, 5])
        #expect(Set(Self.members.world.members.keys) == [1, 2, 3, 4, 5])
        #expect(Self.members.world.gone == [6])
    }

    /// What nodes refuse, they refuse for a reason that is true; and what they do not refuse has none.
    @Test func whatNodesRefuseIsWhatTheWorldRefuses() {
        var refused: Set<ConfigurationRefusal> = []
        for change in Self.asked {
            let reasons = ReckonedMembers.refusals(of: change, in: Self.members.world)
            do throws(ConfigurationRefusal) {
                _ = try Self.members.nodes.applying(change)
                #expect(reasons.isEmpty, "\(change) is done")
            } catch {
                #expect(reasons.contains(error), "\(change) is refused for \(error)")
                refused.insert(error)
            }
        }
        #expect(
            refused == [
                .unknownMember, .idUsed, .addressInUse, .alreadyVoter, .malformed, .replacementPending,
                .idReserved, .notVoter,
            ])
    }

    /// Every mistake is refused, with any members, or is what is so already.
    @Test func everyMistakeIsOne() {
        var random = SeededGenerator(seed: 1)
        for blunder in Blunder.allCases {
            for _ in 0..<20 {
                guard let change = blunder.change(Self.members.world, &random) else {
                    Issue.record("\(blunder.rawValue) does not fit")
                    continue
                }
                let reasons = ReckonedMembers.refusals(of: change, in: Self.members.world)
                #expect(reasons.isEmpty == (blunder == .removeAgain), "\(change)")
            }
        }
    }
}
