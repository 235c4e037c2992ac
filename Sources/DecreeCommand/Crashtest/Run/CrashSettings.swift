/// What a run is to do.
struct CrashSettings: Sendable {
    var nodes: Int
    var budget: FaultBudget
    var seed: UInt64
    var load: LoadSettings
    /// How the members change meanwhile.
    var changes: MemberPlan
    /// Commands between two snapshots; nil for the nodes' usual.
    var snapshotCommands: Int?

    init(
        nodes: Int, budget: FaultBudget, seed: UInt64, clients: Int, joins: Int = 0, replacements: Int = 0,
        snapshotCommands: Int? = nil
    ) {
        self.nodes = nodes
        self.budget = budget
        self.seed = seed
        self.snapshotCommands = snapshotCommands
        changes = MemberPlan(seed: seed, joins: joins, replacements: replacements)
        load = LoadSettings(seed: seed, clients: clients)
    }

    /// The longest the cluster may take to work again with a majority of its nodes running: far above
    /// what it is expected to take, for a machine may be slow.
    static let patience = Duration.seconds(30)

    /// How long a change of the members may take, kills meanwhile included.
    static let changePatience = Duration.seconds(60)

    /// How long a node that is to die at a boundary may work without getting there.
    static let boundaryPatience = Duration.seconds(4)
}
