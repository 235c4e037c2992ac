import DecreeNode
import DecreeStore
import DecreeWire
import NIOCore
import Paxos

/// A machine, and the shell of the node that runs on it: where a server has sockets, a thread and a clock, this has the
/// world's. What it surrounds is the server's own core over the server's own store.
///
/// The disk outlives the process, and the process its core; a life is numbered, and whatever was planned for
/// an earlier one is void. A machine has a place in the world, and an id once its node belongs to the cluster: those
/// that stand ready have none.
final class SimulatedNode {
    let index: Int
    /// Who its node is; nil until the cluster has admitted it.
    private(set) var identity: NodeID?
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
    /// Since when its disk has had no room.
    var fullSince: UInt64?
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
    /// Whether it has ended because it was fenced.
    var wasFenced = false
    /// In which life its files were deleted.
    var unlinkedIn: Int?
    /// And when.
    var unlinkedAt: UInt64 = 0
    /// The last slots the world has looked at, by the groups' places.
    var lookedAt: [Slot] = []
    /// What the node was told when it joined; nil for those the cluster was created with.
    private var admission: (store: StoreID, welcome: Welcome)?
    /// Where others are, by its configuration.
    private(set) var configured: [NodeID: String] = [:]
    /// How often it was given another address.
    private var moves = 0
    /// On which machines others are, as they have said in this life.
    var heard: [NodeID: Int] = [:]
    /// What it tells those who want to join.
    private(set) var welcome: Welcome?
    /// What is encoded, and what is decoded, beside the loop.
    var encoding: (capture: Capture, group: GroupID)?
    var decoding: (snapshot: Snapshot, machine: any StateMachine)?
    var digesting: (state: UndigestedState, group: GroupID)?
    /// What it saw of stores that are going to be put back.
    var sightings: [NodeID: Sighting] = [:]
    /// Whom it met of those whose disks may be lost.
    var meetings: [NodeID: Sighting] = [:]
    /// Who has connected.
    var accepted: [Accepted] = []
    var lastConnection: UInt64 = 0
    /// The newest version of the protocol that its build speaks, from its next start on.
    var speaks = WireVersion.maximum
    /// Who waits for a response.
    var waiters: [Ticket: Waiter] = [:]
    var nextTicket: UInt64 = 0
    /// What the disk is to do, with its rows; and what it has to report.
    var job: DiskJob?
    var jobStart: UInt64 = 0
    var rows: [Write] = []
    var reports: [DiskEvent] = []
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
        let genesis = world.settings.configuration.voters
        identity = index < genesis.count ? genesis[index] : nil
        if index < genesis.count {
            for (place, node) in genesis.enumerated() { configured[node] = Self.address(of: place, moves: 0) }
        }
        if index < world.settings.speaking.count { speaks = world.settings.speaking[index] }
        var seeds = streams.stream(.disk, index)
        disk = SimulatedDisk(seed: seeds.next())
        self.diskMicroseconds = diskMicroseconds
        latency = streams.stream(.latency, index)
        random = streams.stream(.node, index)
        links = Array(repeating: Dialled(), count: nodes)
    }

    var isUp: Bool { core != nil || founding != nil }
    /// Its part in the founding, while that is not complete.
    var founding: SimulatedFounding?
    /// Whether its list names a node more than those of the others.
    var listsAnother = false
    /// Whether its store has ever been one that may vote.
    private(set) var isFounded = false

    /// Its id. Asked only of machines that have one, or for traces.
    var id: NodeID { identity ?? NodeID(NodeID.maximum) }

    /// Where it is reached.
    var address: String { Self.address(of: index, moves: moves) }

    /// Where it moves to next.
    var nextAddress: String { Self.address(of: index, moves: moves + 1) }

    private static func address(of place: Int, moves: Int) -> String { "node-\(place + 1):\(moves + 1)" }

    /// It is given another address, for its next life; its file is written again, and those of others are not.
    func move(knowing others: [NodeID: String]) {
        moves += 1
        configured = others
    }

    /// The cluster has admitted its node, under an id and with the store it will have. It writes down where the members
    /// are, as it was told.
    func admit(as id: NodeID, store: StoreID, welcome: Welcome, members: [NodeID: String]) {
        identity = id
        admission = (store, welcome)
        configured = members
    }

    /// It runs the node of another machine from now on, from a clone of its disk.
    func becomeCopy(of original: SimulatedNode) {
        identity = original.identity
        admission = original.admission
        configured = original.configured
        speaks = original.core?.speaks ?? original.speaks
        // No life of the one is taken for a life of the other.
        life = 1_000
        disk.restore(original.disk.image, seed: UInt64(index) + world.now)
    }

    /// On which machine another node is looked for.
    func place(of peer: NodeID) -> Int? { heard[peer] ?? world.place(of: peer) }

    // MARK: Life

    /// Makes the store of a cluster that begins where another ended, as `decree restore` does.
    func found(from snapshot: Snapshot) throws {
        var options = StoreOptions(vfs: disk.vfsName, files: SimulatedFiles(disk))
        let storeID = StoreID(rawValue: random.next() | 1)
        options.makeStoreID = { storeID }
        let stored = StoreGroup(id: .first, kind: "simulated", configuration: world.settings.configuration)
        _ = try Founding.createStore(
            in: Self.directory, cluster: "simulated", node: id,
            groups: [Founding.Group(stored: stored, snapshot: snapshot)], options: options)
    }

    /// Opens the store, and takes up where it was left.
    func start() throws {
        life += 1
        let settings = world.settings
        let owner = StoreIdentity(cluster: "simulated", node: id, genesis: admission?.welcome.genesis)
        let stored = world.hostedGroups.map { id in
            StoreGroup(
                id: id, kind: "simulated",
                configuration: admission?.welcome.groups.first { $0.id == id }?.genesis
                    ?? settings.configuration)
        }
        var options = StoreOptions(
            vfs: disk.vfsName, files: SimulatedFiles(disk), checkpointPages: settings.checkpointPages)
        let drawn = StoreID(rawValue: random.next() | 1)
        let storeID = admission?.store ?? drawn
        options.makeStoreID = { storeID }
        options.takeFailed = { [weak self] in self?.failed.append($0) }
        if world.settings.schedule.isFounding, admission == nil,
            let founding = try begin(owner, stored[0], options)
        {
            self.founding = founding
            return
        }
        isFounded = true
        let store = try Store.open(
            directory: Self.directory, identity: owner, groups: stored, options: options)
        let hosted = stored.map { stored in
            HostedGroup(stored: stored, machine: settings.machine(world.workload), seed: random.next())
        }
        let recovered = try RecoveredNode(
            store, owner: owner, hosting: hosted, limits: settings.limits, process: random.next(),
            speaks: speaks)
        for group in recovered.groups {
            let votes = try store.recover(group.id, restore: { _ in }, replay: { _, _ in })
            let found = Judge.Found(
                votes: votes, chosenThrough: group.chosenThrough, persistSequence: store.persistSequence,
                witnesses: recovered.witnesses, places: recovered.places,
                unfinished: rows.concerning(group.id))
            world.judging(group.id) { $0.recovered(index, found) }
            guard let through = votes.damagedThrough else { continue }
            world.counts.mended += 1
            world.note(.node, index, detail: through.rawValue, "finds damage: \(votes.damage ?? "")")
        }
        lookedAt = stored.map { _ in .zero }
        rows = []
        self.store = store
        welcome = recovered.welcome
        let core = NodeCore(recovered, address: address, configured: configured)
        core.shell = self
        self.core = core
    }

    /// Its part in founding the cluster; nil if its store is complete.
    private func begin(
        _ owner: StoreIdentity, _ stored: StoreGroup, _ options: StoreOptions
    ) throws -> SimulatedFounding? {
        var nodes = world.settings.configuration.voters.map {
            FoundingClaim.Listed(node: $0, address: $0 == owner.node ? address : configured[$0] ?? "")
        }
        let token = random.next() | 1
        var record: FoundingRecord?
        if let store = try openExisting(owner, stored, options) {
            record = store.founding
            try store.close()
            guard record?.isComplete == false else { return nil }
        }
        var group = stored
        if record == nil, listsAnother {
            let other = NodeID(9_999)
            nodes.append(FoundingClaim.Listed(node: other, address: "nowhere:1"))
            group = StoreGroup(
                id: stored.id, kind: stored.kind,
                configuration: Configuration(voters: stored.configuration.voters + [other]))
        }
        let plan = FoundingPlan(cluster: owner.cluster, node: owner.node, nodes: nodes, groups: [group])
        return SimulatedFounding(
            record.map { Founder(plan, resuming: $0) } ?? Founder(plan, token: token), owner: owner,
            group: stored, options: options)
    }

    private func openExisting(
        _ owner: StoreIdentity, _ stored: StoreGroup, _ options: StoreOptions
    ) throws -> Store? {
        guard try FoundDirectory.look(at: Self.directory, files: options.files) == .store else { return nil }
        var options = options
        options.mayCreate = false
        do {
            return try Store.open(
                directory: Self.directory, identity: owner, groups: [stored], options: options)
        } catch StoreError.missing {
            return nil
        }
    }

    static let directory = "/data"

    /// The process is gone, whatever it was about; the power too, if some of what was not synced is to be lost.
    func vanish(powerCut survival: Survival? = nil) {
        // First the disk: what goes after it reaches nothing.
        if let survival { disk.powerCut(keeping: survival) } else { disk.kill() }
        life += 1
        boot += 1
        core = nil
        founding = nil
        world.endResidents(of: self)
        store = nil
        for connection in failed { connection.free() }
        failed = []
        isPaused = false
        deferred = []
        waiters = [:]
        accepted = []
        heard = [:]
        encoding = nil
        decoding = nil
        digesting = nil
        for node in Array(sightings.keys) { sightings[node]?.forgetUnlessKept() }
        for node in Array(meetings.keys) { meetings[node]?.forgetUnlessKept() }
        job = nil
        reports = []
        for peer in links.indices { links[peer] = Dialled(connection: links[peer].connection) }
        hellos = [:]
        lookedAt = []
        fullSince = nil
    }
}
