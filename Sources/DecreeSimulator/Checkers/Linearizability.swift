public import Paxos

/// Looks for an order of the operations that explains every answer, and ignores the slots and positions
/// that the servers claim. (Wing and Gong, "Testing and Verifying Concurrent Objects", 1993; configurations
/// remembered as in Lowe, "Testing for linearizability", 2017.)
///
/// - What was answered takes effect once, between its invocation and its completion, and the model answers
///   the same there.
/// - A command that is unknown, or was never answered, takes effect once at any time after its invocation,
///   or never. A read without an answer says nothing.
/// - What failed takes effect never; stale reads are left out.
///
/// Two operations of which one was completed in the nanosecond in which the other was invoked overlap.
///
/// What it asks of the model: that its digest tells states apart, for a state is known again by its digest;
/// and that its replies do not depend on the position, which here is the operation's place in the order
/// tried. A machine of whose replies the position is a part cannot be judged so.
///
/// The search is exponential at worst. With answers that show the state, as the bank's do, it hardly ever
/// goes back; it gives up, and says so, beyond `configurationLimit`.
public struct Linearizability: Sendable {
    /// What was found.
    public enum Verdict: Sendable, Hashable {
        /// There is an order.
        case linearizable
        /// There is none. The text tells the shortest beginning of the history that has none.
        case violation(String)
        /// The search was given up: nothing is known.
        case undecided
    }

    /// What was found.
    public let verdict: Verdict
    /// Operations that had to be placed.
    public let operations: Int
    /// Configurations the search came by.
    public let configurations: Int

    /// Searches.
    ///
    /// - Parameters:
    ///   - history: what clients asked.
    ///   - model: the specification, as it is before the first operation.
    ///   - configurationLimit: where to give up: each costs some 200 bytes, and an execution by the model.
    ///   - wording: how to tell operations to a person.
    public init(
        _ history: [Operation], model: any StateMachine, configurationLimit: Int = 1_000_000,
        wording: Wording = .plain
    ) {
        let answered = history.filter { $0.outcome.isAnswered && !$0.isStaleRead }
        operations = answered.count
        var search = LinearizationSearch(history, model: model, limit: configurationLimit)
        let result = search.run()
        configurations = search.configurations
        switch result {
        case .found: verdict = .linearizable
        case .exhausted: verdict = .undecided
        case .none:
            verdict = .violation(
                Self.explain(history, answered, model: model, limit: configurationLimit, wording))
        }
    }

    /// The violation, if it is one.
    public var violations: [Violation] {
        if case .violation(let text) = verdict { [Violation(.notLinearizable, text)] } else { [] }
    }

    /// The beginning of a history, for a search that a long one would be too much for: the first `count`
    /// operations by invocation, as they stood when the next was invoked.
    ///
    /// A history is linearizable only if each of its beginnings is, so a violation found in one is one; that
    /// there is none says nothing of the rest.
    public static func opening(of history: [Operation], count: Int) -> [Operation] {
        let sorted = history.sorted { $0.invoked < $1.invoked }
        guard count < sorted.count else { return sorted }
        let end = sorted[count].invoked
        return sorted.prefix(count).map { operation in
            // What was completed at the end overlaps the next, which is left out, and may have seen it. What
            // failed never took effect, whenever its client heard of it.
            guard operation.completed.map({ $0 >= end }) ?? false, operation.outcome.receipt != nil else {
                return operation
            }
            return Operation(
                client: operation.client, number: operation.number, request: operation.request,
                invoked: operation.invoked, unanswered: operation.outcome.receipt ?? Receipt())
        }
    }

    /// Finds the shortest beginning without an order: answers are taken in one by one, and the first that
    /// cannot be explained together with those before it is the culprit. What was not answered yet may take
    /// effect or not, so each beginning is easier than the next, and halving finds it.
    private static func explain(
        _ history: [Operation], _ answered: [Operation], model: any StateMachine, limit: Int,
        _ wording: Wording
    ) -> String {
        let times = answered.map { $0.completed ?? .max }.sorted()
        var explained = 0
        var failing = times.count
        while failing - explained > 1 {
            let middle = (explained + failing) / 2
            var search = LinearizationSearch(
                history, model: model, limit: limit, answeredBy: times[middle - 1])
            // Where the search is given up, the end found is one, if not the first.
            if search.run() == .none { failing = middle } else { explained = middle }
        }
        let end = times[failing - 1]
        let culprits = answered.filter { ($0.completed ?? .max) == end }
        let overlapping = history.filter { other in
            !culprits.contains(other) && other.invoked <= end && !other.isFailed && !other.isStaleRead
                && culprits.contains { (other.completed ?? .max) >= $0.invoked || !other.outcome.isAnswered }
        }
        var text = "no order explains \(culprits.map(wording.text).joined(separator: "; and "))"
        text += ", after \(explained) answers that have one"
        let shown = 8
        if !overlapping.isEmpty {
            text += "; at the same time, or unknown: "
            text += overlapping.suffix(shown).map(wording.text).joined(separator: "; ")
            if overlapping.count > shown { text += "; and \(overlapping.count - shown) more" }
        }
        return text
    }
}

extension Operation {
    /// Whether its client was told that it was not done.
    var isFailed: Bool {
        if case .failed = outcome { true } else { false }
    }
}
