import Paxos

/// Holds what a reader of the log was given against the log, as the model executed it: each executed command at its
/// position, in order, once; none left out but what the reader was told is deleted, and none that was not executed
/// (invariant TailExact).
struct TailCheck {
    /// The first thing that is wrong; nil if nothing is.
    let flaw: String?

    /// - Parameters:
    ///   - executed: all that the log executed, in order.
    ///   - through: the last slot of the log.
    init(_ record: TailRecord, executed: [TailRecord.Given], through: Slot) {
        guard record.end <= .first(of: through.next) else {
            flaw = "read to \(record.end), and the log ends with slot \(through)"
            return
        }
        var last: LogPosition?
        for part in record.parts {
            guard last.map({ $0 <= part.from }) ?? true else {
                flaw = "went back from \(part.end) to \(part.from)"
                return
            }
            if let flaw = Self.flaw(of: part, executed) {
                self.flaw = flaw
                return
            }
            last = part.end
        }
        flaw = nil
    }

    private static func flaw(of part: TailRecord.Part, _ executed: [TailRecord.Given]) -> String? {
        let wanted = executed[first(executed, from: part.from)..<first(executed, from: part.end)]
        for (given, wanted) in zip(part.given, wanted) where given != wanted {
            if given.position == wanted.position {
                return "was given another command at \(given.position) than stands there"
            }
            return given.position < wanted.position
                ? "was given what stands at \(given.position), which was not executed or was given before"
                : "was not given what stands at \(wanted.position), but \(given.position) next"
        }
        if part.given.count > wanted.count {
            return "was given what stands at \(part.given[wanted.count].position), which was not executed"
        }
        if part.given.count < wanted.count {
            return "read to \(part.end), and was not given what stands at "
                + "\(wanted[wanted.startIndex + part.given.count].position)"
        }
        return nil
    }

    /// Where in what was executed a position's place is.
    private static func first(_ executed: [TailRecord.Given], from position: LogPosition) -> Int {
        var (low, high) = (0, executed.count)
        while low < high {
            let middle = (low + high) / 2
            if executed[middle].position < position { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
