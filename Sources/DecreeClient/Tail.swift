public import Paxos

/// The log of a group from a position on, command by command, as it was executed: in order, each command once, none left
/// out, and none before it is chosen. It goes on through the death of the node it is read from, for any node of the
/// group has the log.
///
///     for try await entry in client.tail(from: .first(of: Slot(1))) {
///         try await store.put(entry.commands, resumeFrom: entry.bookmark.next)
///     }
///
/// A bookmark names its log: read on from one in another log, as that of a restored cluster, is an error. A bare position
/// is taken as it is. Either is an error beyond the end of the log; right at the end it waits.
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

    /// - Parameter through: the last slot to be read.
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
        private var isChecked = false
        /// Where to go on from. It moves on over what is in the log and no command, so after an entry it may be further
        /// than behind it.
        public private(set) var position: LogPosition
        /// The same with the name of the log, once a node has told it.
        public var bookmark: LogBookmark? { source.log.map { LogBookmark(log: $0, position: position) } }

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
            if !isChecked {
                try await source.check(position)
                guard !Task.isCancelled else { return false }
                isChecked = true
            }
            guard !Task.isCancelled, through.map({ position.slot <= $0 }) ?? true else { return false }
            let slots = try await source.slots(from: position.slot)
            entries = source.log.flatMap { log in
                slots.decided.isEmpty ? nil : LogEntries(slots, of: log, from: position)
            }
            return !Task.isCancelled || entries != nil
        }
    }
}

/// Where a tail is read: a cluster's nodes, or the very node whose process it is.
package protocol TailSource: Sendable {
    /// The log that is read; nil before a node has told.
    var log: LogID? { get }

    /// Finds out, before the first slot is read, whether the log is the one that is meant, and has the position or will
    /// have it next.
    ///
    /// - Throws: `otherLog`, `beyondEnd`; or why that cannot be found out.
    mutating func check(_ position: LogPosition) async throws(TailError)

    /// Slots from this one on, with what of them was executed; none if nothing was chosen for a while, or the task is
    /// cancelled.
    mutating func slots(from: Slot) async throws(TailError) -> ExecutedSlots
}

/// Why a tail cannot go on.
public enum TailError: Error, Hashable, Sendable {
    /// What was to be read is deleted on all nodes that answer: the log begins at this slot now. A snapshot stands for
    /// what was before, which the state machine alone can read.
    case logBegins(at: Slot)
    /// The nodes keep another log than the one that the bookmark is of, or that was read so far: the cluster was restored
    /// or recovered, or the addresses are another cluster's.
    case otherLog(wanted: LogID, found: LogID)
    /// The position does not exist and is not the next one either: a node that knows all that was acknowledged knows
    /// slots through `end` to be chosen.
    case beyondEnd(LogPosition, end: Slot)
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
        case .otherLog(let wanted, let found):
            "the position is of log \(wanted), and the nodes keep log \(found): the cluster was restored or recovered, or the "
                + "addresses are another cluster's. A position of one log means nothing in another: check the addresses, or "
                + "read the new log from where it begins"
        case .beyondEnd(let position, let end):
            "position \(position) is beyond the end of the log, which is chosen through slot \(end): it is a position of "
                + "another log, or one that was never acknowledged; check the addresses, or go on from slot \(end.next)"
        case .unanswered(let error): "the log cannot be read: \(error)"
        }
    }
}
