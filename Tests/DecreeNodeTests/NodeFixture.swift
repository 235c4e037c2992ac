import Bank
import Foundation
import Testing

@testable import DecreeNode
@testable import DecreeStore
@testable import DecreeWire
@testable import Paxos

/// Node 1 alone with a store: peers are played by the test, the disk does one job after the other when it is told, and
/// what is encoded or decoded beside the loop never comes back.
final class NodeFixture {
    /// A job that was handed to the disk, told apart as far as tests must.
    enum Job: Equatable {
        case commit
        case read
        case load(GroupID)
        case trim(keeping: [SnapshotHeader])
        case scrub(GroupID)
        case other
    }

    static let first = GroupID.first
    static let second = GroupID(rawValue: 2) ?? .first

    let store: Store
    let core: NodeCore
    private let shell = Shell()
    let path: String

    /// Every group begins with the three voters 1, 2, 3, unless others are named; the first has learnt `decided` before.
    init(
        groups: [GroupID] = [first], limits: Limits = Limits(),
        genesis: Configuration = Configuration(voters: [NodeID(1), NodeID(2), NodeID(3)]),
        decided: [AcceptedProposal] = [], isWitnessed: Bool = true, speaks: UInt16 = WireVersion.maximum
    ) throws {
        path = NSTemporaryDirectory() + "decree-node-\(UInt64.random(in: 0...UInt64.max))"
        let stored = groups.map { StoreGroup(id: $0, kind: "bank", configuration: genesis) }
        let owner = StoreIdentity(cluster: "bank", node: NodeID(1), genesis: nil)
        store = try Store.open(directory: path, identity: owner, groups: stored)
        core = NodeCore(
            try RecoveredNode(
                store, owner: owner,
                hosting: stored.map { HostedGroup(stored: $0, machine: Bank(), seed: 1) }, limits: limits,
                process: 1_000, speaks: speaks))
        core.shell = shell
        if isWitnessed, let start = core.identity.starts.last {
            for peer in core.peers { core.take(.witnessed(start, after: 0), from: peer.node) }
            core.endTurn()
            shell.told = []
        }
        guard !decided.isEmpty else { return }
        for decided in decided { core.groups[0].replay(decided, chain: nil) }
        core.groups[0].restore(RecoveredVotes(promised: .zero, accepted: []))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var jobs: [Job] { shell.jobs }
    var notes: [NodeNote] { shell.notes }
    /// What left for peers.
    var sent: [Message] { shell.sent }
    /// What it said of nodes, and to whom: to a peer, or back over a connection.
    var told: [Told] { shell.told }
    /// Called with what it says back over a connection.
    var onTold: ((Told) -> Void)? {
        get { shell.onTold }
        set { shell.onTold = newValue }
    }
    /// How hellos were answered.
    var answers: [ConnectionID: HelloReply] { shell.answers }

    /// Answers a hello for which no other process need be asked.
    func answer(_ hello: Hello) -> (HelloReply, Handshake.Verdict) {
        lastConnection += 1
        let connection = ConnectionID(rawValue: lastConnection)
        core.answer(hello, on: connection)
        guard let reply = shell.answers[connection], let verdict = shell.verdicts[connection] else {
            Issue.record("a hello is not answered")
            return (.refused(.unavailable, reason: ""), .refused(.unavailable, reason: ""))
        }
        return (reply, verdict)
    }
    private var lastConnection: UInt64 = 1 << 32
    /// Connections that it closed.
    var closed: [ConnectionID] { shell.closed }
    /// Peers to whom the link is to be made again.
    var greetedAgain: [NodeID] { shell.greetedAgain }
    /// Why the disk is to fence the store.
    var fence: String? { shell.fence }
    /// Times that peers were to be greeted anew.
    var greetings: Int { shell.greetings }
    /// Whether the test wants the node to end by itself.
    var mayFail: Bool {
        get { shell.mayFail }
        set { shell.mayFail = newValue }
    }

    var isDiskBusy: Bool { shell.job != nil }

    /// What clients were answered.
    var responses: [(ticket: Ticket, response: ClientResponse)] { shell.responses }
    /// What peers were asked for clients.
    var asked: [(frame: ClientFrame, peer: NodeID)] { shell.asked }
    /// What becomes of what peers are asked.
    var sending: RequestSending {
        get { shell.sending }
        set { shell.sending = newValue }
    }

    func forgetJobs() { shell.jobs = [] }

    func forgetTold() { shell.told = [] }

    /// What was said of nodes.
    struct Told: Equatable {
        let frame: NodeFrame
        var peer: NodeID?
        var connection: ConnectionID?
    }

    /// What a read takes, in nanoseconds.
    var readNanoseconds: UInt64 = 0

    /// The disk does its job, and what follows from it is handed to it.
    func doJob() {
        guard let job = shell.job.take() else { return }
        var events: [DiskEvent] = []
        var now: UInt64 = 0
        let took = shell.jobs.last == .read ? readNanoseconds : 0
        let clock = {
            defer { now += took }
            return now
        }
        _ = store.perform(job, clock: clock, report: { events.append($0) })
        for event in events { core.take(event) }
    }

    /// Ticks, with a disk that does everything at once.
    func tick(_ count: Int = 1) {
        for _ in 0..<count {
            tickAlone()
            while shell.job != nil { doJob() }
        }
    }

    /// A tick that finds the disk at what it is about.
    func tickAlone() {
        _ = core.tick()
        core.endTick()
    }

    func receive(_ message: Message, in group: GroupID = first, from number: UInt16 = 2) {
        core.receive(PeerFrame(group: group, persistSequence: 1, message: message), from: NodeID(number))
        core.endTurn()
    }

    /// A peer offers a snapshot, and sends some of its chunks.
    func send(_ snapshot: Snapshot, chunks: Int, in group: GroupID = first) {
        let offer = SnapshotOffer(header: snapshot.header, chosenThrough: snapshot.header.slot)
        receive(.snapshotOffer(offer), in: group)
        for index in 0..<chunks {
            let chunk = SnapshotChunk(
                header: snapshot.header, index: UInt32(index), bytes: Array(snapshot.chunk(index)))
            receive(.snapshotChunk(chunk), in: group)
        }
    }

    private final class Shell: NodeShell {
        var job: DiskJob?
        var jobs: [Job] = []
        var notes: [NodeNote] = []
        var sent: [Message] = []
        var greetings = 0
        var mayFail = false

        func perform(_ job: consuming DiskJob) {
            switch consume job {
            case .commit(let step, let isLooking):
                jobs.append(.commit)
                self.job = .commit(step, looking: isLooking)
            case .read(let read):
                jobs.append(.read)
                self.job = .read(read)
            case .loadSnapshot(let group, let header):
                jobs.append(.load(group))
                self.job = .loadSnapshot(group, header)
            case .trim(let keeping, let rows):
                jobs.append(.trim(keeping: keeping))
                self.job = .trim(keeping: keeping, rows: rows)
            case .scrub(let group, let from, let rows):
                jobs.append(.scrub(group))
                self.job = .scrub(group, from: from, rows: rows)
            case .retry: other(.retry)
            case .checkpoint: other(.checkpoint)
            case .verifySnapshot(let verification, let chunks):
                other(.verifySnapshot(verification, chunks: chunks))
            case .dropSnapshot(let group, let header): other(.dropSnapshot(group, header))
            // Of no interest to who looks at the jobs.
            case .look: self.job = .look
            case .close(let reason):
                fence = reason
                other(.close(fence: reason))
            }
        }

        private func other(_ job: consuming DiskJob) {
            jobs.append(.other)
            self.job = consume job
        }

        func note(_ note: NodeNote) { notes.append(note) }
        func send(
            _ message: Message, in _: GroupID, to _: NodeID, persistSequence _: PersistSequence,
            sent _: UInt64
        ) {
            sent.append(message)
        }
        var told: [Told] = []
        var onTold: ((Told) -> Void)?
        var answers: [ConnectionID: HelloReply] = [:]
        var closed: [ConnectionID] = []
        var greetedAgain: [NodeID] = []
        var fence: String?
        func send(_ frame: NodeFrame, to peer: NodeID) { told.append(Told(frame: frame, peer: peer)) }
        func send(_ frame: NodeFrame, on connection: ConnectionID) {
            told.append(Told(frame: frame, connection: connection))
            onTold?(Told(frame: frame, connection: connection))
        }
        var verdicts: [ConnectionID: Handshake.Verdict] = [:]
        func answer(_ reply: HelloReply, _ verdict: Handshake.Verdict, on connection: ConnectionID) {
            answers[connection] = reply
            verdicts[connection] = verdict
        }
        func close(_ connection: ConnectionID) { closed.append(connection) }
        func greetAgain(_ peer: NodeID) { greetedAgain.append(peer) }
        func flushPeers() {}
        var responses: [(ticket: Ticket, response: ClientResponse)] = []
        func respond(_ responses: [(Ticket, ClientResponse)]) { self.responses += responses }
        func scheduleTurnEnd() {}
        func peerIsUp(_: NodeID) {}
        func committed(nanoseconds _: UInt64, counters _: StoreCounters) {}
        func becameReadOnly(_: Bool) {}
        func encode(_: Capture, for _: GroupID) {}
        func digest(_: UndigestedState, of _: GroupID) {}
        /// What was asked of peers, and what becomes of it.
        var asked: [(frame: ClientFrame, peer: NodeID)] = []
        var sending = RequestSending.sent
        func send(_ request: ClientFrame, to peer: NodeID) -> RequestSending {
            if sending == .sent { asked.append((request, peer)) }
            return sending
        }
        func decode(_: Snapshot, machine _: any StateMachine, for _: GroupID) {}
        func peersChanged() {}
        func greetPeersAgain() { greetings += 1 }
        func failed(_ failure: NodeFailure) {
            if !mayFail { Issue.record("the node failed: \(failure)") }
        }
        func finished() {}
    }
}

/// A snapshot of so many bytes through a slot: none that a machine would take.
func snapshot(through slot: UInt64, bytes count: Int) -> Snapshot {
    Snapshot(slot: Slot(slot), chain: .zero, bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) })
}
