import Bank
import Paxos

/// What a group's log is made of; the first byte says what the rest is.
enum LogTarget {
    private enum Kind {
        static let proposal: UInt8 = 0
        static let configuration: UInt8 = 1
        static let requests: UInt8 = 2
        static let configurations: UInt8 = 3
        static let snapshot: UInt8 = 4
    }

    static func run(_ input: [UInt8]) throws(FuzzFailure) {
        guard let kind = input.first else { return }
        let bytes = Array(input.dropFirst())
        switch kind {
        case Kind.proposal: try judgeProposal(bytes)
        case Kind.configuration: try judgeConfiguration(bytes)
        case Kind.configurations: try judgeConfigurations(bytes)
        case Kind.snapshot: try judgeSnapshot(bytes)
        default: try judgeRequests(bytes)
        }
    }

    private static func judgeConfiguration(_ bytes: [UInt8]) throws(FuzzFailure) {
        guard let configuration = Configuration(bytes: bytes) else { return }
        try require(configuration.bytes == bytes, "\(configuration) is read from \(bytes)")
    }

    private static func judgeConfigurations(_ bytes: [UInt8]) throws(FuzzFailure) {
        var reader = ByteReader(bytes[...])
        guard let log = ConfigurationLog(from: &reader) else { return }
        try require(log.bytes + reader.rest == bytes, "\(log) is read from \(bytes)")
    }

    /// A snapshot is refused, or what it becomes can be written, and read again.
    private static func judgeSnapshot(_ bytes: [UInt8]) throws(FuzzFailure) {
        var reader = ByteReader(bytes.dropFirst())
        guard let slot = reader.readInteger(UInt64.self).flatMap(Slot.init(rawValue:)),
            let chain = reader.readInteger(UInt64.self)
        else { return }
        let snapshot = Snapshot(slot: slot, chain: Digest(rawValue: chain), bytes: bytes)
        guard let capture = try? Capture(decoding: snapshot, machine: Bank()) else { return }
        let written = capture.encode()
        try require(
            (try? Capture(decoding: written, machine: Bank()))?.encode().bytes == written.bytes,
            "\(bytes) is written as \(written.bytes), and read as something else")
    }

    /// A batch is read to its end or found malformed, and written again it is the same; and what is well formed
    /// can be executed, for it would be executed at every start.
    private static func judgeProposal(_ bytes: [UInt8]) throws(FuzzFailure) {
        let proposal = Proposal(bytes: bytes)
        try require(
            (Proposal(bytes: bytes, digest: proposal.digest) == nil) == bytes.isEmpty,
            "a proposal of \(bytes.count) bytes and its own digest")
        var entries = proposal.entries
        var builder = ProposalBuilder()
        while let entry = entries.next() { builder.append(entry) }
        try require(entries.next() == nil, "an entry behind the last")
        guard !entries.isMalformed, !bytes.isEmpty else { return }
        let written = builder.build().bytes
        try require(written.dropFirst() == bytes.dropFirst(), "\(bytes) is written as \(written)")
        var group = newGroup()
        for slot in 1...2 as ClosedRange<UInt64> {
            let ballot = Ballot(round: 1, node: node)
            group.replay(AcceptedProposal(slot: Slot(slot), ballot: ballot, proposal: proposal), chain: nil)
        }
    }

    /// A client may ask anything: entries stand for requests to a leader, and each gets one response.
    private static func judgeRequests(_ bytes: [UInt8]) throws(FuzzFailure) {
        var group = leader
        var answered: Set<Ticket> = []
        var asked: UInt64 = 0
        for entry in Proposal(bytes: [1] + bytes).entries {
            asked += 1
            let request: ClientRequest =
                switch entry {
                case .openSession: .openSession
                case .command(let session, let sequence, let firstUnacknowledged, let payload):
                    .command(
                        session: session, sequence: sequence, firstUnacknowledged: firstUnacknowledged,
                        payload: payload)
                case .batch(let session, let sequence, let firstUnacknowledged, let payload):
                    .batch(
                        session: session, sequence: sequence, firstUnacknowledged: firstUnacknowledged,
                        payload: payload)
                case .change(let change): .admin(.change(change))
                }
            try turn(&group, .request(Ticket(rawValue: asked), request), &answered)
        }
        for _ in 0..<4 { try turn(&group, .tick, &answered) }
        try require(answered.count == Int(asked), "\(answered.count) of \(asked) requests have a response")
    }

    /// One event and all that follows from it, on a disk that is durable at once.
    private static func turn(
        _ group: inout Group, _ event: Event, _ answered: inout Set<Ticket>
    ) throws(FuzzFailure) {
        var step = Step()
        group.handle(event, into: &step)
        group.handle(.turnEnded(isDiskIdle: true), into: &step)
        var envelopes: [Envelope] = []
        repeat {
            envelopes = step.takeImmediate() + step.takeTransaction().release()
            for envelope in envelopes {
                group.handle(.message(envelope.message, from: node), into: &step)
            }
        } while !envelopes.isEmpty
        for (ticket, response) in step.takeResponses() {
            try require(answered.insert(ticket).inserted, "\(ticket) has a second response, \(response)")
        }
    }

    private static let node = NodeID(1)

    /// A group of one that elected itself: no election takes more ticks.
    private static let leader: Group = {
        var group = newGroup()
        var answered: Set<Ticket> = []
        for _ in 0..<200 { try? turn(&group, .tick, &answered) }
        return group
    }()

    /// With limits so small that a few requests reach them.
    private static func newGroup() -> Group {
        let configuration = Configuration(
            voters: [node], sessionLimit: 3, sessionWindow: 4, replyBytes: 300)
        return Group(id: .first, node: node, genesis: configuration, machine: Bank(), seed: 1)
    }

    /// Admitted, a voter instead of the first, moved, and removed: some are refused, for one is in flight.
    private static let changes: [ConfigurationChange] = [
        .add(
            node: nil, role: .joining(replacing: node), store: StoreID(rawValue: 22), address: "node-2:7101"),
        .add(node: NodeID(3), role: .nonVoter, store: nil, address: "node-3:7101"),
        .promote(NodeID(2)), .move(NodeID(2), address: "node-2:7102"), .remove(NodeID(2)),
    ]

    /// As the log has it after a change: with roles, stores, addresses, and an id that was given up.
    private static let changed: [UInt8] = {
        let joining: [UInt8] =
            [5, 0, 2, 1, 0, 1] + [7, 0, 0, 0, 0, 0, 0, 0] + [6, 0] + Array("host:1".utf8)
        let limits = Configuration(voters: [node]).bytes[1..<21]
        return [2] + limits + [2, 0] + [1, 0, 0, 0, 0, 0] + joining + [1, 0, 3, 0]
    }()

    private static func sized(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8(bytes.count), 0, 0, 0] + bytes
    }

    static let seeds: [[UInt8]] = {
        var builder = ProposalBuilder()
        // The second slot that a group of one proposes holds the first request.
        let sessions = [SessionID(rawValue: 1 << 20), SessionID(rawValue: 2 << 20)]
        builder.append(.openSession)
        for session in sessions {
            for (sequence, first) in [(1, 1), (2, 1), (2, 2), (4, 2), (.max, .max)] as [(UInt64, UInt64)] {
                builder.append(
                    .command(
                        session: session, sequence: sequence, firstUnacknowledged: first, payload: [17]))
            }
        }
        builder.append(.openSession)
        for change in changes { builder.append(.change(change)) }
        let batch = builder.build().bytes
        var group = newGroup()
        group.replay(
            AcceptedProposal(
                slot: Slot(1), ballot: Ballot(round: 1, node: node), proposal: Proposal(bytes: batch)),
            chain: nil)
        var step = Step()
        group.handle(.request(Ticket(rawValue: 1), .admin(.takeSnapshot)), into: &step)
        let snapshot = group.takeCapture()?.encode().bytes ?? []
        let configurations =
            [2, 0] + [UInt8](repeating: 0, count: 8) + sized(Configuration(voters: [node]).bytes)
            + [9, 0, 0, 0, 0, 0, 0, 0] + sized(changed)
        let three = Configuration(voters: [NodeID(1), NodeID(2), NodeID(3)])
        return [
            [Kind.proposal] + batch, [Kind.proposal] + Proposal.noOp.bytes,
            [Kind.configuration] + three.bytes, [Kind.configuration] + changed,
            [Kind.requests] + batch.dropFirst(), [Kind.configurations] + configurations,
            [Kind.snapshot] + snapshot,
        ]
    }()
}
