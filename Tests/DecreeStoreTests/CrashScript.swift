import DecreeSimulator
import Paxos

/// The steps a crash is looked for in: what an acceptor writes for two groups while leaders change. Every
/// transaction is told apart from the one before it, so a store's contents say how far it got.
struct CrashScript {
    /// Rows of each transaction, in order.
    let steps: [[Write]]
    /// What the store must hold after the first n steps, for n = 0, 1, 2…
    let contents: [StoreContents]

    static let groups = [GroupID(1), GroupID(2)]
    static let configuration = Configuration(voters: [NodeID(1), NodeID(2), NodeID(3)])

    /// A script of `count` steps or a few more. One value in `longValueEvery` has up to `valueBytes` bytes,
    /// so that it overflows its page.
    init(count: Int, valueBytes: Int = 9_000, longValueEvery: Int = 8, seed: UInt64 = 1) {
        var author = CrashScriptAuthor(valueBytes: valueBytes, longValueEvery: longValueEvery, seed: seed)
        author.write(count)
        self.init(author.steps)
    }

    init(_ steps: [[Write]]) {
        self.steps = steps
        var contents = [StoreContents(groups: Self.groups)]
        for step in steps { contents.append(contents[contents.count - 1].applying(step)) }
        self.contents = contents
    }
}

/// Plays an acceptor of three nodes, as far as a store can tell.
struct CrashScriptAuthor {
    var generator: SeededGenerator
    private let valueBytes: Int
    private let longValueEvery: Int
    private(set) var contents = StoreContents(groups: CrashScript.groups)
    private(set) var steps: [[Write]] = []

    init(valueBytes: Int, longValueEvery: Int, seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        self.valueBytes = valueBytes
        self.longValueEvery = longValueEvery
    }

    mutating func write(_ count: Int) {
        for group in CrashScript.groups { append([promise(in: group)]) }
        act(until: count)
    }

    /// Promises, votes, facts, until there are so many steps.
    mutating func act(until count: Int) {
        while steps.count < count {
            let group = CrashScript.groups[generator.below(CrashScript.groups.count)]
            switch generator.below(10) {
            case 0: append([promise(in: group)] + votes(in: group, again: true))
            case 1: append(learn(in: group))
            default:
                // Chosen rows ride with the next transaction's votes, of every group.
                let chosen = CrashScript.groups.flatMap { choose(in: $0, atMost: 2) }
                append(chosen + votes(in: group, again: false, after: chosen))
            }
        }
    }

    mutating func append(_ step: [Write]) {
        guard !step.isEmpty else { return }
        steps.append(step)
        contents = contents.applying(step)
    }

    func promise(in group: GroupID) -> Write {
        let round = contents[group].promised.round + 1
        return .promise(group, Ballot(round: round, node: NodeID(UInt16(round % 3 + 1))))
    }

    /// Votes for the next slots; `again`: in a ballot that has just been promised, for slots already voted
    /// on too, with another value.
    private mutating func votes(in group: GroupID, again: Bool, after writes: [Write] = []) -> [Write] {
        let now = contents.applying(writes)[group]
        let first = now.chosenThrough.next
        let open = now.accepted.last?.slot.next ?? first
        let ballot =
            again ? now.promised.next(for: NodeID(UInt16((now.promised.round + 1) % 3 + 1))) : now.promised
        let from = again ? first : open
        let through = open.rawValue + UInt64(generator.below(3))
        guard through < first.rawValue + 8 else { return [] }
        return (from.rawValue...through).map { slot in
            .accepted(group, AcceptedProposal(slot: Slot(slot), ballot: ballot, proposal: proposal()))
        }
    }

    private func choose(in group: GroupID, atMost limit: Int) -> [Write] {
        var chain = contents[group].chain
        return contents[group].accepted.prefix(limit).map { vote in
            chain = chain.chained(vote.slot, vote.proposal.digest)
            return .chosen(group, vote.slot, vote.ballot, chain: chain)
        }
    }

    /// A decision for the next slot arrives with another value than the one voted for: it replaces the vote
    /// in the transaction of its chosen row.
    private mutating func learn(in group: GroupID) -> [Write] {
        let now = contents[group]
        let slot = now.chosenThrough.next
        let learned = AcceptedProposal(slot: slot, ballot: now.promised, proposal: proposal())
        let chain = now.chain.chained(slot, learned.proposal.digest)
        return [.accepted(group, learned), .chosen(group, slot, learned.ballot, chain: chain)]
    }

    private mutating func proposal() -> Proposal {
        let isLong = generator.chance(1, in: longValueEvery)
        let count = 1 + generator.below(isLong ? valueBytes : 300)
        let stamp = generator.next()
        var bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: stamp), count: count)
        bytes.appendInteger(stamp)
        return Proposal(bytes: bytes)
    }
}
