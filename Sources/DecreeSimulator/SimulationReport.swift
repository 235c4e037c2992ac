public import Paxos

/// What happened in a simulation, counted.
public struct SimulationCounts: Sendable, Hashable, Codable {
    /// Events of the world.
    public var events = 0
    /// Messages sent, handshakes among them.
    public var messages = 0
    /// Messages that were lost.
    public var lost = 0
    /// Messages that arrived a second time.
    public var duplicated = 0
    /// Questions for slots that a node had missed.
    public var fetches = 0
    /// Promises that came in several parts.
    public var promisesInParts = 0
    /// Times a node started.
    public var starts = 0
    /// Times a node or its machine died.
    public var deaths = 0
    /// Nodes that were out for good: their stores had rotted.
    public var retired = 0
    /// Snapshots that nodes took.
    public var snapshots = 0
    /// Snapshots of others that nodes went on from.
    public var installs = 0
    /// What an operator asked.
    public var asked = 0
    /// Dials to addresses where the node was not that was looked for.
    public var misdials = 0
    /// Members that moved to another address.
    public var moves = 0
    /// Nodes that completed a founding.
    public var foundings = 0
    /// Prepared stores that were deleted, for a node had died before it was prepared.
    public var refoundings = 0
    /// Nodes with empty directories that were told that the cluster exists.
    public var foundersRefused = 0
    /// Nodes that were started without their disks.
    public var unmounts = 0
    /// Nodes that joined.
    public var joins = 0
    /// Nodes that were to join in the place of others.
    public var replacements = 0
    /// Healthy members that were to be taken out.
    public var removals = 0
    /// Times the lead was to be handed over.
    public var handOvers = 0
    /// Disks that were emptied or put back.
    public var disksLost = 0
    /// Nodes of which a second process was started from a clone of the disk.
    public var copies = 0
    /// Nodes that others fenced.
    public var fenced = 0
    /// Times a node found rot that it could mend.
    public var mended = 0
    /// Requests that a client had passed on to a leader that it could not reach.
    public var relayed = 0
    /// Nodes whose older build was replaced by this one.
    public var upgrades = 0
    /// Operations that clients asked.
    public var operations = 0
    /// Operations that the machine answered.
    public var answered = 0
    /// Operations that were definitely not done.
    public var failed = 0
    /// Operations of which nobody knows.
    public var unknown = 0
    /// Ballots in which somebody proposed.
    public var elections = 0
    /// Slots chosen.
    public var slots = 0
    /// Reads that were checked.
    public var reads = 0
    /// Commands that readers of the log were given.
    public var tailed = 0
    /// Backups that were taken of running nodes.
    public var backups = 0
    /// Bytes of values that crossed links in worlds where nothing is lost.
    public var bytesOfValues = 0
    /// Those that had to.
    public var bytesNeeded = 0
    /// Changes of the members that were refused, as they had to be.
    public var refusals = 0
    /// Times a reader was told that what it wanted is deleted.
    public var gaps = 0
    /// Histories short enough for an independent search, and how many of them it decided.
    public var searches = 0
    /// Faults, by kind.
    public var faults: [FaultKind: Int] = [:]

    /// Nothing yet.
    public init() {}

    /// Whether there was anything to judge: a leader, and 100 slots.
    public var isCounted: Bool { elections >= 1 && slots >= 100 }

    /// Adds another simulation's.
    public mutating func add(_ other: SimulationCounts) {
        events += other.events
        messages += other.messages
        lost += other.lost
        duplicated += other.duplicated
        fetches += other.fetches
        promisesInParts += other.promisesInParts
        starts += other.starts
        deaths += other.deaths
        retired += other.retired
        snapshots += other.snapshots
        installs += other.installs
        asked += other.asked
        misdials += other.misdials
        moves += other.moves
        foundings += other.foundings
        refoundings += other.refoundings
        foundersRefused += other.foundersRefused
        unmounts += other.unmounts
        joins += other.joins
        replacements += other.replacements
        removals += other.removals
        handOvers += other.handOvers
        disksLost += other.disksLost
        copies += other.copies
        fenced += other.fenced
        mended += other.mended
        relayed += other.relayed
        upgrades += other.upgrades
        operations += other.operations
        answered += other.answered
        failed += other.failed
        unknown += other.unknown
        elections += other.elections
        slots += other.slots
        reads += other.reads
        tailed += other.tailed
        gaps += other.gaps
        backups += other.backups
        refusals += other.refusals
        bytesOfValues += other.bytesOfValues
        bytesNeeded += other.bytesNeeded
        searches += other.searches
        faults.merge(other.faults) { $0 + $1 }
    }
}

/// A simulation, as it went.
public struct SimulationReport: Sendable {
    /// The seed.
    public let seed: UInt64
    /// How many nodes there were.
    public let nodes: Int
    /// What was wrong. Empty, one hopes.
    public let violations: [Violation]
    /// What happened, counted.
    public let counts: SimulationCounts
    /// Virtual time that passed, in nanoseconds.
    public let nanoseconds: UInt64
    /// From the moment when a quorum had healed until everybody was served again, in nanoseconds.
    public let recoveryNanoseconds: UInt64?
    /// A digest of everything that happened: equal for equal seeds, in every process.
    public let digest: Digest
    /// What was to go wrong.
    public let schedule: FaultSchedule
}
