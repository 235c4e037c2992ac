import Paxos

/// What a store holds, as told by its recovery: compared whole.
struct StoreContents: Equatable {
    struct Group: Equatable {
        let group: GroupID
        var promised = Ballot.zero
        /// Chosen slots above the snapshot, with the value and the chain.
        var chosen: [Chosen] = []
        /// Votes above the chosen slots, ascending.
        var accepted: [AcceptedProposal] = []
        var floor = Slot.zero
        /// The latest complete snapshot.
        var snapshot: SnapshotHeader?
        /// The beginning of the next one.
        var partial: PartialSnapshot?

        /// The last slot known to be chosen, and the chain through it.
        var chosenThrough: Slot { chosen.last?.accepted.slot ?? snapshot?.slot ?? .zero }
        var chain: Digest { chosen.last?.chain ?? snapshot?.chain ?? .zero }
    }

    struct Chosen: Equatable {
        let accepted: AcceptedProposal
        let chain: Digest
    }

    var groups: [Group]
    var witnesses: [NodeWitness] = []
    var places: [NodePlace] = []
    var configurations: [GroupID: [ConfigurationLog.Entry]] = [:]

    init(groups: [GroupID]) {
        self.groups = groups.map { Group(group: $0) }
        for group in groups {
            configurations[group] = [.init(from: .zero, configuration: CrashScript.configuration)]
        }
    }

    func applying(_ writes: [Write]) -> StoreContents {
        var result = self
        for write in writes { result.apply(write) }
        return result
    }

    private mutating func apply(_ write: Write) {
        switch write {
        case .promise(let group, let ballot): self[group].promised = ballot
        case .accepted(let group, let vote):
            self[group].accepted.removeAll { $0.slot == vote.slot }
            self[group].accepted.append(vote)
            self[group].accepted.sort { $0.slot < $1.slot }
        case .chosen(let group, let slot, let ballot, let chain, _):
            guard let index = self[group].accepted.firstIndex(where: { $0.slot == slot }) else {
                preconditionFailure("the script chooses a slot that nobody accepted")
            }
            let vote = self[group].accepted.remove(at: index)
            let decided = AcceptedProposal(slot: slot, ballot: ballot, proposal: vote.proposal)
            self[group].chosen.append(Chosen(accepted: decided, chain: chain))
        case .configuration(let group, let from, let configuration):
            configurations[group, default: []].append(.init(from: from, configuration: configuration))
        case .witness(let witness):
            witnesses.removeAll { $0.node == witness.node }
            witnesses.append(witness)
            witnesses.sort { $0.node < $1.node }
        case .place(let place):
            places.removeAll { $0.node == place.node }
            places.append(place)
            places.sort { $0.node < $1.node }
        case .snapshotChunk(let group, let header, _, _):
            if self[group].partial?.header != header {
                self[group].partial = PartialSnapshot(header: header, chunks: 0)
            }
            self[group].partial?.chunks += 1
        case .snapshotComplete(let group, let header, let isInstalled):
            self[group].partial = nil
            self[group].snapshot = header
            self[group].chosen.removeAll { $0.accepted.slot <= header.slot }
            self[group].accepted.removeAll { $0.slot <= header.slot }
            if isInstalled { self[group].floor = header.slot }
        case .floor(let group, let slot): self[group].floor = slot
        }
    }

    subscript(_ group: GroupID) -> Group {
        get { groups[groups.firstIndex { $0.group == group }!] }
        set { groups[groups.firstIndex { $0.group == group }!] = newValue }
    }
}
