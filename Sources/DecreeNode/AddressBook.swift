package import Paxos

/// Where the other nodes are reached. Four may say so: the peer itself when it connects, the log, this node's own
/// configuration, and success. None of them is final: each failed dial goes on to the next address, round and round, so
/// that neither a stale file nor a wrong announcement keeps two nodes apart.
package struct AddressBook: Sendable {
    private struct Entry {
        /// What the peer said when it connected last, and whether a dial there has failed since.
        var told: String?
        var isToldInDoubt = false
        /// What the log says.
        var logged = ""
        /// Where it was reached last, maybe by an earlier process of this node.
        var reached: String?
        /// Where it is dialled, or was last.
        var current: String?
        var hasFailed = false
    }

    private var entries: [NodeID: Entry] = [:]
    private let configured: [NodeID: String]
    /// Where nodes were reached, as it is written down, or will be at once.
    private var written: [NodeID: NodePlace] = [:]
    private var unwritten: Set<NodeID> = []

    /// - Parameters:
    ///   - configured: what this node's own configuration says.
    ///   - remembered: where the others were reached last, as was written down.
    package init(configured: [NodeID: String] = [:], remembered: [NodePlace] = []) {
        self.configured = configured
        for place in remembered {
            written[place.node] = place
            guard place.configured == configured[place.node] ?? "" else { continue }
            entries[place.node, default: Entry()].reached = place.address
        }
    }

    /// Whom the configuration lists, ascending.
    var listed: [NodeID] { configured.keys.sorted() }

    /// A node has said where it is reached; empty if it does not say.
    package mutating func hear(_ node: NodeID, at address: String) {
        guard !address.isEmpty else { return }
        var entry = entries[node] ?? Entry()
        entry.isToldInDoubt = false
        if entry.told != address {
            entry.told = address
            // A dial there may be under way.
            if entry.current != address { entry.current = nil }
        }
        entries[node] = entry
    }

    /// Where a node should be by the log, or by the configuration where the log says nothing, if it says for the first time
    /// that it is elsewhere.
    func contradiction(of node: NodeID, at address: String) -> String? {
        let entry = entries[node]
        let logged = entry?.logged ?? ""
        guard !address.isEmpty, entry?.told != address,
            let expected = logged.isEmpty ? configured[node] : logged, expected != address
        else { return nil }
        return expected
    }

    /// What the log says of a member; empty if it says nothing.
    package mutating func note(_ node: NodeID, logged address: String) {
        guard entries[node]?.logged ?? "" != address else { return }
        entries[node, default: Entry()].logged = address
        if entries[node]?.current != address { entries[node]?.current = nil }
    }

    /// Whether something was said since it was dialled last, so that another address is believed now.
    package func hasNews(of node: NodeID) -> Bool { entries[node].map { $0.current == nil } ?? false }

    /// Where to dial next: where it was reached, as long as that works; else the next address.
    package mutating func next(of node: NodeID) -> String? {
        let candidates = candidates(of: node)
        guard let first = candidates.first else { return nil }
        var entry = entries[node] ?? Entry()
        defer { entries[node] = entry }
        guard let current = entry.current, let place = candidates.firstIndex(of: current) else {
            entry.current = first
            entry.hasFailed = false
            return first
        }
        if entry.hasFailed { entry.current = candidates[(place + 1) % candidates.count] }
        entry.hasFailed = false
        return entry.current
    }

    /// The node answered where it was dialled last.
    package mutating func reached(_ node: NodeID) {
        guard let current = entries[node]?.current else { return }
        entries[node]?.reached = current
        entries[node]?.hasFailed = false
        let place = NodePlace(node: node, address: current, configured: configured[node] ?? "")
        guard written[node] != place else { return }
        written[node] = place
        unwritten.insert(node)
    }

    /// Whether there is something to be written down: an address that neither the log nor a file has would otherwise end
    /// with this process.
    var isUnwritten: Bool { !unwritten.isEmpty }

    /// Where nodes were reached that were not reached there before, ascending by node, to be written down.
    mutating func takeUnwritten() -> [NodePlace] {
        guard isUnwritten else { return [] }
        defer { unwritten = [] }
        return unwritten.sorted().compactMap { written[$0] }
    }

    /// It did not, or another answered there.
    package mutating func failed(_ node: NodeID) {
        guard let current = entries[node]?.current else { return }
        entries[node]?.hasFailed = true
        guard entries[node]?.told == current else { return }
        entries[node]?.isToldInDoubt = true
    }

    /// Where it is, as far as this node knows.
    package func address(of node: NodeID) -> String? { candidates(of: node).first }

    /// In the order in which they are believed: what it said itself, unless no dial there ever succeeded; the log; the
    /// configuration; where it once was.
    private func candidates(of node: NodeID) -> [String] {
        let entry = entries[node] ?? Entry()
        let isBelieved = !entry.isToldInDoubt || entry.reached == entry.told
        let all = [
            isBelieved ? entry.told : nil, entry.logged, configured[node], entry.reached, entry.told,
        ]
        var candidates: [String] = []
        for case let address? in all where !address.isEmpty && !candidates.contains(address) {
            candidates.append(address)
        }
        return candidates
    }
}
