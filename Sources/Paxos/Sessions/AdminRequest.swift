/// What an operator asks of a group, outside sessions: asking again is harmless.
public enum AdminRequest: Sendable, Hashable {
    /// Changes who belongs to the group. Asked of the leader; asking again is harmless.
    case change(ConfigurationChange)
    /// Asks the leader to let another lead: this one, or whoever is furthest.
    case transferLead(to: NodeID?)
    /// Asks the node, whichever it is, to take a snapshot now.
    case takeSnapshot
    /// Asks the node how its log stands.
    case describeLog
    /// Asks the node for chosen slots, from this one on.
    case readSlots(from: Slot)
    /// Asks the node for chosen slots and what of them was executed, from this slot on; if it is not chosen yet, to be
    /// answered when it is, or when as many ticks of 10 ms have passed, or as many as the node grants.
    case tail(from: Slot, waitingTicks: UInt32)
    /// Asks the node for chunks of a snapshot it has described.
    case readChunks(SnapshotHeader, from: UInt32)
}

/// What an operator is answered, if it was not refused or sent to the leader.
public enum AdminResponse: Sendable, Equatable {
    /// The members are changed, or were so already.
    case changed(ConfigurationOutcome)
    /// The members stay as they are.
    case changeRefused(ConfigurationRefusal)
    /// The lead goes to another.
    case handedOver(to: NodeID)
    /// A snapshot of everything through the slot is being taken.
    case takingSnapshot(through: Slot)
    /// How the log stands.
    case described(LogDescription)
    /// Chosen slots, ascending and without a gap, as many as fit.
    case slots([AcceptedProposal], chosenThrough: Slot)
    /// Chosen slots and what of them was executed; no slot if the one asked for is not chosen yet.
    case executed(ExecutedSlots)
    /// The slot that was asked for cannot be had from this node any more: the log begins at this one.
    case logBegins(at: Slot)
    /// Chunks of a snapshot, from the first wanted on.
    case chunks([[UInt8]])
}

/// How a node's log stands, for whoever wants to read it.
public struct LogDescription: Sendable, Hashable {
    /// Who belongs to the group by now.
    public let configuration: Configuration
    /// Slots deleted.
    public let floor: Slot
    /// Slots chosen, which can be read above the floor.
    public let chosenThrough: Slot
    /// The chain over the log through `chosenThrough`.
    public let chain: Digest
    /// The latest snapshot, if there is one.
    public let snapshot: SnapshotHeader?
    /// A description.
    public init(
        configuration: Configuration, floor: Slot, chosenThrough: Slot, chain: Digest,
        snapshot: SnapshotHeader?
    ) {
        self.configuration = configuration
        self.floor = floor
        self.chosenThrough = chosenThrough
        self.chain = chain
        self.snapshot = snapshot
    }
}

extension LogDescription {
    /// The same, for a client that does not know the cluster's version.
    package var withoutVersion: LogDescription {
        LogDescription(
            configuration: configuration.with(version: .first), floor: floor, chosenThrough: chosenThrough,
            chain: chain, snapshot: snapshot)
    }

    /// The same, with the addresses where the members are, of those of whom it is known.
    package func locating(_ address: (NodeID) -> String?) -> LogDescription {
        LogDescription(
            configuration: configuration.locating(overridesLog: true, address), floor: floor,
            chosenThrough: chosenThrough,
            chain: chain, snapshot: snapshot)
    }
}
