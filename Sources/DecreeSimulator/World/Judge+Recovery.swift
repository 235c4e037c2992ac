import DecreeStore
import Paxos

/// What a store gives back when it is opened again.
extension Judge {
    /// What a node found in its store.
    struct Found {
        let votes: RecoveredVotes
        let chosenThrough: Slot
        let persistSequence: PersistSequence
        let witnesses: [NodeWitness]
        let places: [NodePlace]
        /// What was being written when it died.
        let unfinished: [Write]
    }

    /// A node has come back. What was durable must be there; what was being written may be.
    mutating func recovered(_ node: Int, _ found: Found) {
        guard void[node] == nil else { return }
        var lost = losses(of: node, found)
        // What was seen of others is written without being counted: of a rotten log's end nobody can tell.
        if !rotten.contains(node) { lost += lostWitnesses(of: node, found) }
        if !lost.isEmpty { judge(lost, of: node, found) }
        // What is being written is written whole or not at all.
        let isWritten = found.persistSequence > nodes[node].persistSequence
        if isWritten {
            for row in found.unfinished { apply(row, of: node) }
            nodes[node].persistSequence = found.persistSequence
        }
        // These are not counted.
        nodes[node].places = Dictionary(uniqueKeysWithValues: found.places.map { ($0.node, $0) })
        nodes[node].abstainThrough = found.votes.damagedThrough ?? .zero
        guard !rotten.contains(node) else {
            forgetWhatRotted(node, found)
            return
        }
        hold(
            found.votes.damagedThrough == nil, "CorruptIsNotAbsent",
            "\(name(node)), whose disk never rotted, finds damage: \(found.votes.damage ?? "")")
        for vote in found.votes.accepted where vote.slot > found.chosenThrough {
            hold(
                vote.proposal == voted(node, vote.slot.rawValue, vote.ballot), "PersistBeforeSend",
                "\(name(node)) comes back with a vote for slot \(vote.slot) in \(vote.ballot) that it never "
                    + "wrote whole")
        }
        let durable = nodes[node]
        hold(
            found.votes.promised == durable.promised && found.chosenThrough == durable.chosenThrough,
            "PersistBeforeSend",
            "\(name(node)) comes back with promise \(found.votes.promised), chosen through "
                + "\(found.chosenThrough); durable were \(durable.promised), \(durable.chosenThrough)")
        hold(
            found.votes.floor == durable.floor && found.votes.snapshot == durable.snapshots.last, "FloorSafe",
            "\(name(node)) comes back with floor \(found.votes.floor), snapshot "
                + "\(found.votes.snapshot?.slot ?? .zero); durable were \(durable.floor), "
                + "\(durable.snapshots.last?.slot ?? .zero)")
    }

    /// What recovery gave back of a rotten store is what the node has from here on. Chosen rows that rotted are learnt
    /// again, and votes. The value is told in a ballot it was chosen in, which may be lower than that of the vote that
    /// rotted. That costs nothing: every ballot from that one on proposes the same.
    private mutating func forgetWhatRotted(_ node: Int, _ found: Found) {
        let votes = found.votes
        nodes[node].promised = votes.promised
        nodes[node].chosenThrough = found.chosenThrough
        nodes[node].witnesses = Dictionary(uniqueKeysWithValues: found.witnesses.map { ($0.node, $0) })
        nodes[node].votes = nodes[node].votes.filter { $0.key <= found.chosenThrough.rawValue }
        for vote in votes.accepted where vote.slot > found.chosenThrough {
            nodes[node].votes[vote.slot.rawValue] = (vote.ballot, vote.proposal)
        }
        nodes[node].floor = votes.floor
        nodes[node].snapshots.removeAll { $0.slot > votes.snapshot?.slot ?? .zero }
        nodes[node].chunks = [:]
        if let partial = votes.partial {
            nodes[node].chunks[partial.header] = Set((0..<partial.chunks).map { UInt32($0) })
        }
    }

    /// All that a node's rotten disk holds was read, and is as it was written, or as it was mended: it is a node like any
    /// other.
    mutating func foundSound(_ node: Int) {
        guard !regressed.contains(node), nodes[node].abstainThrough <= nodes[node].chosenThrough else {
            return
        }
        rotten.remove(node)
    }

    /// What was durable and is not there.
    private func losses(of node: Int, _ found: Found) -> [String] {
        let before = nodes[node]
        let votes = found.votes
        var lost: [String] = []
        if votes.promised < before.promised {
            lost.append("promise \(before.promised), found \(votes.promised)")
        }
        if found.chosenThrough < before.chosenThrough, votes.damagedThrough == nil {
            lost.append("chosen through \(before.chosenThrough), found \(found.chosenThrough)")
        }
        if found.persistSequence < before.persistSequence {
            lost.append("\(before.persistSequence) transactions, found \(found.persistSequence)")
        }
        let kept = Dictionary(uniqueKeysWithValues: votes.accepted.map { ($0.slot.rawValue, $0) })
        let known = max(found.chosenThrough, votes.damagedThrough ?? .zero).rawValue
        for (slot, vote) in before.votes.sorted(by: { $0.key < $1.key }) where slot > known {
            guard let now = kept[slot], now.ballot >= vote.ballot,
                now.ballot > vote.ballot || now.proposal == vote.proposal
            else {
                lost.append("the vote for slot \(slot) in \(vote.ballot)")
                continue
            }
        }
        return lost
    }

    private func lostWitnesses(of node: Int, _ found: Found) -> [String] {
        let seen = Dictionary(uniqueKeysWithValues: found.witnesses.map { ($0.node, $0) })
        return nodes[node].witnesses.sorted { $0.key < $1.key }
            .filter { other, witness in
                seen[other].map { $0.persistSequence < witness.persistSequence } ?? true
            }
            .map { "what it saw of node \($0.key)" }
            + lostPlaces(of: node, found).map { "where it reached node \($0)" }
    }

    private func lostPlaces(of node: Int, _ found: Found) -> [NodeID] {
        nodes[node].places.values.filter { place in
            !found.places.contains { other in
                other == place || other.node == place.node && found.unfinished.contains(.place(other))
            }
        }.map(\.node).sorted()
    }

    private mutating func judge(_ lost: [String], of node: Int, _ found: Found) {
        guard rotten.contains(node) else {
            hold(
                false, "PersistBeforeSend",
                "\(name(node)) forgot what was durable: \(lost.joined(separator: "; "))")
            return
        }
        regressed.insert(node)
        let before = nodes[node].persistSequence
        // Rot in the last transaction looks like one that was torn: that much may go unnoticed.
        hold(
            found.persistSequence < before && found.persistSequence + 1 >= before, "CorruptIsNotAbsent",
            "\(name(node)) did not notice what its rotten disk lost: " + lost.joined(separator: "; "))
    }

    /// A disk was emptied, or put back: what was on it is gone, and whoever starts from it must bind nobody.
    mutating func voided(_ node: Int, _ why: Void) {
        void[node] = why
        nodes[node] = Durable()
    }

    /// Whether the machine's node may say what binds.
    func holdBinding(_ node: Int, _ what: @autoclosure () -> String) {
        guard let why = void[node] else { return }
        hold(
            false, why == .restored ? "NoRegression" : "IdentityFresh",
            "\(name(node)), whose disk was \(why.rawValue), \(what())")
    }
}
