import Paxos

/// What the disk is to read for others, between the commits: it never reads within one, for whoever waits for a commit
/// would wait for the readers as well.
///
/// While nobody waits for the disk, it reads. While somebody does, reading gets a share of its time: readers who follow
/// from far behind take what they can get, and would leave the writers a fraction of their rate. A peer that catches up
/// counts half, for the cluster needs it.
///
/// It reads on the connection that writes. The store has the database to itself (an exclusive lock: SQLite keeps the index
/// of its log in memory, where no other process can spoil it), so there is no second connection that could read beside it.
struct ReadQueue {
    /// What rests on the step that is being written.
    private var behind: [LogRead] = []
    /// What may be read, in order.
    private var due: [LogRead] = []
    /// Nanoseconds that may be spent on reading while somebody waits for the disk; below zero when more were.
    private var credit: Int64 = 0

    /// A quarter of the time, in a tick of ten milliseconds.
    private static let creditInTick: Int64 = 2_500_000
    /// What is spared, and what is owed, at most: four ticks' worth, and a second's.
    private static let credits: ClosedRange<Int64> = -100 * creditInTick...4 * creditInTick

    var isEmpty: Bool { behind.isEmpty && due.isEmpty }

    /// Adds what rests on the step that is handed to the disk.
    mutating func add(_ reads: [LogRead]) { behind += reads }

    /// That step is durable. Peers come first.
    mutating func committed() {
        for read in behind {
            if case .node = read.to { due.append(read) }
        }
        for read in behind {
            if case .tickets = read.to { due.append(read) }
        }
        behind = []
    }

    /// Takes what is to be read next, if something may be.
    mutating func takeNext(isUnderLoad: Bool) -> LogRead? {
        guard !due.isEmpty, credit > 0 || !isUnderLoad else { return nil }
        return due.removeFirst()
    }

    /// Reading took so long.
    mutating func took(_ nanoseconds: UInt64, for recipient: LogRead.Recipient) {
        let weight: Int64 = if case .node = recipient { 1 } else { 2 }
        spend(-weight * min(Int64(clamping: nanoseconds), -Self.credits.lowerBound))
    }

    /// Ten milliseconds have passed.
    mutating func tick() { spend(Self.creditInTick) }

    private mutating func spend(_ nanoseconds: Int64) {
        credit = min(max(credit + nanoseconds, Self.credits.lowerBound), Self.credits.upperBound)
    }
}
