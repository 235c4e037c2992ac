/// Which kinds of entries the log may hold, as all members understand them (invariant EntriesUnderstood).
extension Group {
    /// The version that the log is at.
    public var version: ClusterVersion { configurations.latest.version }

    /// The members, ascending, that keep the log from a version: they understand less, or this node has not met them since
    /// it started.
    public func holdingBack(_ version: ClusterVersion) -> [NodeID] {
        let own = understands < version ? [node] : []
        return (own + others.filter { understood[$0].map { $0 < version } ?? true }).sorted()
    }

    /// Why no batch of commands may enter the log, if so. At a version that has batches all members understand them. Below
    /// it the leader must know that of each one. A member that it has yet to meet may turn out to, and the client asks
    /// again; but one that has not come when this node has led for two election timeouts may never come.
    var refusalOfBatches: ClientResponse? {
        // A build that knows batches and no versions takes them without asking what the members understand.
        guard let leader, version < .batches, understands != .batches else { return nil }
        let holding = holdingBack(.batches)
        guard !holding.isEmpty else { return nil }
        let isKnown = holding.contains { $0 == node || understood[$0] != nil }
        let isPatient = now - leader.sinceTick < 2 * UInt64(limits.electionTicks)
        return isPatient && !isKnown ? .busy : .refused(.batchesTooNew)
    }

    /// Raises the version as far as all members understand, one step of the log at a time.
    mutating func raiseVersion() {
        guard let leader, leader.isReady, configurations.latestFrom <= leader.commander.next,
            now - leader.raisedAtTick >= UInt64(limits.electionTicks)
        else { return }
        let common = others.map { understood[$0] ?? .first }.reduce(understands, min)
        guard common > version, common >= .raises else { return }
        guard leader.hasChosen else {
            self.leader?.wantsNoOp = true
            return
        }
        self.leader?.raisedAtTick = now
        _ = self.leader?.batcher.append(.change(.raise(to: common)), payloadBytes: 0, ticket: .nobody)
    }
}
