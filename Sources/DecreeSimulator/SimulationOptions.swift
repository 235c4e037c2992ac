/// What a simulation is to be. The defaults let every seed draw its own world.
public struct SimulationOptions: Sendable {
    /// How many nodes, of which a seed draws one number.
    public var nodes: ClosedRange<Int> = 3...7
    /// The kinds of faults a seed may draw from.
    public var faults: Set<FaultKind> = Set(FaultKind.allCases)
    /// The faults of the schedule that are to happen, by number; nil for all of them. This is how a failure
    /// is cut down, and how what is left of it is run again.
    public var only: Set<Int>?
    /// How long faults happen, in seconds of virtual time, of which a seed draws one number.
    public var stormSeconds: ClosedRange<Int> = 24...44
    /// Is told everything that happens, as it happens.
    public var sink: (@Sendable (TraceLine) -> Void)?

    /// The defaults.
    public init() {}
}
