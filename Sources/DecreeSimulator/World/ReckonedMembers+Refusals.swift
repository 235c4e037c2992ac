import Paxos

/// Why a change must be refused, by the reckoning's own rules. Which of several reasons a node tells is its business.
extension ReckonedMembers {
    /// The rule that is latest for a node that knows the slots through this one to be chosen.
    func known(through slot: UInt64) -> Rule { rules[place(knownThrough: slot)] }

    /// The rules by which a node may have judged that knew at least the slots through this one.
    func possible(knownThrough slot: UInt64) -> ArraySlice<Rule> { rules[place(knownThrough: slot)...] }

    private func place(knownThrough slot: UInt64) -> Int {
        rules.lastIndex { $0.from <= slot + alpha } ?? 0
    }

    /// Every reason for which a change is refused under a rule; none if it is made, or was made before.
    static func refusals(of change: ConfigurationChange, in rule: Rule) -> Set<ConfigurationRefusal> {
        switch change {
        case .add(let wanted, let role, let store, let address):
            return refusals(ofAdding: wanted, role, store, address, to: rule)
        case .promote(let node):
            guard let one = rule.members[node.rawValue] else { return [.unknownMember] }
            if one.isVoter { return [.alreadyVoter] }
            let replacesVoter = one.replaces.map { rule.voters.contains($0) } ?? false
            return rule.voters.count >= 9 && !replacesVoter ? [.tooMany] : []
        case .remove(let node):
            if rule.gone.contains(node.rawValue) { return [] }
            guard rule.members[node.rawValue] != nil else { return [.unknownMember] }
            return rule.voters == [node.rawValue] ? [.lastVoter] : []
        case .move(let node, let address):
            var reasons: Set<ConfigurationRefusal> = isAddress(address) ? [] : [.malformed]
            guard let one = rule.members[node.rawValue] else { return reasons.union([.unknownMember]) }
            let others = rule.members.filter { $0.key != node.rawValue }.values
            if one.address != address, others.contains(where: { $0.address == address }) {
                reasons.insert(.addressInUse)
            }
            return reasons
        case .raise: return []
        }
    }

    private static func refusals(
        ofAdding wanted: NodeID?, _ role: Member.Role, _ store: StoreID?, _ address: String, to rule: Rule
    ) -> Set<ConfigurationRefusal> {
        // Who was admitted before is told so again.
        if let store, rule.members.values.contains(where: { $0.store == store }) { return [] }
        var reasons: Set<ConfigurationRefusal> = isAddress(address) ? [] : [.malformed]
        let neighbour = rule.members.first { $0.value.address == address }
        var replaced: UInt16?
        switch role {
        case .voter: reasons.insert(.malformed)
        case .nonVoter: break
        case .joining(let other):
            replaced = other?.rawValue
            guard let other else { break }
            if rule.members[other.rawValue].map({ !$0.isVoter }) ?? false { reasons.insert(.notVoter) }
            if rule.members[other.rawValue] == nil { reasons.insert(.unknownMember) }
            if rule.members.values.contains(where: { $0.isJoining && $0.replaces == other.rawValue }) {
                reasons.insert(.replacementPending)
            }
        }
        if let neighbour, neighbour.key != replaced { reasons.insert(.addressInUse) }
        if rule.members.count >= 32 { reasons.insert(.tooMany) }
        if let wanted {
            if rule.members[wanted.rawValue] != nil || rule.gone.contains(wanted.rawValue) {
                reasons.insert(.idUsed)
            }
            if wanted.rawValue > NodeID.maximumMember { reasons.insert(.idReserved) }
        }
        return reasons
    }

    /// HOST:PORT.
    private static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count >= 2, let port = UInt16(parts[parts.count - 1]) else { return false }
        return port > 0 && !parts.dropLast().joined(separator: ":").isEmpty && text.utf8.count <= 255
    }
}
