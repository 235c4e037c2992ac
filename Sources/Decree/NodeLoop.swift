import DecreeClient
import DecreeNode
import DecreeStore
import DecreeWire
import Dispatch
import Foundation
import Logging
import Metrics
import NIOCore
import NIOPosix
import Paxos

/// A running node on its event loop: the core, the links to peers, the connections of clients, and who waits
/// for what. Nothing here is locked, for nothing here is shared.
///
/// What a node decides is the core's; this is its shell (`NodeLoop+Shell`), which gives it sockets, a clock
/// and a disk. `NodeLoop+Clients` is the gateway, `NodeStatus` what an onlooker is told.
final class NodeLoop {
    let eventLoop: any EventLoop
    let logger: Logger
    let configuration: NodeConfiguration
    let core: NodeCore
    private let disk: Disk
    /// To whoever there is to speak with, ascending.
    var links: [PeerLink] = []
    /// What a node that wants to join is told.
    let welcome: Welcome
    var tickets = Tickets()
    private var localClients: [LocalClient] = []

    private var listener: (any Channel)?
    private var isStarted = false
    private let recoveredDamage: [(group: GroupID, through: Slot, detail: String)]
    private var ticker: RepeatedTask?
    /// Connections that other processes opened.
    var places = Places()
    var refusals = Refusals()
    /// Bytes of clients' requests that have not come whole.
    var halfBytes = 0
    var dirtyConnections: [InboundConnection] = []
    let stopped: EventLoopPromise<Void>
    var figures = Figures()
    var statusRounds = StatusRounds()

    init(
        eventLoop: any EventLoop, configuration: NodeConfiguration, recovered: RecoveredNode, disk: Disk,
        logger: Logger
    ) {
        self.disk = disk
        self.eventLoop = eventLoop
        self.configuration = configuration
        self.logger = logger
        stopped = eventLoop.makePromise()
        welcome = recovered.welcome
        recoveredDamage = recovered.damage
        core = NodeCore(
            recovered, address: configuration.announcedAddress, configured: configuration.memberAddresses)
        core.shell = self
        peersChanged()
        localClients = recovered.groups.enumerated().map { place, group in
            LocalClient(group: group.id, at: place, loop: self)
        }
    }

    var node: NodeID { core.node }

    /// The client of this process to a group. There are few groups: to hash their numbers would cost more.
    func localClient(of group: GroupID) -> LocalClient? { localClients.first { $0.group == group } }

    /// The client of the group at that place; nil where there is none.
    func localClient(at place: Int) -> LocalClient? {
        localClients.indices.contains(place) ? localClients[place] : nil
    }

    // MARK: Life

    /// Starts to tick, and to reach for the peers.
    func start(listener: any Channel) {
        self.listener = listener
        // Somebody who connected before may have shown that this node must not run.
        guard core.failure == nil else {
            closeConnections()
            return
        }
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        ticker = eventLoop.scheduleRepeatedTask(initialDelay: .milliseconds(10), delay: .milliseconds(10)) {
            _ in bound.value.tick()
        }
        isStarted = true
        for link in links { link.connect() }
        for (group, through, detail) in recoveredDamage {
            logger.error(
                "a row differs from what was written: \(detail); this node votes again when it has learnt what it said from the others",
                metadata: ["group": "\(group)", "through": "\(through)"])
        }
    }

    // MARK: Peers

    /// Keeps a link to each node there is to speak with, and to each that has shown that it belongs to the cluster.
    func peersChanged() {
        let contacts = core.contacts
        var kept: [PeerLink] = []
        for link in links {
            if contacts.contains(link.peer) || !core.isGone(link.peer) {
                kept.append(link)
            } else {
                link.stop()
            }
        }
        links = kept
        for node in contacts { reach(node) }
    }

    /// A node has connected: it is dialled at once.
    func peerIsUp(_ peer: NodeID) { reach(peer) }

    private func reach(_ node: NodeID) {
        let known = links.first { $0.peer == node }
        let link = known ?? PeerLink(peer: node, loop: self)
        if known == nil {
            links.append(link)
            links.sort { $0.peer < $1.peer }
        }
        if isStarted { link.connect() }
    }

    private func tick() {
        guard core.tick() else { return }
        for client in localClients { client.tick() }
        core.endTick()
        if core.ticks % 6_000 == 0 { tellRefusals() }
        if core.ticks % 100 == 0 { figures.meter(core.groups, isReadOnly: core.isReadOnly) }
    }

    /// Hands over the lead, writes what is left, and closes. `stopped` succeeds when all is done.
    func shutDown() {
        if !core.isStopping { logger.info("stopping") }
        core.shutDown()
    }

    func closeConnections() {
        ticker?.cancel()
        listener?.close(promise: nil)
        for link in links { link.stop() }
        for client in localClients { client.stop() }
        for answer in statusRounds.takeAll() { answer(nil) }
    }

    /// Has the disk's thread do a job.
    func hand(_ job: consuming DiskJob) { disk.perform(job) }

    func flushAtTurnEnd(_ connection: InboundConnection) {
        dirtyConnections.append(connection)
        core.scheduleTurnEnd()
    }
}
