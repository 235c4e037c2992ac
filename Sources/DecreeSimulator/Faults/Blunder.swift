import Paxos

/// A change of the members that must be refused, whatever else changes meanwhile. What would be right when a member has
/// left asks for an id that is taken, too.
enum Blunder: String, CaseIterable, Sendable, Hashable {
    case promoteUnknown = "promote an unknown node"
    case promoteVoter = "promote a voter"
    case promoteRemoved = "promote a removed node"
    case removeUnknown = "remove an unknown node"
    case removeAgain = "remove a removed node"
    case moveUnknown = "move an unknown node"
    case moveNowhere = "move a member to what is no address"
    case addVoter = "add a voter"
    case addNowhere = "add a node without an address"
    case addTaken = "add a node under a member's id"
    case addRemoved = "add a node under a removed id"
    case addReserved = "add a node under a reserved id"
    case addNeighbour = "add a node at a member's address"
    case replaceUnknown = "replace an unknown node"
    case replaceNonVoter = "replace a node that does not vote"
    case replaceTwice = "replace a node that another replaces"

    /// An id that is never given, for the simulated operator chooses none.
    private static let unknown = NodeID(20_000)
    private static let nowhere = ["nowhere", ":7001", "nowhere:0", "nowhere:70000", "nowhere:"]

    /// The change; nil if it does not fit the members there are.
    func change(_ rule: ReckonedMembers.Rule, _ random: inout SeededGenerator) -> ConfigurationChange? {
        func draw(_ ids: [UInt16]) -> NodeID? {
            ids.isEmpty ? nil : NodeID(rawValue: ids.sorted()[random.below(ids.count)])
        }
        let store = StoreID(rawValue: random.next() >> 1 | 1)
        let address = "nowhere:\(1 + random.below(60_000))"
        let member = draw(Array(rule.members.keys))
        func add(
            _ node: NodeID?, _ role: Member.Role = .nonVoter, at address: String = address
        ) -> ConfigurationChange {
            .add(node: node, role: role, store: store, address: address)
        }
        let badAddress = Self.nowhere[random.below(Self.nowhere.count)]
        switch self {
        case .promoteUnknown: return .promote(Self.unknown)
        case .promoteVoter: return draw(Array(rule.voters)).map { .promote($0) }
        case .promoteRemoved: return draw(Array(rule.gone)).map { .promote($0) }
        case .removeUnknown: return .remove(Self.unknown)
        case .removeAgain: return draw(Array(rule.gone)).map { .remove($0) }
        case .moveUnknown: return .move(Self.unknown, address: address)
        case .moveNowhere: return member.map { .move($0, address: badAddress) }
        case .addVoter: return add(nil, .voter)
        case .addNowhere: return add(nil, at: badAddress)
        case .addTaken: return member.map { add($0) }
        case .addRemoved: return draw(Array(rule.gone)).map { add($0) }
        case .addReserved: return add(NodeID(NodeID.maximumMember + 1))
        case .addNeighbour:
            guard let one = draw(rule.members.filter { !$0.value.address.isEmpty }.map(\.key)),
                let neighbour = rule.members[one.rawValue]
            else { return nil }
            return add(one, at: neighbour.address)
        case .replaceUnknown: return member.map { add($0, .joining(replacing: Self.unknown)) }
        case .replaceNonVoter:
            return draw(rule.members.filter { !$0.value.isVoter }.map(\.key)).map { one in
                add(one, .joining(replacing: one))
            }
        case .replaceTwice:
            let pending = rule.members.values.filter(\.isJoining).compactMap(\.replaces)
            return draw(pending).flatMap { one in member.map { add($0, .joining(replacing: one)) } }
        }
    }
}
