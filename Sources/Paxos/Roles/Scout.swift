/// The worker of phase 1: gathers promises for one ballot, and remembers for each open slot the vote of the highest
/// ballot. (van Renesse and Altinbuken, section 2.4.)
///
/// It works on while its node leads: when the members change, phase 1 is due for the slots that the new
/// configuration governs, in the same ballot, with whoever has not promised yet.
struct Scout: Sendable {
    let ballot: Ballot
    /// What is asked now: the slots from which on votes are to be told, and which question of the ballot that is.
    private(set) var question: Prepare
    /// Who has promised, all parts of it.
    private(set) var promised = JointQuorum()
    /// What has come so far of answers to `question`.
    private var arriving: [NodeID: ArrivingPromise] = [:]
    // Only ever looked up by slot, never walked: a dictionary's order must not show.
    private var highest: [Slot: LogAcceptor.Vote] = [:]

    /// The highest slot any of them voted in.
    private(set) var lastVoted: Slot
    /// The highest slot any of them knows to be chosen, and who does.
    private(set) var chosenThrough: Slot
    private(set) var mostAdvanced: NodeID?
    /// The highest slot any of them has truncated.
    private(set) var floor: Slot = .zero

    init(ballot: Ballot, firstOpen: Slot) {
        self.ballot = ballot
        question = Prepare(ballot: ballot, firstOpen: firstOpen)
        lastVoted = firstOpen.previous
        chosenThrough = firstOpen.previous
    }

    /// Phase 1 is taken up again, for the slots from `slot` on: another question. What has come of answers to the one
    /// before counts no more.
    mutating func takeUpAgain(from slot: Slot) {
        guard question.firstOpen != slot else { return }
        question = Prepare(ballot: ballot, firstOpen: slot, attempt: question.attempt + 1)
        arriving = [:]
    }

    /// The first vote in a part that is for another value than what a node reports of the same ballot.
    func contradiction(in promise: Promise) -> AcceptedProposal? {
        promise.accepted.first { vote in
            highest[vote.slot].map { $0.ballot == vote.ballot && $0.value != vote.proposal } ?? false
        }
    }

    /// Whether a part is one of many from a node that does not say which question it answers, though there were several.
    /// It can count only for the first question: who answers so is to be asked in a ballot of its own.
    func isUnclear(_ promise: Promise) -> Bool {
        promise.ballot == ballot && promise.scope == nil && promise.parts > 1 && question.attempt > 0
    }

    /// Counts a part of a promise. One for another ballot, or one that answers another question, however late, counts for
    /// nothing.
    mutating func add(_ promise: Promise, from node: NodeID) {
        guard promise.ballot == ballot, isAnswer(promise), contradiction(in: promise) == nil else { return }
        Invariant.quorumExact(vote: promise.ballot, counted: ballot)
        var answer = arriving[node] ?? ArrivingPromise(promise)
        if !answer.isSame(as: promise) { answer = ArrivingPromise(promise) }
        answer.take(promise)
        arriving[node] = answer

        for vote in promise.accepted {
            lastVoted = max(lastVoted, vote.slot)
            if let known = highest[vote.slot], known.ballot >= vote.ballot { continue }
            highest[vote.slot] = LogAcceptor.Vote(ballot: vote.ballot, value: vote.proposal)
        }
        if promise.chosenThrough > chosenThrough {
            chosenThrough = promise.chosenThrough
            mostAdvanced = node
        }
        floor = max(floor, promise.floor)
        if answer.isComplete(from: question.firstOpen) { promised.add(node) }
    }

    /// Whether a part answers what is asked now (invariant PartOfItsQuestion).
    ///
    /// A peer of version 3 does not say what it answers. Within one ballot questions begin at higher and higher slots, so
    /// a promise in one part tells of all that is asked now, whichever question it answers. Parts of several cannot be
    /// told apart, and count only while there was one question.
    private func isAnswer(_ promise: Promise) -> Bool {
        guard promise.part < promise.parts, promise.parts <= Promise.maximumParts else { return false }
        guard let scope = promise.scope else { return !isUnclear(promise) }
        return scope.firstOpen == question.firstOpen && scope.attempt == question.attempt
    }

    /// What must be proposed in `slot`: the value of the highest ballot, or a no-op where nobody who promised
    /// voted (invariant ValueRule). It is proposed once, and forgotten.
    mutating func takeProposal(for slot: Slot) -> Proposal { takeVote(for: slot) ?? .noOp }

    /// The value of the highest ballot in `slot`.
    func vote(for slot: Slot) -> Proposal? { highest[slot]?.value }

    /// The value of the highest ballot in `slot`, which need not be remembered any more.
    mutating func takeVote(for slot: Slot) -> Proposal? { highest.removeValue(forKey: slot)?.value }

    /// Whether phase 1 obliges the leader to what it proposes in `slot`.
    func binds(_ slot: Slot) -> Bool { slot <= lastVoted }
}

/// The parts of one acceptor's answer that have come so far.
///
/// The same question may be answered twice: a prepare is sent again, or arrives twice. Two answers that were given at
/// different chosen slots are kept apart here. Two given at the same one tell the same votes: an acceptor that has
/// promised a ballot votes in no lower one, what it learns to be chosen leaves its votes and shows in `chosenThrough`, and
/// in the ballot itself nothing is proposed in the slots asked about before the promise counts. They might still be cut
/// differently, by a node that was restarted with another budget. So each part names the slots it tells of in full, and
/// an answer is complete when its parts leave out no slot.
private struct ArrivingPromise: Sendable {
    private let parts: UInt32
    private let chosenThrough: Slot
    private let isScoped: Bool
    /// By part: the slots of which it tells. Looked up, and counted, never walked.
    private var told: [UInt32: PromiseScope?] = [:]

    init(_ promise: Promise) {
        parts = promise.parts
        chosenThrough = promise.chosenThrough
        isScoped = promise.scope != nil
    }

    /// Whether a part may be of this answer.
    func isSame(as promise: Promise) -> Bool {
        promise.parts == parts && promise.chosenThrough == chosenThrough
            && isScoped == (promise.scope != nil)
    }

    mutating func take(_ promise: Promise) { told[promise.part] = .some(promise.scope) }

    /// Whether the parts tell of every slot from `first` on.
    func isComplete(from first: Slot) -> Bool {
        guard told.count == Int(parts) else { return false }
        guard isScoped else { return true }
        var next = first
        for part in 0..<parts {
            guard let scope = told[part] ?? nil, scope.from <= next, scope.through >= next else {
                return false
            }
            guard scope.through < .maximum else { return true }
            next = scope.through.next
        }
        return false
    }
}

extension Promise {
    /// Parts of one promise: more than there are votes to tell.
    static let maximumParts: UInt32 = 1 << 16
}
