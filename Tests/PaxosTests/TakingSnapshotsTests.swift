import Testing

@testable import Paxos

/// A node takes snapshots of its own, when the log has grown, or when it is asked to.
@Suite struct TakingSnapshotsTests {
    private let ballot = Ballot(3, 2)

    private func decided(_ slots: ClosedRange<UInt64>) -> [AcceptedProposal] {
        slots.map { AcceptedProposal($0, ballot, .sessions(1)) }
    }

    @Test func whereNothingWasExecutedThereIsNothingToTake() {
        let solo = SoloGroup()
        #expect(solo.answer(to: .admin(.takeSnapshot)) == .refused(.noSnapshot))
        let later = SoloGroup(chosen: decided(1...2))
        #expect(later.answer(to: .admin(.takeSnapshot)) == .admin(.takingSnapshot(through: Slot(2))))
        #expect(later.answer(to: .admin(.takeSnapshot)) == .refused(.noSnapshot), "it is being taken")
    }

    /// The slots since the one before stay, for peers that are a little behind.
    @Test func theFloorFollowsOneSnapshotBehind() {
        let cluster = TestCluster()
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        cluster.write("a", in: &session, at: 1)
        cluster.takeSnapshot(at: 1)
        #expect(cluster[1].rows.floor == .zero)
        let first = cluster[1].rows.snapshot?.slot
        cluster.write("b", in: &session, at: 1)
        cluster.takeSnapshot(at: 1)
        cluster.run(ticks: 10)
        #expect(cluster[1].rows.floor == first)
        cluster.converge()
    }

    /// A copy that nobody has taken yet, when a peer's snapshot is installed, keeps no later one from being taken.
    @Test func aCopyThatAnInstallMadeUselessIsGivenUp() throws {
        let ahead = SoloGroup(chosen: decided(1...10))
        _ = ahead.ask(.admin(.takeSnapshot))
        let snapshot = try #require(ahead.takeCapture()).encode()

        let behind = SoloGroup(chosen: decided(1...3))
        #expect(behind.answer(to: .admin(.takeSnapshot)) == .admin(.takingSnapshot(through: Slot(3))))
        behind.install(snapshot)
        #expect(behind.group.chosenThrough == Slot(10))
        #expect(behind.takeCapture() == nil)
        behind.decide(decided(11...11), chosenThrough: 11, from: 2)
        #expect(behind.answer(to: .admin(.takeSnapshot)) == .admin(.takingSnapshot(through: Slot(11))))
    }

    /// What was voted above the snapshot's slot stands.
    @Test func votesAboveAnInstalledSlotAreKept() throws {
        let ahead = SoloGroup(chosen: decided(1...10))
        _ = ahead.ask(.admin(.takeSnapshot))
        let snapshot = try #require(ahead.takeCapture()).encode()
        let votes = [4, 12].map { AcceptedProposal($0, Ballot(1, 3), .sessions(7)) }
        let behind = SoloGroup(votes: RecoveredVotes(promised: Ballot(1, 3), accepted: votes))
        behind.install(snapshot)
        behind.receive(.prepare(Prepare(ballot: ballot, firstOpen: Slot(1))), from: 2)
        guard case .promise(let promise)? = behind.takeSent().last else {
            Issue.record("no promise")
            return
        }
        #expect(promise.accepted == [votes[1]])
        #expect(promise.chosenThrough == Slot(10) && promise.floor == Slot(10))
    }

    // MARK: When

    /// Replicas, restarted or not, installed or not, are due at the same slots.
    @Test func allReplicasAreDueAtTheSameSlots() throws {
        var limits = Limits()
        limits.snapshotCommands = 17
        limits.snapshotBytes = 60
        let proposals = (1...80).map { Proposal.sessions($0 * 7 % 11 + 1) }
        func due(_ replica: inout Replica, _ slots: ClosedRange<Int>) -> [Int] {
            var step = Step()
            return slots.filter { slot in
                replica.execute(proposals[slot - 1], in: Slot(UInt64(slot)), tickets: [], into: &step)
                return replica.isSnapshotDue(after: limits)
            }
        }
        let genesis = Configuration(voters: [NodeID(1)])
        var one = Replica(machine: ListMachine(), genesis: genesis)
        let expected = due(&one, 1...80)
        #expect(expected.count > 10)
        for start in 1..<80 {
            var other = Replica(machine: ListMachine(), genesis: genesis)
            let before = due(&other, 1...start)
            let snapshot = other.capture().encode()
            var installed = Replica(try Capture(decoding: snapshot, machine: ListMachine()))
            #expect(before + due(&installed, start + 1...80) == expected, "from slot \(start)")
        }
    }

    /// The same in a cluster whose nodes restart and install: the judge compares what they take, byte for byte.
    @Test(arguments: 1...5)
    func nodesThatRestartTakeTheirsAtTheSameSlots(_ seed: UInt64) {
        var limits = TestCluster.shortTimes
        limits.snapshotCommands = 7
        let cluster = TestCluster(seed: seed, limits: limits)
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        for number in 1...100 {
            cluster.write("\(number)", in: &session, at: 1)
            if number % 13 == Int(seed) { cluster.restart(2) }
            if number == 30 { cluster.crash(3) }
            if number == 80 { cluster.restart(3) }
        }
        cluster.run(ticks: 50)
        let slots = cluster.judge.snapshots.keys.map(\.rawValue).sorted()
        #expect(slots == Array(stride(from: 7, through: 98, by: 7)), "seed \(seed)")
        cluster.converge()
    }
}
