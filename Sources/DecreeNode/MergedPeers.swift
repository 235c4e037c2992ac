import Paxos

/// The other members of all groups that a node hosts. A node that belongs to several stands in several logs, and these
/// need not say the same of it: a change is made in one group after the other, and one log may know a store that another
/// does not name.
struct MergedPeers {
    /// Everybody, ascending, each once, with what is known of it in any group.
    private(set) var all: [Member] = []
    /// The members of each group, as its log has them, by the groups' places.
    private(set) var byGroup: [[Member]] = []

    /// Takes up what the groups' logs say now.
    mutating func review(_ groups: [[Member]]) {
        var merged: [NodeID: Member] = [:]
        for member in groups.joined() {
            guard let known = merged[member.node] else {
                merged[member.node] = member
                continue
            }
            merged[member.node] = Member(
                node: member.node, role: known.role == .voter ? .voter : member.role,
                store: known.store ?? member.store)
        }
        for node in merged.keys { merged[node]?.address = address(of: node, in: groups) }
        all = merged.values.sorted { $0.node < $1.node }
        byGroup = groups
    }

    /// Where the groups' logs say that a node is reached: an address that is new in its group, for a member moves in one
    /// group after the other; or else the one that counted before.
    private func address(of node: NodeID, in groups: [[Member]]) -> String {
        var said: [String] = []
        var new: String?
        for (place, group) in groups.enumerated() {
            guard let address = group.first(where: { $0.node == node })?.address, !address.isEmpty else {
                continue
            }
            said.append(address)
            let before = place < byGroup.count ? byGroup[place].first { $0.node == node } : nil
            if let before, before.address != address { new = address }
        }
        if let new { return new }
        let before = all.first { $0.node == node }?.address ?? ""
        return said.contains(before) ? before : said.first ?? ""
    }

    /// Whether a node is another member of the group at that place.
    func isMember(_ node: NodeID, of place: Int) -> Bool {
        place < byGroup.count && byGroup[place].contains { $0.node == node }
    }
}
