import DecreeWire
import Paxos

/// The world of one seed.
struct SimulationSettings {
    /// Nodes that the cluster is created with.
    var nodes: Int
    /// Machines that stand ready for others to join.
    var spares = 0
    var clients: Int
    /// Clients within nodes' processes, each in one's of its own.
    var residents = 0
    /// Who asks, in each client.
    var lanes: Int
    /// Groups that every node hosts beside the first. Clients are shared out among all.
    var companions: [GroupID] = []
    var configuration: Configuration
    var limits: Limits
    var checkpointPages: Int
    /// Bytes that make the machine's snapshots larger than they need be; 0 for none.
    var paddingBytes = 0
    /// What a disk's job takes at most.
    var diskMicroseconds: Int
    /// How long a lane rests between two operations, at most.
    var restNanoseconds: UInt64
    var stormNanoseconds: UInt64
    /// The versions of the protocol that the first nodes' builds speak, by their place; empty if all speak the newest.
    var speaking: [UInt16] = []
    /// Whether all nodes are upgraded before the end.
    var upgradesAll = true
    /// Whether nothing is lost in this world, but for what the end of it does: then what crosses links is counted.
    var isLossless = false
    /// Nodes whose disks may rot or be lost.
    var victims: [Int]
    var schedule: FaultSchedule

    /// A machine for the copy of another, if there is to be one.
    var copies: Int { schedule.faults.contains { $0.kind == .copy } ? 1 : 0 }

    /// More lanes than there will ever be: what workloads number their operations by.
    var lanesExpected: Int { 4_096 }

    init(seed: UInt64, options: SimulationOptions) {
        let streams = Streams(seed: seed)
        var random = streams.stream(.settings)
        // Three and five nodes are what people run: two of three seeds draw one of them.
        let usual = [3, 5].filter(options.nodes.contains)
        let isUsual = random.below(3) < 2 && !usual.isEmpty
        let drawn = options.nodes.lowerBound + random.below(options.nodes.count)
        nodes = isUsual ? usual[random.below(usual.count)] : drawn
        clients = 2 + random.below(4)
        lanes = 1 + random.below(3)
        let isCramped = random.chance(1, in: 3)
        configuration = Configuration(
            voters: (1...nodes).map { NodeID(UInt16($0)) },
            alpha: isCramped ? UInt32(1 + random.below(16)) : UInt32(1) << UInt32(random.below(9)),
            sessionLimit: random.chance(1, in: 4) ? UInt32(1 + random.below(8)) : 65_536,
            sessionWindow: random.chance(1, in: 4) ? UInt32(1 + random.below(8)) : 1_024,
            replyBytes: random.chance(1, in: 4) ? UInt64(256 << random.below(6)) : 256 << 20)
        limits = Self.limits(isCramped: isCramped, &random)
        var life = streams.stream(.lifecycle)
        spares = life.below(5)
        paddingBytes = life.chance(1, in: 3) ? 8 * life.below(45_000) : 0
        Self.growth(&limits, &life)
        var tight = streams.stream(.limits)
        Self.tighten(&limits, &tight)
        checkpointPages = random.chance(1, in: 2) ? 8 << random.below(6) : 1_000
        diskMicroseconds = 100 << random.below(6)
        restNanoseconds =
            UInt64(20 << random.below(4)) * VirtualTime.millisecond * UInt64(clients * lanes) / 3
        let storm = options.stormSeconds
        stormNanoseconds =
            UInt64(storm.lowerBound + random.below(storm.count)) * VirtualTime.second
        let minority = (nodes - 1) / 2
        victims = Array((0..<nodes).shuffled(using: &random).prefix(random.below(minority + 1)))
        var kinds = options.faults
        if victims.isEmpty {
            companions = Self.drawGroups(streams.stream(.groups), clients: clients)
            if !companions.isEmpty {
                spares = 0
                kinds.subtract([.members, .copy, .unlink, .move, .founding, .restore])
            }
        }
        var links = streams.stream(.links)
        isLossless = links.chance(1, in: 12) && kinds.contains(.narrow)
        if isLossless {
            kinds = kinds.filter(\.isLossless)
            limits.bulkyBytes = 1 << links.below(9)
        }
        let drawnSchedule = FaultSchedule.draw(
            streams, kinds: kinds, certain: isLossless ? [.narrow] : [], nodes: nodes, clients: clients,
            victims: victims, until: stormNanoseconds)
        schedule = drawnSchedule.keeping(options.only)
        var within = streams.stream(.residents)
        let isRestored = drawnSchedule.faults.contains { $0.kind == .restore }
        if within.chance(1, in: 3), !isRestored { residents = 1 + within.below(nodes) }
        if drawnSchedule.faults.contains(where: { $0.kind == .upgrade }) {
            drawBuilds(streams.stream(.upgrade))
        }
    }

    /// In some worlds every node hosts two or three groups, whose numbers end in the same bits. Their members do not
    /// change, and their disks are not lost: that is tried with one group.
    private static func drawGroups(_ stream: SeededGenerator, clients: Int) -> [GroupID] {
        var random = stream
        guard random.chance(1, in: 2) else { return [] }
        return [GroupID(65_537), GroupID(2)].prefix(1 + random.below(min(2, clients - 1))).sorted()
    }

    /// A world in which most nodes run an older build at first.
    private mutating func drawBuilds(_ stream: SeededGenerator) {
        var random = stream
        // One that knows no batches, or the one before this.
        let older: UInt16 = random.chance(1, in: 3) ? 2 : 3
        speaking = (0..<nodes).map { _ in random.chance(3, in: 4) ? older : WireVersion.maximum }
        upgradesAll = random.chance(3, in: 4)
        configuration = configuration.with(version: .first)
    }

    private static func limits(isCramped: Bool, _ random: inout SeededGenerator) -> Limits {
        var limits = Limits()
        // Nodes compare their states in all worlds, short as these are.
        limits.checkpointSlots = 32
        guard isCramped else { return limits }
        limits.slotsInFlight = 1 + random.below(16)
        limits.batchCommands = 1 + random.below(8)
        limits.voteSlots = 8 + random.below(64)
        limits.pendingCommands = 1 + random.below(32)
        limits.pendingReads = 1 + random.below(32)
        limits.resendTicks = 5 + random.below(30)
        return limits
    }

    /// How often snapshots are taken: in most worlds many times a run.
    private static func growth(_ limits: inout Limits, _ random: inout SeededGenerator) {
        if random.chance(3, in: 4) {
            limits.snapshotCommands = 10 << random.below(7)
            limits.snapshotBytes = 1_024 << random.below(8)
        }
        limits.closeSlots = 1 << random.below(9)
        if random.chance(1, in: 3) { limits.partialTicks = 50 << random.below(5) }
    }

    /// Every limit that is not drawn elsewhere is tight in some worlds.
    private static func tighten(_ limits: inout Limits, _ random: inout SeededGenerator) {
        // A few votes fill a part of a promise: promises in many are ordinary.
        if random.chance(7, in: 8) { limits.promiseBytes = 32 << random.below(3) }
        // An accept that finds no room waits until it is sent again.
        if random.chance(1, in: 4) { limits.voteBytes = 2_048 << random.below(5) }
        if random.chance(1, in: 4) { limits.bytesInFlight = 1 << random.below(12) }
        if random.chance(1, in: 4) { limits.batchBytes = 1 << random.below(10) }
        // What is too large is refused; what is not must find room.
        if random.chance(1, in: 6) { limits.valueBytes = 150 + random.below(300) }
        if random.chance(1, in: 6) { limits.pendingBytes = 4_096 << random.below(4) }
        if random.chance(1, in: 6) { limits.pendingReadBytes = 64 << random.below(4) }
        if random.chance(1, in: 6) {
            limits.heartbeatTicks = 2 + random.below(8)
            limits.electionTicks = 30 + random.below(50)
            limits.electionSpreadTicks = 20 + random.below(60)
        }
        if random.chance(1, in: 6) {
            limits.stalledCommitMicroseconds = 100_000 << UInt32(random.below(4))
            limits.slowCommitMicroseconds = 20_000 << UInt32(random.below(4))
        }
        limits.waitingTails = 1 << random.below(9)
        limits.tailTicks = 10 << random.below(6)
        // All that carries values waits for its turn, behind little.
        if random.chance(1, in: 3) { limits.bulkyBytes = 1 << random.below(9) }
    }

    /// What the nodes run.
    func machine(_ workload: any Workload) -> any StateMachine {
        paddingBytes >= 8 ? PaddedMachine(workload.machine, paddingBytes: paddingBytes) : workload.machine
    }
}
