import Paxos

/// One thing that goes wrong, at one time: the unit that a schedule is made of, and that shrinking removes.
public struct Fault: Sendable, Hashable, CustomStringConvertible {
    /// Its place in the schedule, by which it is named when only some are to happen.
    public let number: Int
    /// What sort it is.
    public let kind: FaultKind
    /// When it begins, in nanoseconds of virtual time.
    public let start: UInt64
    /// When it ends; for what happens at once, when it is made good (a killed node starts again).
    public let end: UInt64
    /// What it does.
    let effect: Effect
    /// Seeds the draws it makes while it acts, which are its own.
    let seed: UInt64

    /// On whom.
    enum Target: Sendable, Hashable {
        case leader
        /// A node, by its place.
        case node(Int)
        /// So many at once, drawn when it happens.
        case some(Int)
        case all
    }

    /// Between whom.
    enum Scope: Sendable, Hashable {
        case everywhere
        /// Whatever comes from a node or goes to it.
        case node(Int)
        /// One direction between two.
        case link(from: Int, to: Int)
    }

    /// How messages are treated.
    enum Weather: Sendable, Hashable {
        case loses(perMille: Int)
        case delays(microseconds: Int)
        case reorders(perMille: Int, microseconds: Int)
        case duplicates(perMille: Int, microseconds: Int)
        case clogs
        case resets(perMille: Int)
        case damages(perMille: Int)
        case narrows(bytesPerSecond: Int)
    }

    /// How a process ends.
    enum Death: Sendable, Hashable {
        case kill
        case powerCut(Survival)
        /// Killed, started again at once, and the power fails soon after.
        case killThenPowerCut(Survival, afterMilliseconds: Int)
    }

    /// What befalls nodes that found a cluster, or did.
    enum Founding: Sendable, Hashable {
        /// Its list names a node more than those of the others.
        case editedList(node: Int)
        /// It dies at the n-th write or sync from now on.
        case death(node: Int, atOperation: Int)
        /// It starts without its disk: with an empty directory.
        case missingMount(node: Int)
    }

    /// Where a reader of the log begins.
    enum TailStart: Sendable, Hashable {
        case beginning
        /// Within what is chosen by then.
        case within(perMille: Int)
        /// Right behind what is chosen by then.
        case end
    }

    /// What the fault does.
    enum Effect: Sendable, Hashable {
        case weather(Weather, Scope)
        case partition(Partition)
        case pause(Target)
        case stop(Target, Death)
        /// At the n-th write or sync from now on.
        case stopInDisk(Target, atOperation: Int, Death)
        case terminate(Target)
        case ioError(Target, atOperation: Int, syncsOnly: Bool, isKept: Bool)
        case diskFull(Target, roomBytes: Int)
        case slowDisk(Target, microseconds: Int)
        /// `place` is per mille of the file's length.
        case rot(node: Int, file: RottenFile, place: Int, bit: Int)
        /// A bit of a chosen value, or of a chunk of a snapshot.
        case rotRow(node: Int, RottenRow, place: Int, bit: Int)
        case wipe(node: Int)
        case unlink(node: Int)
        case copy(node: Int, Original)
        case oldImage(node: Int)
        case diskSwap(Int, Int)
        case operate(OperatorTask)
        case founding(Founding)
        case move(node: Int, Telling)
        case clockJump(Target, ticks: Int)
        case clockDrift(Target, percent: Int)
        case clientCrash(Int)
        case hunt(Hunt)
        case upgrade(Target)
        /// The backup lacks so many slots.
        case restore(lostSlots: Int)
        /// A reader comes, and follows the log to the end.
        case tail(TailStart)
        /// An operator takes a backup over the network.
        case backup
        /// An operator asks for what must be refused.
        case blunder(Blunder)
    }

    /// How a leader is struck again and again. Leaders that follow one another quickly leave votes of several
    /// ballots behind in one slot; one that is cut off, or stopped, believes for a while that it still leads.
    enum Hunt: Sendable, Hashable, CaseIterable {
        case kill
        case pause
        /// From the other nodes, not from clients; and its clock goes at half the speed.
        case cutOff

        /// How long there is until the next is struck.
        var milliseconds: Range<Int> { self == .kill ? 20..<1_500 : 500..<3_000 }
    }

    /// When the operator tells the members of a move.
    enum Telling: String, Sendable, Hashable, CaseIterable {
        case before, after, never
    }

    /// What the node does whose disk is cloned, while the other process starts.
    enum Original: String, Sendable, Hashable, CaseIterable {
        case runs = "that runs on"
        case isStopped = "that stands still for a while"
        case isDown = "that is down for a while"
        case startsToo = "that starts at the same time"
        case ranOn = "that ran on for a while"
    }

    /// Where bits flip.
    enum RottenFile: String, Sendable, CaseIterable {
        case database = "node.db"
        case log = "node.db-wal"
    }

    /// What rots, where it can be told from outside.
    enum RottenRow: String, Sendable, CaseIterable {
        case value = "a chosen value"
        case chunk = "a chunk of a snapshot"
    }

    /// Whether it lasts long enough for what it lets happen to have happened.
    var isOfFullLength: Bool { end - start >= 5 * VirtualTime.second }

    /// `#3 8.2-9.1 s kill leader`.
    public var description: String {
        "#\(number) \(Self.seconds(start))-\(Self.seconds(end)) s \(kind.rawValue): \(effect.words)"
    }

    private static func seconds(_ time: UInt64) -> String {
        let tenths = time / (VirtualTime.second / 10)
        return "\(tenths / 10).\(tenths % 10)"
    }
}

extension Fault.Target: CustomStringConvertible {
    var description: String {
        switch self {
        case .leader: "the leader"
        case .node(let index): "node \(index + 1)"
        case .some(let count): "\(count) nodes"
        case .all: "all nodes"
        }
    }
}

extension Fault.Scope {
    func covers(from: Int, to: Int) -> Bool {
        switch self {
        case .everywhere: true
        case .node(let index): from == index || to == index
        case .link(let first, let second): from == first && to == second
        }
    }
}

extension Fault.Effect {
    var words: String {
        switch self {
        case .weather(let weather, let scope): "\(weather) \(scope)"
        case .partition(let partition): "\(partition)"
        case .pause(let target): "\(target)"
        case .stop(let target, let death): "\(target), \(death)"
        case .stopInDisk(let target, let operation, let death):
            "\(target) at disk operation \(operation), \(death)"
        case .terminate(let target): "\(target)"
        case .ioError(let target, let operation, let syncsOnly, _):
            "\(target) at \(syncsOnly ? "sync" : "write or sync") \(operation)"
        case .diskFull(let target, let room): "\(target), \(room) bytes left"
        case .slowDisk(let target, let microseconds): "\(target), \(microseconds) us an operation"
        case .rot(let node, let file, let place, let bit):
            "node \(node + 1), \(file.rawValue) at \(place) per mille, bit \(bit)"
        case .rotRow(let node, let row, let place, let bit):
            "node \(node + 1), \(row.rawValue), \(place) per mille, bit \(bit)"
        case .unlink(let node): "node \(node + 1)"
        case .copy(let node, let original): "node \(node + 1), \(original.rawValue)"
        case .wipe(let node): "node \(node + 1)"
        case .oldImage(let node): "node \(node + 1)"
        case .diskSwap(let first, let second): "nodes \(first + 1) and \(second + 1)"
        case .operate(let task): "\(task)"
        case .founding(.editedList(let node)): "node \(node + 1) lists a node more"
        case .founding(.death(let node, let operation)): "node \(node + 1) at disk operation \(operation)"
        case .founding(.missingMount(let node)): "node \(node + 1) without its disk"
        case .move(let node, let telling):
            "node \(node + 1), \(telling == .never ? "not announced" : "announced \(telling.rawValue)")"
        case .clockJump(let target, let ticks): "\(target) by \(ticks) ticks"
        case .clockDrift(let target, let percent): "\(target) at \(percent) %"
        case .clientCrash(let client): "client \(client + 1)"
        case .hunt(let hunt): "each leader, \(hunt)"
        case .upgrade(let target): "\(target)"
        case .restore(let slots): "all nodes from a backup that lacks \(slots) slots, in the end"
        case .tail(.beginning): "a reader from slot 1 on"
        case .tail(.within(let place)): "a reader from \(place) per mille of the log on"
        case .tail(.end): "a reader from the end of the log on"
        case .backup: "of a running node"
        case .blunder(let blunder): blunder.rawValue
        }
    }
}
