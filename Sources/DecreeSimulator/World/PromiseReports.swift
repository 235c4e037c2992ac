import Paxos

/// What promises tell of votes, part by part. A promise counts once it is complete, and then it must have told of
/// every vote in a lower ballot whose slot its sender does not call chosen: what it keeps silent about, the
/// new leader takes to be free (ValueRule, CorruptIsNotAbsent).
struct PromiseReports {
    private struct Promised: Hashable {
        let node: Int
        let ballot: Ballot
        let parts: UInt32
    }

    private struct Report {
        var parts: Set<UInt32> = []
        var slots: Set<Slot> = []
    }

    private var firstOpen: [Ballot: Slot] = [:]
    private var reports: [Promised: Report] = [:]

    /// A candidate asks. Asked again, it may know more to be chosen.
    mutating func asked(_ prepare: Prepare) {
        firstOpen[prepare.ballot] = max(firstOpen[prepare.ballot] ?? .zero, prepare.firstOpen)
    }

    /// A node tells a part, and is to have told all of `votes` when it was the last. Returns what it did not tell.
    mutating func told(_ promise: Promise, by node: Int, of votes: some Sequence<(Slot, Ballot)>) -> [Slot] {
        let key = Promised(node: node, ballot: promise.ballot, parts: promise.parts)
        var report = reports[key] ?? Report()
        report.parts.insert(promise.part)
        report.slots.formUnion(promise.accepted.map(\.slot))
        reports[key] = report
        guard report.parts.count == Int(promise.parts), let from = firstOpen[promise.ballot] else {
            return []
        }
        return votes.filter { slot, ballot in
            ballot < promise.ballot && slot >= from && slot > promise.chosenThrough
                && !report.slots.contains(slot)
        }.map(\.0).sorted()
    }
}
