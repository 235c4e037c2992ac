public import Paxos

/// The log of a group from a position on, command by command, as it was executed: in order, each command once, none left
/// out, and none before it is chosen. It goes on through the death of the node it is read from, for any node of the
/// group has the log.
///
///     for try await entry in client.tail(from: .first(of: Slot(1))) {
///         try await store.put(entry.commands, resumeFrom: entry.position.next)
///     }
///
/// It waits for what is not chosen yet, and ends when its task is cancelled; with `through`, behind that slot. Whoever
/// takes entries slowly is given them slowly: in memory is one answer of a node, of about a mebibyte, and the next is
/// asked for when all of that was taken.
public struct Tail: AsyncSequence, Sendable {
    /// A command.
    public typealias Element = LogEntry
    /// Why there is no going on.
    public typealias Failure = TailError

    private let source: any TailSource
    private let from: LogPosition
    private let through: Slot?

    package init(of source: any TailSource, from: LogPosition, through: Slot?) {
        self.source = source
        self.from = from.slot > .zero ? from : .first(of: Slot.zero.next)
        self.through = through
    }

    /// Begins to read.
    public func makeAsyncIterator() -> Iterator { Iterator(source: source, position: from, through: through) }

    /// Reads the log.
    public struct Iterator: AsyncIteratorProtocol {
        private var source: any TailSource
        private var entries: LogEntries?
        private let through: Slot?
        /// Where to go on from. It moves on over what is in the log and no command, so after an entry it may be further
        /// than behind it.
        public private(set) var position: LogPosition

        fileprivate init(source: any TailSource, position: LogPosition, through: Slot?) {
            self.source = source
            self.position = position
            self.through = through
        }

        /// The next command; nil behind the last slot wanted, and when the task is cancelled. After an error the same
        /// position may be asked for again.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(TailError) -> LogEntry? {
            repeat {
                if let entry = nextAtHand() { return entry }
            } while try await fetch(isolation: actor)
            return nil
        }

        /// The next command of what was read; nil if all of it was given out.
        package mutating func nextAtHand() -> LogEntry? {
            guard let entry = entries?.next() else {
                position = entries?.position ?? position
                entries = nil
                return nil
            }
            if let through, entry.position.slot > through {
                position = .first(of: through.next)
                entries = nil
                return nil
            }
            position = entry.position.next
            return entry
        }

        /// Reads more, when all that was read was given out, and waits for it. Returns false at the end.
        package mutating func fetch(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(TailError) -> Bool {
            guard !Task.isCancelled, through.map({ position.slot <= $0 }) ?? true else { return false }
            let slots = try await source.slots(from: position.slot)
            entries = slots.decided.isEmpty ? nil : LogEntries(slots, from: position)
            return !Task.isCancelled || entries != nil
        }
    }
}

/// Where a tail is read: a cluster's nodes, or the very node whose process it is.
package protocol TailSource: Sendable {
    /// Slots from this one on, with what of them was executed; none if nothing was chosen for a while, or the task is
    /// cancelled.
    mutating func slots(from: Slot) async throws(TailError) -> ExecutedSlots
}

/// Why a tail cannot go on.
public enum TailError: Error, Hashable, Sendable {
    /// What was to be read is deleted on all nodes that answer: the log begins at this slot now. A snapshot stands for
    /// what was before, which the state machine alone can read.
    case logBegins(at: Slot)
    /// No node gave it for as long as the deadline says; or none ever will, if all refuse. Asking again from the same
    /// position is harmless.
    case unanswered(AdminError)
}

extension TailError: CustomStringConvertible {
    /// What is wrong and what to do.
    public var description: String {
        switch self {
        case .logBegins(let slot):
            "the log begins at slot \(slot) by now, and what was before is deleted or was not kept for readers: go on from "
                + "there, without what is missing"
        case .unanswered(let error): "the log cannot be read: \(error)"
        }
    }
}
