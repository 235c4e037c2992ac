import Testing

@testable import Paxos

/// The words for members that come and go, and for snapshots.
extension TestCluster {
    /// Asks for a change, again while it is too early, and says what came of it.
    @discardableResult
    func change(
        _ change: ConfigurationChange, at number: UInt16, sourceLocation: SourceLocation = #_sourceLocation
    ) -> AdminResponse? {
        for _ in 0..<20 {
            switch ask(.admin(.change(change)), of: number, sourceLocation: sourceLocation) {
            case .admin(let response): return response
            case .busy: tick()
            case let other:
                Issue.record(
                    "\(change) is answered \(String(describing: other)) [seed \(seed)]",
                    sourceLocation: sourceLocation)
                return nil
            }
        }
        Issue.record("\(change) stays too early [seed \(seed)]", sourceLocation: sourceLocation)
        return nil
    }

    /// A member that learns, and votes as soon as it is close.
    static func joining(_ number: UInt16, replacing replaced: UInt16? = nil) -> ConfigurationChange {
        .add(
            node: NodeID(number), role: .joining(replacing: replaced.map { NodeID($0) }), store: nil,
            address: "node\(number):1")
    }

    /// A member that learns and does not vote.
    static func learning(_ number: UInt16) -> ConfigurationChange {
        .add(node: NodeID(number), role: .nonVoter, store: nil, address: "node\(number):1")
    }

    /// Admits a node, lets it come, and waits until it votes.
    func join(
        _ number: UInt16, replacing replaced: UInt16? = nil, at leader: UInt16,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        change(Self.joining(number, replacing: replaced), at: leader, sourceLocation: sourceLocation)
        restart(number)
        awaitVoters(sourceLocation: sourceLocation) { $0.contains(number) }
    }

    /// Takes a node out, and waits until it is gone.
    func remove(
        _ number: UInt16, at leader: UInt16, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        change(.remove(NodeID(number)), at: leader, sourceLocation: sourceLocation)
        awaitVoters(sourceLocation: sourceLocation) { !$0.contains(number) }
    }

    /// Waits until who votes in the next slot is as wanted, and no change is under way.
    func awaitVoters(
        sourceLocation: SourceLocation = #_sourceLocation, _ isAsWanted: ([UInt16]) -> Bool
    ) {
        run(within: 200, "the change is in force", sourceLocation: sourceLocation) { cluster in
            isAsWanted(cluster.voters)
                && cluster.judge.configurations.latestFrom <= cluster.judge.chosenThrough.next
        }
    }

    /// Who votes in the next slot, by the log.
    var voters: [UInt16] { judge.configurations[judge.chosenThrough.next].voters.map(\.rawValue) }

    // MARK: Snapshots

    /// Has a node take a snapshot, and waits until it counts.
    func takeSnapshot(at number: UInt16, sourceLocation: SourceLocation = #_sourceLocation) {
        guard
            case .admin(.takingSnapshot(let slot))? = ask(
                .admin(.takeSnapshot), of: number, sourceLocation: sourceLocation)
        else {
            Issue.record("node \(number) takes no snapshot [seed \(seed)]", sourceLocation: sourceLocation)
            return
        }
        run(within: 50, "a snapshot", sourceLocation: sourceLocation) {
            $0[number].rows.snapshot?.slot == slot
        }
    }

    /// Has nodes take a snapshot and delete all that it stands for.
    func truncate(_ numbers: [UInt16], sourceLocation: SourceLocation = #_sourceLocation) {
        for number in numbers {
            takeSnapshot(at: number, sourceLocation: sourceLocation)
            guard let slot = self[number].rows.snapshot?.slot else { return }
            self[number].group?.raiseFloor(to: slot, into: &self[number].filling)
            tick()
            run(within: 20, "a floor", sourceLocation: sourceLocation) { $0[number].rows.floor == slot }
        }
    }
}
