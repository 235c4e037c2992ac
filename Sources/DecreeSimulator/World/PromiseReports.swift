import Paxos

/// What promises tell of votes, part by part. A promise counts once it is complete, and then it must have told of
/// every vote in a lower ballot whose slot its sender does not call chosen: what it keeps silent about, the
/// new leader takes to be free (ValueRule, CorruptIsNotAbsent). Each part must name a question that was asked, and have
/// told all votes of the slots it names (PartOfItsQuestion).
struct PromiseReports {
    private struct Promised: Hashable {
        let node: Int
        let ballot: Ballot
        let attempt: UInt32
        let parts: UInt32
        let chosenThrough: Slot
    }

    private struct Report {
        var parts: Set<UInt32> = []
        var slots: Set<Slot> = []
    }

    private var asked: Set<Prepare> = []
    private var reports: [Promised: Report] = [:]

    /// A candidate asks. A connection of an older version carries no attempt.
    mutating func asked(_ prepare: Prepare) {
        asked.insert(prepare)
        asked.insert(Prepare(ballot: prepare.ballot, firstOpen: prepare.firstOpen))
    }

    /// Whether a node asked what a part of a promise says it answers.
    func isAsked(_ promise: Promise) -> Bool {
        guard let scope = promise.scope else { return false }
        return asked.contains(
            Prepare(ballot: promise.ballot, firstOpen: scope.firstOpen, attempt: scope.attempt))
    }

    /// A node tells a part, and is to have told all of `votes` when it was the last. Returns what it did not tell: of the
    /// slots that the part names, or of all of them.
    mutating func told(_ promise: Promise, by node: Int, of votes: some Sequence<(Slot, Ballot)>) -> [Slot] {
        guard let scope = promise.scope else { return [] }
        let key = Promised(
            node: node, ballot: promise.ballot, attempt: scope.attempt, parts: promise.parts,
            chosenThrough: promise.chosenThrough)
        var report = reports[key] ?? Report()
        report.parts.insert(promise.part)
        report.slots.formUnion(promise.accepted.map(\.slot))
        reports[key] = report
        let isComplete = report.parts.count == Int(promise.parts)
        let here = Set(promise.accepted.map(\.slot))
        return votes.filter { slot, ballot in
            guard ballot < promise.ballot, slot >= scope.firstOpen, slot > promise.chosenThrough else {
                return false
            }
            return (scope.from...scope.through).contains(slot) && !here.contains(slot)
                || isComplete && !report.slots.contains(slot)
        }.map(\.0).sorted()
    }
}
