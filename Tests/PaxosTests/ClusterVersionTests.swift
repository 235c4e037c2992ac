import Testing

@testable import Paxos

/// Which kinds of entries the log may hold (invariant EntriesUnderstood).
@Suite struct ClusterVersionTests {
    private static func batch(_ session: SessionID) -> ClientRequest {
        .batch(
            session: session, sequence: 1, firstUnacknowledged: 1,
            payload: CommandBatch([[1], [2]]).bytes[...])
    }

    /// What a leader has proposed to raise the version to, if it has.
    private func raises(_ sent: [Message]) -> [Slot: ClusterVersion] {
        var found: [Slot: ClusterVersion] = [:]
        for accept in sent.accepts {
            for case .change(.raise(let version)) in accept.proposal.entries { found[accept.slot] = version }
        }
        return found
    }

    private func leader(
        version: ClusterVersion = .first, understands: ClusterVersion = .newest
    ) -> (solo: SoloGroup, ballot: Ballot) {
        let solo = SoloGroup(alpha: 4, version: version, understands: understands)
        return (solo, solo.lead())
    }

    /// Lets a leader tick, while the others vote for whatever it proposes.
    private func tick(_ solo: SoloGroup, _ ballot: Ballot, _ count: Int) -> [ClusterVersion] {
        // By slot, for an accept may be sent twice.
        var found: [Slot: ClusterVersion] = [:]
        for _ in 0..<count {
            solo.tick()
            let sent = solo.takeSent()
            for heartbeat in sent.heartbeats {
                for peer: UInt16 in 2...3 {
                    solo.receive(
                        .heartbeatReply(
                            HeartbeatReply(
                                ballot: ballot, round: heartbeat.round,
                                executedThrough: solo.group.chosenThrough)), from: peer)
                }
            }
            found.merge(raises(sent)) { $1 }
            if let through = sent.accepts.map(\.slot.rawValue).max() {
                solo.accepted(ballot, 1, through: through, from: 2)
            }
        }
        return found.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Opens a session at a leader.
    private func session(_ solo: SoloGroup, _ ballot: Ballot) throws -> SessionID {
        let opened = solo.ask(.openSession)
        _ = tick(solo, ballot, 5)
        guard case .opened(let session)? = solo.responses[opened] else { throw NoSession() }
        return session
    }

    private struct NoSession: Error {}

    @Test func theLeaderRaisesTheVersionWhenAllMembersUnderstand() {
        let (solo, ballot) = leader()
        solo.meet(2, understanding: .newest)
        #expect(tick(solo, ballot, 100).isEmpty, "node 3 was not met")
        #expect(solo.group.holdingBack(.newest) == [NodeID(3)])
        solo.meet(3, understanding: .newest)
        #expect(tick(solo, ballot, 100) == [.newest])
        #expect(solo.group.version == .newest)
        #expect(solo.group.holdingBack(.newest).isEmpty)
        #expect(tick(solo, ballot, 100).isEmpty, "it is raised once")
    }

    @Test func anOlderMemberKeepsTheVersionWhereItIs() {
        let (solo, ballot) = leader()
        solo.meet(2, understanding: .newest)
        solo.meet(3, understanding: .batches)
        #expect(tick(solo, ballot, 200).isEmpty)
        #expect(solo.group.version == .first)
        #expect(solo.group.holdingBack(.newest) == [NodeID(3)])
        #expect(solo.group.holdingBack(.batches).isEmpty)
    }

    /// A member without a vote executes the log as the others do.
    @Test func aNonVoterHoldsTheVersionBackToo() {
        let (solo, ballot) = leader()
        for node: UInt16 in 2...3 { solo.meet(node, understanding: .batches) }
        // Before anything of its ballot is chosen a leader changes no members.
        _ = solo.ask(.openSession)
        _ = tick(solo, ballot, 5)
        _ = solo.ask(
            .admin(.change(.add(node: NodeID(4), role: .nonVoter, store: nil, address: "node4:1"))))
        _ = tick(solo, ballot, 30)
        #expect(solo.group.configurations.latest.members.count == 4)
        for node: UInt16 in 2...3 { solo.meet(node, understanding: .newest) }
        #expect(tick(solo, ballot, 100).isEmpty)
        #expect(solo.group.holdingBack(.newest) == [NodeID(4)])
        solo.meet(4, understanding: .newest)
        #expect(tick(solo, ballot, 100) == [.newest])
    }

    @Test func aBatchEntersTheLogOnlyWhenAllMembersUnderstandIt() throws {
        let (solo, ballot) = leader()
        let session = try session(solo, ballot)
        solo.meet(2, understanding: .batches)
        #expect(solo.answer(to: Self.batch(session)) == .busy, "node 3 may turn out to understand it")
        solo.meet(3, understanding: .first)
        #expect(solo.answer(to: Self.batch(session)) == .refused(.batchesTooNew))
        _ = solo.takeSent()
        solo.meet(3, understanding: .batches)
        _ = solo.ask(Self.batch(session))
        let entries = solo.takeSent().accepts.flatMap { Array($0.proposal.entries) }
        #expect(entries.contains { if case .batch = $0 { true } else { false } })
    }

    /// To be told to wait by a leader that waits for a dead member would take for ever.
    @Test func aMemberThatDoesNotComeIsNotWaitedForWithABatch() throws {
        let (solo, ballot) = leader()
        let session = try session(solo, ballot)
        solo.meet(2, understanding: .batches)
        #expect(solo.answer(to: Self.batch(session)) == .busy)
        _ = tick(solo, ballot, 2 * solo.group.limits.electionTicks)
        #expect(solo.answer(to: Self.batch(session)) == .refused(.batchesTooNew))
        solo.meet(3, understanding: .batches)
        #expect(solo.answer(to: Self.batch(session)) == nil, "it came")
    }

    /// The build before this one asks nobody what the members understand, and could not tell a client that it waits.
    @Test func anOlderBuildTakesBatches() throws {
        let (solo, ballot) = leader(understands: .batches)
        let session = try session(solo, ballot)
        #expect(solo.answer(to: Self.batch(session)) == nil)
    }

    @Test func aClusterCreatedAtTheNewestVersionTakesBatchesAtOnce() throws {
        let (solo, ballot) = leader(version: .newest)
        let session = try session(solo, ballot)
        #expect(solo.answer(to: Self.batch(session)) == nil)
        #expect(tick(solo, ballot, 100).isEmpty)
    }

    /// Of two changes one after the other the second waits until the first is in force: a member that is being admitted
    /// is asked what it understands before the version is raised.
    @Test func theVersionIsNotRaisedWhileTheMembersChange() throws {
        var log = ConfigurationLog(genesis: Configuration(voters: [NodeID(1)], alpha: 4, version: .first))
        _ = try log.apply(.add(node: NodeID(2), role: .nonVoter, store: nil, address: "b:2"), in: Slot(1))
        #expect(throws: ConfigurationRefusal.changeInFlight) {
            _ = try log.apply(.raise(to: .newest), in: Slot(3))
        }
        _ = try log.apply(.raise(to: .newest), in: Slot(5))
        #expect(log.latest.version == .newest)
        // Nothing lowers it.
        let lowered = try log.apply(.raise(to: .batches), in: Slot(20))
        #expect(lowered.from == nil && log.latest.version == .newest)
    }

    @Test func allNodesExecuteTheRaise() {
        let cluster = TestCluster(alpha: 8, version: .first)
        for node in cluster.nodes {
            for other in cluster.nodes where other.id != node.id {
                node.group?.understood[other.id] = .newest
            }
        }
        cluster.elect(1)
        var session = cluster.openSession(at: 1)
        cluster.run(ticks: 100)
        cluster.write("x", in: &session, at: 1)
        cluster.converge()
        for node in cluster.nodes { #expect(node.group?.version == .newest) }
        // And from a snapshot.
        cluster.truncate([1, 2, 3])
        cluster.restart(3)
        #expect(cluster[3].group?.version == .newest)
    }

    @Test func anEntryNeedsTheVersionThatHasIt() {
        let session = SessionID(rawValue: 1)
        let payload: ArraySlice<UInt8> = [1]
        #expect(Entry.openSession.neededVersion == .first)
        #expect(
            Entry.command(session: session, sequence: 1, firstUnacknowledged: 1, payload: payload)
                .neededVersion == .first)
        #expect(
            Entry.batch(session: session, sequence: 1, firstUnacknowledged: 1, payload: payload)
                .neededVersion == .batches)
        #expect(Entry.change(.remove(NodeID(1))).neededVersion == .first)
        #expect(Entry.change(.raise(to: .raises)).neededVersion == .raises)
        #expect(Entry.change(.raise(to: .batches)).neededVersion == .raises)
    }

    // MARK: Bytes

    private static let plain = Configuration(voters: [NodeID(1), NodeID(2)], version: .first)

    @Test func theVersionStandsInTheBytesFromTheSecondOn() throws {
        #expect(Self.plain.bytes[0] == 1)
        #expect(Configuration(bytes: Self.plain.bytes)?.version == .first)
        for version in [ClusterVersion.batches, .raises, try #require(ClusterVersion(rawValue: 900))] {
            let raised = Self.plain.with(version: version)
            #expect(raised.bytes[0] == 4)
            #expect(Configuration(bytes: raised.bytes) == raised)
            let restored = raised.succeeded(by: [NodeID(1)], origin: Digest(rawValue: 9))
            #expect(Configuration(bytes: restored.bytes) == restored)
            for count in 0..<raised.bytes.count {
                #expect(Configuration(bytes: Array(raised.bytes.prefix(count))) == nil)
            }
        }
        // Said in the later form, version 1 would have two encodings.
        var bytes = Self.plain.with(version: .batches).bytes
        bytes[bytes.count - 2] = 1
        #expect(Configuration(bytes: bytes) == nil)
        bytes[bytes.count - 2] = 0
        #expect(Configuration(bytes: bytes) == nil)
    }

    @Test func aRaiseIsReadAsItWasWritten() {
        var bytes: [UInt8] = []
        ConfigurationChange.raise(to: .raises).append(to: &bytes)
        #expect(bytes == [4, 3, 0])
        var reader = ByteReader(bytes[...])
        #expect(ConfigurationChange(from: &reader) == .raise(to: .raises))
        var none = ByteReader([4, 0, 0])
        #expect(ConfigurationChange(from: &none) == nil)
    }
}
