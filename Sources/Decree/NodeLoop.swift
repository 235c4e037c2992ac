import DecreeStore
import DecreeWire
import Dispatch
import Foundation
import Logging
import Metrics
import NIOCore
import NIOPosix
import Paxos

/// A running node's state, all of it on one event loop: the groups, the step that is filling, the links to
/// peers, and who waits for what. Nothing here is locked, for nothing here is shared.
///
/// The parts: `NodeLoop+Turn` is the rhythm of events, sends and commits, `NodeLoop+Peers` and
/// `NodeLoop+Clients` are what arrives, `NodeLoop+Status` what an onlooker is told.
final class NodeLoop {
    enum DiskState {
        case idle
        case busy
        /// No room; the step is retried from time to time.
        case full
        /// Closed or dead: nothing is written any more, and so nothing is sent.
        case gone
    }

    let eventLoop: any EventLoop
    let logger: Logger
    let configuration: NodeConfiguration
    var identity: NodeIdentity
    /// Whether the store was created when this node started.
    let isStoreNew: Bool
    var groups: [Group]
    /// The step that fills while the one before is written.
    var step = Step()
    let disk: Disk
    var diskState = DiskState.idle
    var links: [PeerLink] = []
    /// What peers showed of their stores (invariant NoRegression).
    var witnesses: [NodeID: Witness] = [:]
    var tickets = Tickets()
    var localClients: [GroupID: LocalClient] = [:]

    private var listener: (any Channel)?
    private var ticker: RepeatedTask?
    var connections = 0
    var dirtyConnections: [InboundConnection] = []
    var isTurnScheduled = false
    var ticks: UInt64 = 0
    var lastCommitTick: UInt64 = 0
    var isCheckpointed = true
    private(set) var isStopping = false
    private var isLastCommitDone = false
    private var failure: NodeError?
    let stopped: EventLoopPromise<Void>
    var figures = Figures()
    var cachedStatus: (tick: UInt64, json: [UInt8])?

    /// Connections of clients served at once, where the process may open as many.
    static let maximumConnections = 4_096
    let connectionLimit = NodeLoop.connectionLimit()
    /// Bytes of proposals that may wait for the disk; above it peers' proposals are dropped, and sent again.
    static let waitingWriteBytes = 64 << 20
    /// Rows that may wait for the disk.
    static let waitingWrites = 1 << 16
    /// Large enough that a batch comes in one read, small enough that one sender does not hold the loop.
    static let receiveAllocator = AdaptiveRecvByteBufferAllocator(
        minimum: 4_096, initial: 65_536, maximum: 262_144)

    init(
        eventLoop: any EventLoop, configuration: NodeConfiguration, identity: NodeIdentity, groups: [Group],
        disk: Disk, logger: Logger
    ) {
        self.disk = disk
        self.eventLoop = eventLoop
        self.configuration = configuration
        self.identity = identity
        isStoreNew = identity.persistSequence == 0
        self.groups = groups
        self.logger = logger
        stopped = eventLoop.makePromise()
        links = configuration.nodes.filter { $0.id != configuration.node }.map {
            PeerLink(peer: NodeID(UInt16($0.id)), address: $0, loop: self)
        }
        for group in groups {
            localClients[group.id] = LocalClient(group: group.id, loop: self)
        }
    }

    var node: NodeID { identity.node }

    func index(of group: GroupID) -> Int? { groups.firstIndex { $0.id == group } }

    // MARK: Life

    /// Starts to tick, and to reach for the peers.
    func start(listener: any Channel) {
        self.listener = listener
        // Somebody who connected before may have shown that this node must not run.
        guard failure == nil else {
            closeConnections()
            return
        }
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        ticker = eventLoop.scheduleRepeatedTask(initialDelay: .milliseconds(10), delay: .milliseconds(10)) {
            _ in bound.value.tick()
        }
        for link in links { link.connect() }
    }

    /// Closes the store of a node that never started. `stopped` succeeds when all is done.
    func abandon() {
        guard diskState == .idle else { return }
        isStopping = true
        diskState = .gone
        disk.perform(.close)
    }

    /// Hands over the lead, writes what is left, and closes. `stopped` succeeds when all is done.
    func shutDown() {
        guard !isStopping else { return }
        isStopping = true
        logger.info("stopping")
        for index in groups.indices { groups[index].handle(.handOver, into: &step) }
        endTurn()
        closeStoreIfIdle()
    }

    /// Writes what the step held when the node was told to stop, once, and closes the store. What has come
    /// since was told to nobody, and may be forgotten: under load there would always be more.
    func closeStoreIfIdle() {
        guard isStopping, diskState == .idle else { return }
        if step.isEmpty || isLastCommitDone {
            diskState = .gone
            disk.perform(.close)
        } else {
            isLastCommitDone = true
            commit()
        }
    }

    /// Something happened after which this node must say nothing more. `stopped` fails when the store is
    /// closed, which a disk that is busy is told when it reports.
    func fail(_ error: NodeError) {
        guard failure == nil else { return }
        logger.critical("stopping at once: \(error)")
        failure = error
        if diskState == .idle || diskState == .full { disk.perform(.close) }
        diskState = .gone
        isStopping = true
        closeConnections()
    }

    /// The disk will report no more: its store is closed, or given up.
    func finish() {
        closeConnections()
        if let failure { stopped.fail(failure) } else { stopped.succeed() }
    }

    private func closeConnections() {
        ticker?.cancel()
        listener?.close(promise: nil)
        for link in links { link.stop() }
        for client in localClients.values { client.stop() }
    }

    // MARK: Connections

    /// Counts a connection in. Returns why it may not stay, if so. Before it has introduced itself it may be
    /// a peer's, for which some places are kept.
    func admit(_ connection: InboundConnection) -> String? {
        connections += 1
        if isStopping { return "this node is stopping" }
        return connections > connectionLimit + Self.peerPlaces ? Self.noRoom : nil
    }

    /// Why a client that has introduced itself may not stay, if so.
    func admitClient() -> String? { connections > connectionLimit ? Self.noRoom : nil }

    func closed(_ connection: InboundConnection) { connections -= 1 }

    private static let noRoom = "this node serves as many connections as it may; close some, or try later"
    /// Connections beyond the clients', for peers, and for whoever has yet to say what it is.
    private static let peerPlaces = 64
    /// Descriptors for the store, its files, and this node's own links.
    private static let ownDescriptors = 128

    /// 4,096, or what the process may open.
    static func connectionLimit() -> Int {
        var limit = rlimit()
        #if canImport(Darwin)
            let resource = RLIMIT_NOFILE
        #else
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #endif
        guard getrlimit(resource, &limit) == 0 else { return maximumConnections }
        let available = Int(clamping: limit.rlim_cur) - peerPlaces - ownDescriptors
        return max(16, min(maximumConnections, available))
    }

    func flushAtTurnEnd(_ connection: InboundConnection) {
        dirtyConnections.append(connection)
        scheduleTurnEnd()
    }
}
