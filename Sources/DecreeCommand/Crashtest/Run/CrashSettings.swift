/// What a run is to do.
struct CrashSettings: Sendable {
    var nodes: Int
    var kills: Int
    var seed: UInt64
    var load: LoadSettings

    init(nodes: Int, kills: Int, seed: UInt64, clients: Int) {
        self.nodes = nodes
        self.kills = kills
        self.seed = seed
        load = LoadSettings(seed: seed, clients: clients)
    }

    /// The longest the cluster may take to work again with a majority of its nodes running: far above
    /// what it is expected to take, for a machine may be slow.
    static let patience = Duration.seconds(30)
}

/// What happened while it ran.
struct CrashFigures: Sendable {
    /// A kill after which writes had to resume.
    struct Gap: Sendable {
        let wasLeader: Bool
        /// Whether a majority stayed, so that nobody had to come back first.
        let leftMajority: Bool
        let nanoseconds: UInt64
    }

    var leaderKills = 0
    var followerKills = 0
    var outages = 0
    var restarts = 0
    var endedFromOutside = 0
    var gaps: [Gap] = []
    var fsyncs: UInt64 = 0
    /// From the first kill to the end of the load.
    var faultSeconds = 0.0

    /// Milliseconds until writes resumed after the leader was killed, ascending.
    func resumeMilliseconds(leftMajority: Bool) -> [Double] {
        gaps.filter { $0.wasLeader && $0.leftMajority == leftMajority }
            .map { Double($0.nanoseconds) / 1_000_000 }.sorted()
    }
}

extension [Double] {
    /// The middle one of sorted numbers; the mean of two.
    var median: Double? {
        guard !isEmpty else { return nil }
        return (self[(count - 1) / 2] + self[count / 2]) / 2
    }
}
