/// The worker of phase 1: gathers promises for one ballot from a quorum, and remembers for each open slot
/// the vote of the highest ballot. (van Renesse and Altinbuken, section 2.4.)
struct Scout: Sendable {
    /// The parts of one acceptor's promise that have come so far.
    private struct Arriving: Sendable {
        let parts: UInt32
        let chosenThrough: Slot
        var received: Set<UInt32> = []
    }

    let ballot: Ballot
    let firstOpen: Slot
    private let configuration: Configuration
    private var quorum = Quorum()
    private var arriving: [NodeID: Arriving] = [:]
    // Only ever looked up by slot, never walked: a dictionary's order must not show.
    private var highest: [Slot: LogAcceptor.Vote] = [:]

    /// The highest slot any member of the quorum voted in.
    private(set) var lastVoted: Slot
    /// The highest slot any of them knows to be chosen, and who does.
    private(set) var chosenThrough: Slot
    private(set) var mostAdvanced: NodeID?
    /// The highest slot any of them has truncated.
    private(set) var floor: Slot = .zero

    init(ballot: Ballot, firstOpen: Slot, configuration: Configuration) {
        self.ballot = ballot
        self.firstOpen = firstOpen
        self.configuration = configuration
        lastVoted = firstOpen.previous
        chosenThrough = firstOpen.previous
    }

    var isComplete: Bool { quorum.isReached(in: configuration) }

    /// Counts a part of a promise. One for another ballot, however late, counts for nothing.
    ///
    /// Parts of two answers (to a prepare that came twice) make one promise only when both were given at
    /// the same chosen slot: the votes below the ballot are then the same, and so is how they are cut.
    mutating func add(_ promise: Promise, from node: NodeID) {
        guard promise.ballot == ballot, configuration.index(of: node) != nil, promise.part < promise.parts
        else { return }
        Invariant.quorumExact(vote: promise.ballot, counted: ballot)
        var answer = arriving[node] ?? Arriving(parts: promise.parts, chosenThrough: promise.chosenThrough)
        if answer.parts != promise.parts || answer.chosenThrough != promise.chosenThrough {
            answer = Arriving(parts: promise.parts, chosenThrough: promise.chosenThrough)
        }
        answer.received.insert(promise.part)
        arriving[node] = answer

        for vote in promise.accepted {
            lastVoted = max(lastVoted, vote.slot)
            if let known = highest[vote.slot], known.ballot >= vote.ballot {
                guard known.ballot == vote.ballot else { continue }
                Invariant.oneValuePerBallotSlot(known.value, vote.proposal, ballot: vote.ballot)
                continue
            }
            highest[vote.slot] = LogAcceptor.Vote(ballot: vote.ballot, value: vote.proposal)
        }
        if promise.chosenThrough > chosenThrough {
            chosenThrough = promise.chosenThrough
            mostAdvanced = node
        }
        floor = max(floor, promise.floor)
        if answer.received.count == Int(answer.parts) { quorum.add(node, of: configuration) }
    }

    /// What must be proposed in `slot`: the value of the highest ballot, or a no-op where no member of the
    /// quorum voted (invariant ValueRule).
    func proposal(for slot: Slot) -> Proposal { highest[slot]?.value ?? .noOp }
}
