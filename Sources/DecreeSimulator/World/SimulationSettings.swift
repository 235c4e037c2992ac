import Paxos

/// The world of one seed.
struct SimulationSettings {
    var nodes: Int
    var clients: Int
    /// Who asks, in each client.
    var lanes: Int
    var configuration: Configuration
    var limits: Limits
    var checkpointPages: Int
    /// What a disk's job takes at most.
    var diskMicroseconds: Int
    /// How long a lane rests between two operations, at most.
    var restNanoseconds: UInt64
    var stormNanoseconds: UInt64
    /// Nodes that may rot.
    var victims: [Int]
    var schedule: FaultSchedule

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
            alpha: isCramped ? UInt32(1 + random.below(16)) : 256,
            sessionLimit: random.chance(1, in: 4) ? UInt32(1 + random.below(8)) : 65_536,
            sessionWindow: random.chance(1, in: 4) ? UInt32(1 + random.below(8)) : 1_024,
            replyBytes: random.chance(1, in: 4) ? UInt64(256 << random.below(6)) : 256 << 20)
        limits = Self.limits(isCramped: isCramped, &random)
        checkpointPages = random.chance(1, in: 2) ? 8 << random.below(6) : 1_000
        diskMicroseconds = 100 << random.below(6)
        restNanoseconds =
            UInt64(20 << random.below(4)) * VirtualTime.millisecond * UInt64(clients * lanes) / 3
        let storm = options.stormSeconds
        stormNanoseconds =
            UInt64(storm.lowerBound + random.below(storm.count)) * VirtualTime.second
        let minority = (nodes - 1) / 2
        victims = Array((0..<nodes).shuffled(using: &random).prefix(random.below(minority + 1)))
        schedule = FaultSchedule.draw(
            streams, kinds: options.faults, nodes: nodes, clients: clients, victims: victims,
            until: stormNanoseconds
        ).keeping(options.only)
    }

    private static func limits(isCramped: Bool, _ random: inout SeededGenerator) -> Limits {
        var limits = Limits()
        guard isCramped else { return limits }
        limits.slotsInFlight = 1 + random.below(16)
        limits.batchCommands = 1 + random.below(8)
        limits.voteSlots = 8 + random.below(64)
        limits.pendingCommands = 1 + random.below(32)
        limits.pendingReads = 1 + random.below(32)
        limits.resendTicks = 5 + random.below(30)
        return limits
    }
}
