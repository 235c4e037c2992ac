import Paxos

/// Who belongs to the group, slot by slot, reckoned a second time from the log that the judge saw chosen: by rules of its
/// own, which share nothing with those of the nodes but the form of a change.
struct ReckonedMembers {
    /// One who belongs.
    struct One: Equatable {
        var isVoter: Bool
        var isJoining: Bool
        /// In whose place it joins.
        var replaces: UInt16?
        var store: StoreID?
        var address: String
    }

    /// Who belongs from a slot on.
    struct Rule: Equatable {
        let from: UInt64
        var members: [UInt16: One]
        var gone: Set<UInt16> = []
        /// Which kinds of entries may stand in the log.
        var version: ClusterVersion

        var voters: Set<UInt16> { Set(members.filter(\.value.isVoter).keys) }

        /// Whether these are more than half of the voters.
        func isQuorum(_ nodes: Set<UInt16>) -> Bool {
            2 * voters.count { nodes.contains($0) } > voters.count
        }

        /// Whether more than half of those who vote are left of whom nothing takes away the disk, when `node` goes: whatever
        /// comes of those who are `leaving`. What is pending may be done, or be refused: those of them who last count as
        /// gone, and the others as still there.
        func canSpare(_ node: UInt16, leaving: Set<UInt16>, lasting: Set<UInt16>) -> Bool {
            let left = voters.subtracting([node]).subtracting(leaving.intersection(lasting))
            return left.count >= 2 && 2 * left.intersection(lasting).count > left.count
        }
    }

    /// Ascending; the first from slot 0 on.
    private(set) var rules: [Rule]
    let alpha: UInt64
    /// The highest id ever given.
    private(set) var highestID: UInt16

    init(genesis: Configuration) {
        alpha = UInt64(genesis.alpha)
        var members: [UInt16: One] = [:]
        for node in genesis.voters {
            members[node.rawValue] = One(isVoter: true, isJoining: false, address: "")
        }
        rules = [Rule(from: 0, members: members, version: genesis.version)]
        highestID = members.keys.max() ?? 0
    }

    var latest: Rule { rules[rules.count - 1] }

    /// What governs a slot.
    subscript(slot: UInt64) -> Rule { rules.last { $0.from <= slot } ?? rules[0] }

    /// Everything that governs `slot` or one after it.
    func governing(from slot: UInt64) -> [Rule] {
        Array(rules[(rules.lastIndex { $0.from <= slot } ?? 0)...])
    }

    /// Whether somebody was a member and is none in any slot from this one on.
    func isGone(_ node: UInt16, from slot: UInt64) -> Bool {
        governing(from: slot).allSatisfy { $0.gone.contains(node) }
    }

    /// A slot is chosen, all before it were told.
    mutating func chosen(_ proposal: Proposal, in slot: UInt64) {
        for entry in proposal.entries {
            guard case .change(let change) = entry, latest.from <= slot else { continue }
            guard let next = after(change, in: latest),
                next.members != latest.members || next.version != latest.version
            else { continue }
            rules.append(
                Rule(from: slot + alpha, members: next.members, gone: next.gone, version: next.version))
            highestID = max(highestID, next.members.keys.max() ?? 0)
        }
    }

    /// What a change makes of a rule; nil if it may not be made.
    private func after(_ change: ConfigurationChange, in before: Rule) -> Rule? {
        var rule = before
        switch change {
        case .add(let wanted, let role, let store, let address):
            return added(to: rule, wanted, role, store, address)
        case .promote(let node):
            guard let one = rule.members[node.rawValue], !one.isVoter else { return nil }
            if let replaced = one.replaces, rule.members[replaced]?.isVoter == true {
                rule.members[replaced] = nil
                rule.gone.insert(replaced)
            }
            rule.members[node.rawValue] = One(
                isVoter: true, isJoining: false, store: one.store, address: one.address)
            return rule.voters.count <= 9 ? rule : nil
        case .remove(let node):
            guard rule.members[node.rawValue] != nil, rule.voters != [node.rawValue] else { return nil }
            rule.members[node.rawValue] = nil
            rule.gone.insert(node.rawValue)
            for (id, one) in rule.members where one.replaces == node.rawValue {
                var one = one
                one.replaces = nil
                rule.members[id] = one
            }
            return rule
        case .move(let node, let address):
            guard var one = rule.members[node.rawValue],
                !rule.members.contains(where: { $0.key != node.rawValue && $0.value.address == address })
            else { return nil }
            one.address = address
            rule.members[node.rawValue] = one
            return rule
        case .raise(let version):
            guard version > rule.version else { return nil }
            rule.version = version
            return rule
        }
    }

    private func added(
        to before: Rule, _ wanted: NodeID?, _ role: Member.Role, _ store: StoreID?, _ address: String
    ) -> Rule? {
        var rule = before
        if let store, rule.members.values.contains(where: { $0.store == store }) { return nil }
        if let known = rule.members.first(where: { $0.value.address == address }) {
            guard known.value.store == nil, !known.value.isVoter, let store,
                wanted == nil || wanted?.rawValue == known.key
            else { return nil }
            rule.members[known.key]?.store = store
            return rule
        }
        guard rule.members.count < 32 else { return nil }
        var one = One(isVoter: false, isJoining: false, store: store, address: address)
        switch role {
        case .voter: return nil
        case .nonVoter: break
        case .joining(let replaced):
            one.isJoining = true
            if let replaced {
                guard rule.members[replaced.rawValue]?.isVoter == true,
                    !rule.members.values.contains(where: { $0.isJoining && $0.replaces == replaced.rawValue })
                else { return nil }
                one.replaces = replaced.rawValue
            }
        }
        let highest = max(rule.members.keys.max() ?? 0, rule.gone.max() ?? 0)
        let id = wanted?.rawValue ?? highest + 1
        guard rule.members[id] == nil, !rule.gone.contains(id) else { return nil }
        rule.members[id] = one
        return rule
    }
}
