import DecreeClient
import DecreeWire
import Logging
import NIOCore
import Paxos
import Synchronization
import Testing

/// What operators ask, of nodes that do what a test says.
@Suite(.serialized, .timeLimit(.minutes(1))) struct AdminTests {
    static let removal = AdminRequest.change(.remove(NodeID(3)))
    static let changed = AdminResponse.changed(ConfigurationOutcome(node: NodeID(3), from: Slot(300)))

    func address(_ node: FakeNode) -> NodeAddress { NodeAddress(host: "127.0.0.1", port: node.port) }

    func client(_ nodes: FakeNode...) -> DecreeClient {
        var configuration = DecreeClient.Configuration(cluster: "bank", nodes: nodes.map(address))
        configuration.logger.logLevel = .critical
        return DecreeClient(configuration)
    }

    /// Answers what operators ask, and nothing else.
    func node(_ id: UInt16, _ answer: @escaping @Sendable (AdminRequest) -> ClientResponse?) -> FakeNode {
        FakeNode(id) { frame in
            guard case .request(let id, _, .admin(let request)) = frame, let answer = answer(request) else {
                return .silence
            }
            return .answer(.response(id: id, answer))
        }
    }

    func described(_ members: [Member]) -> ClientResponse {
        let configuration = Configuration(members: members + [Member(node: NodeID(9))])
        return .admin(
            .described(
                LogDescription(
                    configuration: configuration, floor: .zero, chosenThrough: Slot(5), chain: .zero,
                    snapshot: nil)))
    }

    @Test func aChangeFollowsTheLeadToANodeNobodyNamed() async throws {
        let leader = node(2) { $0 == Self.removal ? .admin(Self.changed) : nil }
        try await leader.start()
        let known = Member(node: NodeID(2), role: .nonVoter, address: "127.0.0.1:\(leader.port)")
        let follower = node(1) { request in
            request == .describeLog ? described([known]) : .notLeader(leader: NodeID(2))
        }
        try await follower.start()
        let client = client(follower)
        #expect(try await client.admin(Self.removal) == Self.changed)
        await client.close()
        try await leader.stop()
        try await follower.stop()
    }

    /// Of the nodes of the beginning the log does not say where they are; other nodes' status does.
    @Test func aLeaderThatTheLogHasNoAddressOfIsFoundByStatus() async throws {
        let leader = node(2) { $0 == Self.removal ? .admin(Self.changed) : nil }
        try await leader.start()
        let status =
            #"{"groups":[{"group":1,"members":[{"node":2,"role":"voter","address":"127.0.0.1:\#(leader.port)"}]}]}"#
        let follower = FakeNode(1) { frame in
            switch frame {
            case .request(let id, _, .admin(.describeLog)): .answer(.response(id: id, described([])))
            case .request(let id, _, _): .answer(.response(id: id, .notLeader(leader: NodeID(2))))
            case .statusRequest(let id): .answer(.statusResponse(id: id, Array(status.utf8)))
            default: .silence
            }
        }
        try await follower.start()
        let client = client(follower)
        #expect(try await client.admin(Self.removal) == Self.changed)
        await client.close()
        try await leader.stop()
        try await follower.stop()
    }

    @Test func busyIsAskedAgainAndARefusalIsToldAtOnce() async throws {
        let asked = Atomic<Int>(0)
        let leader = node(1) { request in
            guard request == Self.removal else { return .admin(.changeRefused(.lastVoter)) }
            return asked.wrappingAdd(1, ordering: .relaxed).newValue < 3 ? .busy : .admin(Self.changed)
        }
        try await leader.start()
        let client = client(leader)
        #expect(try await client.admin(Self.removal) == Self.changed)
        #expect(asked.load(ordering: .relaxed) == 3)
        let error = await #expect(throws: AdminError.self) {
            try await client.admin(.change(.remove(NodeID(1))))
        }
        #expect(error == .changeRefused(.lastVoter))
        #expect(error?.description == ConfigurationRefusal.lastVoter.description)
        // The lane's, and one for all four questions; on a busy machine the lane may have to connect again.
        #expect(leader.connectionCount <= 3)
        await client.close()
        try await leader.stop()
    }

    /// The answer was lost, and what is asked again is refused because it was done.
    @Test func whatWasDoneBeforeItsAnswerWasLostIsNoRefusal() async throws {
        let asked = Atomic<Int>(0)
        let leader = FakeNode(1) { frame in
            guard case .request(let id, _, .admin(Self.removal)) = frame else { return .silence }
            let count = asked.wrappingAdd(1, ordering: .relaxed).newValue
            return count == 1 ? .close : .answer(.response(id: id, .admin(.changeRefused(.unknownMember))))
        }
        try await leader.start()
        let client = client(leader)
        let done = AdminResponse.changed(ConfigurationOutcome(node: NodeID(3), from: nil))
        #expect(try await client.admin(Self.removal) == done)
        let error = await #expect(throws: AdminError.self) { try await client.admin(Self.removal) }
        #expect(error == .changeRefused(.unknownMember))
        await client.close()
        try await leader.stop()
    }

    /// A cluster that was restored never had the member, which says nothing of the one that was asked.
    @Test func whatAnotherClusterSaysIsNoAnswer() async throws {
        let before = FakeNode(1, genesis: Digest(rawValue: 1)) { _ in .close }
        let after = FakeNode(2, genesis: Digest(rawValue: 2)) { frame in
            guard case .request(let id, _, .admin(Self.removal)) = frame else { return .silence }
            return .answer(.response(id: id, .admin(.changeRefused(.unknownMember))))
        }
        try await before.start()
        try await after.start()
        let client = client(before, after)
        await #expect(throws: AdminError.noAnswer) {
            try await client.admin(Self.removal, deadline: .seconds(3))
        }
        await client.close()
        try await before.stop()
        try await after.stop()
    }

    @Test func whyThereIsNoAnswerIsTold() async throws {
        let silent = node(1) { _ in nil }
        let leaderless = node(2) { _ in .notLeader(leader: nil) }
        try await silent.start()
        try await leaderless.start()
        // Long enough to be answered on a busy machine.
        let time = Duration.seconds(2)
        let toSilent = client(silent)
        await #expect(throws: AdminError.noAnswer) {
            try await toSilent.admin(Self.removal, deadline: time)
        }
        let toLeaderless = client(leaderless)
        await #expect(throws: AdminError.noLeader) {
            try await toLeaderless.admin(Self.removal, deadline: time)
        }
        try await silent.stop()
        let error = await #expect(throws: AdminError.self) {
            try await toSilent.admin(Self.removal, deadline: time)
        }
        #expect(error?.description.contains("\(address(silent)): Connection refused") == true)
        await toSilent.close()
        await toLeaderless.close()
        try await leaderless.stop()
    }

    @Test func whatIsNotForTheLeaderGoesToTheNodeThatIsNamedOrToAny() async throws {
        let first = node(1) { _ in .admin(.takingSnapshot(through: Slot(1))) }
        let second = node(2) { _ in .admin(.takingSnapshot(through: Slot(2))) }
        try await first.start()
        try await second.start()
        let client = client(first, second)
        let taking = try await client.admin(.takeSnapshot, to: address(second))
        #expect(taking == .takingSnapshot(through: Slot(2)))
        try await first.stop()
        #expect(try await client.admin(.takeSnapshot) == .takingSnapshot(through: Slot(2)))
        let error = await #expect(throws: AdminError.self) {
            try await client.admin(.takeSnapshot, to: address(first))
        }
        if case .unreachable? = error {} else { Issue.record("\(String(describing: error))") }
        await client.close()
        try await second.stop()
    }

    @Test func aWelcomeIsToldByTheNodeThatIsAsked() async throws {
        let welcome = Welcome(
            cluster: "bank", genesis: Digest(rawValue: 7),
            groups: [.init(id: .first, kind: "bank", genesis: Configuration(voters: [NodeID(1)]))])
        let node = FakeNode(1) { frame in
            if case .join(let id) = frame { .answer(.welcome(id: id, welcome)) } else { .silence }
        }
        try await node.start()
        let client = client()
        #expect(try await client.welcome(from: address(node)) == welcome)
        await client.close()
        try await node.stop()
    }
}

/// Sessions of a client that lives longer than the nodes it was told of.
@Suite(.serialized, .timeLimit(.minutes(1))) struct MemberSearchTests {
    /// What the members are by now, for all nodes to tell.
    final class Members: Sendable {
        let now = Mutex<(members: [Member], retired: [NodeID], leader: NodeID)>(([], [], NodeID(1)))

        func become(_ nodes: [FakeNode], retired: [UInt16], leader: UInt16) {
            let members = nodes.map {
                Member(node: $0.id, role: .voter, address: "127.0.0.1:\($0.port)")
            }
            now.withLock { $0 = (members, retired.map { NodeID($0) }, NodeID(leader)) }
        }
    }

    func node(_ id: UInt16, _ log: FakeLog, _ members: Members) -> FakeNode {
        FakeNode(id) { frame in
            guard case .request(let request, _, let what) = frame else { return .silence }
            let (all, retired, leader) = members.now.withLock { $0 }
            if case .admin(.describeLog) = what {
                let configuration = Configuration(members: all, retired: retired)
                return .answer(
                    .response(
                        id: request,
                        .admin(
                            .described(
                                LogDescription(
                                    configuration: configuration, floor: .zero, chosenThrough: Slot(1),
                                    chain: .zero, snapshot: nil)))))
            }
            guard leader == NodeID(id) else {
                return .answer(.response(id: request, .notLeader(leader: leader)))
            }
            return .answer(log.answer(frame))
        }
    }

    func client(_ nodes: [FakeNode]) -> DecreeClient {
        var configuration = DecreeClient.Configuration(
            cluster: "bank", nodes: nodes.map { NodeAddress(host: "127.0.0.1", port: $0.port) })
        configuration.logger.logLevel = .critical
        return DecreeClient(configuration)
    }

    /// One node after another goes for good, and another comes in its place and leads.
    @Test func aClientOutlivesAllTheNodesItWasToldOf() async throws {
        let (log, members) = (FakeLog(), Members())
        let nodes = (1...6).map { node(UInt16($0), log, members) }
        for node in nodes { try await node.start() }
        members.become(Array(nodes[0..<3]), retired: [], leader: 1)
        let client = client(Array(nodes[0..<3]))
        let session = client.session()
        for gone in 0..<3 {
            let before = await session.submit([UInt8(2 * gone)])
            #expect(before.isAnswered)
            members.become(
                Array(nodes[gone + 1..<gone + 4]), retired: (1...UInt16(gone + 1)).map { $0 },
                leader: UInt16(gone + 4))
            try await nodes[gone].stop()
            let after = await session.submit([UInt8(2 * gone + 1)])
            #expect(after.isAnswered, "without node \(gone + 1): \(after)")
        }
        #expect(log.executions.count == 6 && log.executions.values.allSatisfy { $0 == 1 })
        // The first three are not tried any more, wherever they come back.
        let seen = nodes[0].connectionCount
        try await nodes[0].start()
        #expect(await session.submit([99]).isAnswered)
        #expect(nodes[0].connectionCount == seen)
        await client.close()
        for node in nodes { try await node.stop() }
    }

    @Test func oneAddressIsEnoughToFindALeader() async throws {
        let (log, members) = (FakeLog(), Members())
        let nodes = (1...3).map { node(UInt16($0), log, members) }
        for node in nodes { try await node.start() }
        members.become(nodes, retired: [], leader: 3)
        let client = client([nodes[0]])
        #expect(await client.session().submit([1]).isAnswered)
        await client.close()
        for node in nodes { try await node.stop() }
    }
}
