import DecreeNode
import DecreeStore
import DecreeWire
import NIOCore
import Paxos

/// A node's shell in a simulated world: where a server has sockets, a thread and a clock, this has the
/// world's. What it surrounds is the server's own core over the server's own store.
///
/// The disk outlives the process, and the process its core; a life is numbered, and whatever was planned for
/// an earlier one is void.
final class SimulatedNode {
    let index: Int
    let id: NodeID
    unowned let world: World
    let disk: SimulatedDisk
    /// The process; nil while the node is down.
    var core: NodeCore?
    var store: Store?
    private(set) var life = 0
    /// Counts starts that are planned, so that one that was overtaken is void.
    var boot = 0
    /// Whether the machine has no power: it does not even refuse.
    var isDark = false
    /// Whether the process is stopped, and what happened to it meanwhile.
    var isPaused = false
    var deferred: [WorldEvent] = []
    /// Whether it will never be started again, and why.
    var retired: String?
    /// Connections it dialled, by the peer's place.
    var links: [Dialled]
    /// The hellos it sent, by the peer's place.
    var hellos: [Int: Hello] = [:]
    /// How it dies when a crash set for its disk strikes, and when it is to be back.
    var struckDeath: (Fault.Death, end: UInt64)?
    /// How long it stays down once it has stopped as it was asked to.
    var terminatedDown = 100 * VirtualTime.millisecond
    /// The last slot the world has looked at.
    var lookedAt = Slot.zero
    /// Who was let in: the dialling end, with its life and its connection.
    var admitted: [Endpoint: (life: Int, connection: Int)] = [:]
    /// Who waits for a response.
    private var waiters: [Ticket: Waiter] = [:]
    private var nextTicket: UInt64 = 0
    /// What the disk is to do, with its rows; and what it has to report.
    private var job: DiskJob?
    private(set) var rows: [Write] = []
    private(set) var reports: [DiskEvent] = []
    /// Connections of stores that failed in this life.
    private var failed: [FailedConnection] = []
    /// Microseconds the disk takes, at most, and nanoseconds from tick to tick.
    var diskMicroseconds: Int
    var tickNanoseconds = 10 * VirtualTime.millisecond
    var latency: SeededGenerator
    var random: SeededGenerator

    init(index: Int, world: World, streams: Streams, diskMicroseconds: Int, nodes: Int) {
        self.index = index
        self.world = world
        id = NodeID(UInt16(index + 1))
        var seeds = streams.stream(.disk, index)
        disk = SimulatedDisk(seed: seeds.next())
        self.diskMicroseconds = diskMicroseconds
        latency = streams.stream(.latency, index)
        random = streams.stream(.node, index)
        links = Array(repeating: Dialled(), count: nodes)
    }

    var isUp: Bool { core != nil }

    // MARK: Life

    /// Opens the store, and takes up where it was left.
    func start() throws {
        life += 1
        let settings = world.settings
        let owner = StoreIdentity(cluster: "simulated", node: id)
        let stored = StoreGroup(id: .first, kind: "simulated", configuration: settings.configuration)
        var options = StoreOptions(
            vfs: disk.vfsName, files: SimulatedFiles(disk), checkpointPages: settings.checkpointPages)
        let storeID = StoreID(rawValue: random.next() | 1)
        options.makeStoreID = { storeID }
        options.takeFailed = { [weak self] in self?.failed.append($0) }
        let store = try Store.open(
            directory: Self.directory, identity: owner, groups: [stored], options: options)
        let hosted = HostedGroup(stored: stored, machine: world.workload.machine, seed: random.next())
        let recovered = try RecoveredNode(store, owner: owner, hosting: [hosted], limits: settings.limits)
        let votes = try store.recover(.first) { _, _ in }
        world.judge.recovered(
            index, votes: votes, chosenThrough: recovered.groups[0].chosenThrough,
            persistSequence: store.persistSequence, unfinished: rows)
        rows = []
        self.store = store
        let core = NodeCore(recovered, peers: world.nodes.map(\.id).filter { $0 != id })
        core.shell = self
        self.core = core
    }

    static let directory = "/data"

    /// The process is gone, whatever it was about; the power too, if some of what was not synced is to be lost.
    func vanish(powerCut survival: Survival? = nil) {
        // First the disk: what goes after it reaches nothing.
        if let survival { disk.powerCut(keeping: survival) } else { disk.kill() }
        life += 1
        boot += 1
        core = nil
        store = nil
        for connection in failed { connection.free() }
        failed = []
        isPaused = false
        deferred = []
        waiters = [:]
        admitted = [:]
        job = nil
        reports = []
        for peer in links.indices { links[peer] = Dialled(connection: links[peer].connection) }
        hellos = [:]
        lookedAt = .zero
    }

    // MARK: The disk

    /// Does the job. Returns false if the machine or the process died of it.
    func work() -> Bool {
        guard let store, let job = job.take() else { return true }
        let now = world.now
        var clock = now
        _ = store.perform(
            job,
            clock: {
                clock += 1_000
                return clock
            },
            report: { reports.append($0) })
        if disk.isDown {
            // What was reported before the end may have got through; that the disk is gone nobody says.
            reports.removeAll { if case .failed = $0 { true } else { false } }
            settle()
            return false
        }
        settle()
        return true
    }

    /// Tells the judge what is durable now.
    private func settle() {
        for report in reports {
            if case .committed(let committed, _, _) = report {
                world.judge.committed(index, rows, persistSequence: committed.persistSequence)
                world.note(
                    .disk, index, detail: committed.persistSequence,
                    "transaction \(committed.persistSequence) is durable, \(rows.count) rows")
                rows = []
            }
        }
    }

    func takeReports() -> [DiskEvent] {
        defer { reports = [] }
        return reports
    }

    // MARK: Clients

    func take(_ request: ClientRequest, id: UInt64, group: GroupID, from packet: Packet) {
        nextTicket += 1
        let ticket = Ticket(rawValue: nextTicket)
        waiters[ticket] = Waiter(packet, id: id, arrivedUnder: world.judge.promisedByQuorum)
        core?.take(request, group: group, ticket: ticket)
    }
}

/// A client that waits for a response.
private struct Waiter {
    let client: Endpoint
    let life: Int
    let connection: Int
    /// Its name for the request.
    let id: UInt64
    /// The ballot that a quorum had promised when the request came.
    let arrivedUnder: Ballot

    init(_ packet: Packet, id: UInt64, arrivedUnder ballot: Ballot) {
        (client, life, connection) = (packet.from, packet.fromLife, packet.connection)
        self.id = id
        arrivedUnder = ballot
    }
}

extension SimulatedNode: NodeShell {
    func send(
        _ message: Message, in group: GroupID, to peer: NodeID, persistSequence: PersistSequence
    ) {
        world.judge.sees(message, from: index, to: Int(peer.rawValue) - 1, life: life)
        if case .fetch = message { world.counts.fetches += 1 }
        var buffer = ByteBufferAllocator().buffer(capacity: 128)
        do throws(WireError) {
            try message.write(group: group, persistSequence: persistSequence, into: &buffer)
        } catch {
            world.violate(.invariant, "node \(id) cannot encode \(message): \(error)")
        }
        world.send(buffer, from: index, to: Int(peer.rawValue) - 1)
    }

    func flushPeers() {}

    func respond(_ responses: [(Ticket, ClientResponse)]) {
        for (ticket, response) in responses {
            guard let waiter = waiters.removeValue(forKey: ticket) else {
                world.violate(.invariant, "node \(id) answers ticket \(ticket.rawValue) twice")
                continue
            }
            world.judge.sees(response, from: index, arrivedUnder: waiter.arrivedUnder)
            var buffer = ByteBufferAllocator().buffer(capacity: 64)
            do throws(WireError) {
                try ClientFrame.response(id: waiter.id, response).write(into: &buffer)
            } catch {
                world.violate(.invariant, "node \(id) cannot encode \(response): \(error)")
            }
            world.answer(
                buffer, from: index, to: waiter.client, life: waiter.life, connection: waiter.connection)
        }
    }

    func perform(_ job: consuming DiskJob) {
        switch consume job {
        case .commit(let step):
            rows = step.writes
            world.judge.intends(index, rows)
            self.job = .commit(step)
        case .retry: self.job = .retry
        case .checkpoint: self.job = .checkpoint
        case .close: self.job = .close
        }
        world.planDiskWork(self)
    }

    func scheduleTurnEnd() { world.planTurnEnd(self) }

    func peerIsUp(_ peer: NodeID) { world.dial(index, to: Int(peer.rawValue) - 1) }

    func committed(nanoseconds: UInt64, counters: StoreCounters) {}

    func becameReadOnly(_ isReadOnly: Bool) {
        world.note(.node, index, isReadOnly ? "is read-only: its disk is full" : "is writable again")
    }

    func failed(_ failure: NodeFailure) { world.nodeFailed(self, failure) }

    func finished() { world.nodeFinished(self) }
}
