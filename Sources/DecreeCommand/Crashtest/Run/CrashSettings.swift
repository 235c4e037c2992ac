/// What a run is to do.
struct CrashSettings: Sendable {
    var nodes: Int
    var budget: FaultBudget
    var seed: UInt64
    var load: LoadSettings

    init(nodes: Int, budget: FaultBudget, seed: UInt64, clients: Int) {
        self.nodes = nodes
        self.budget = budget
        self.seed = seed
        load = LoadSettings(seed: seed, clients: clients)
    }

    /// The longest the cluster may take to work again with a majority of its nodes running: far above
    /// what it is expected to take, for a machine may be slow.
    static let patience = Duration.seconds(30)

    /// How long a node that is to die at a boundary may work without getting there.
    static let boundaryPatience = Duration.seconds(4)
}
