import DecreeStore
package import DecreeWire
package import Paxos

/// A node without its surroundings: the groups, the step that fills while the one before is written, what
/// peers showed of their stores, and the rhythm of it all. It has no socket, no thread and no clock; a
/// `NodeShell` gives it those. A server's shell and the simulator's run this very class.
///
/// The parts: `NodeCore+Turn` is the rhythm of events, sends and commits, `NodeCore+Peers` what peers say,
/// `NodeCore+Callers` who is let in, `NodeCore+Standing` when this node votes.
package final class NodeCore {
    /// What the disk is about.
    package enum DiskState: Sendable {
        case idle
        case busy
        /// No room; the step is retried from time to time.
        case full
        /// Closed or dead: nothing is written any more, and so nothing is sent.
        case gone
    }

    /// Who it is; the persist sequence follows the disk.
    package internal(set) var identity: NodeIdentity
    /// Whether the store was created when this node started.
    let isStoreNew: Bool
    /// The other members of the groups, ascending.
    package var peers: [Member] { mergedPeers.all }
    /// The same, by group.
    var mergedPeers = MergedPeers()
    /// Where this node is reached, "host:port", as it tells its peers.
    package let address: String
    /// The logs. Looked at in place, by index, wherever it is done often: to copy a group costs dozens of retains.
    package internal(set) var groups: [Group]
    /// The step that fills while the one before is written.
    var step = Step()
    /// What the disk is about.
    package internal(set) var diskState = DiskState.idle {
        didSet { if diskState == .busy { jobTick = ticks } }
    }
    /// The newest version of the protocol that it speaks.
    package let speaks: UInt16
    /// What peers understand of the logs, as they showed when they were last greeted.
    var understood: [NodeID: ClusterVersion] = [:]
    /// What peers showed of their stores (invariant NoRegression).
    var witnesses = Witnesses()
    /// Who has connected, with which start of its node.
    var inbound = InboundPeers()
    /// Who has this start of this node in its store.
    var standing = Standing()
    /// Ticks after which this node does not wait any more for voters it needs not.
    let graceTicks: UInt64
    /// How the cluster was founded, as its genesis has it; nil if it began otherwise.
    let founding: Digest?
    /// What waits for peers, and is on its way to them; of those to whom a link stands.
    var flows: [NodeID: LinkFlow] = [:]
    /// Whether any accept waits, or is on its way.
    var isFlowing = false
    /// The versions that are spoken over this node's links.
    var linkVersions: [NodeID: UInt16] = [:]
    /// Where the others are.
    var addresses: AddressBook
    /// The core's limits and times.
    let limits: Limits
    /// What is done beside the commits.
    var upkeep = Upkeep()
    /// Whether a digest of a state is being made beside the loop: one at a time.
    var isDigesting = false
    /// What was passed on to leaders for clients that cannot reach them.
    var relays = Relays()
    /// What is to be read for others.
    var reads = ReadQueue()
    /// When this node was first seen to belong to no group any more, and others to have what it has.
    var goneTick: UInt64?
    /// When this node, gone, last had its peers greeted again.
    var greetedTick: UInt64 = 0
    /// Ticks for which a node that was removed tells others what it knows, before it ends, and after which it greets
    /// them again while nobody is known to have that.
    static let ticksGone: UInt64 = 300
    /// Snapshots to be forgotten.
    var dropped: [(GroupID, SnapshotHeader)] = []
    /// The groups' configurations when they were last looked at.
    var configurations: [ConfigurationLog] = []
    /// What was last said of each group that cannot be true.
    var contradictions: [GroupID: String] = [:]
    /// Who led the groups when they were last looked at.
    var leaders: [NodeID?]
    /// What the last commits took, in microseconds, the latest last.
    var commitMicroseconds: [UInt32] = []
    /// When the job that the disk is about was handed to it.
    var jobTick: UInt64 = 0
    /// The surroundings, which own the core.
    package weak var shell: (any NodeShell)?

    /// Ticks since the start.
    package internal(set) var ticks: UInt64 = 0
    var lastCommitTick: UInt64 = 0
    /// When it was last looked whether the store's files are in their places.
    var lastLookTick: UInt64 = 0
    /// Half a second.
    static let ticksBetweenLooks: UInt64 = 50
    var isCheckpointed = true
    var isTurnScheduled = false
    /// Whether the node was told to stop, or must.
    package private(set) var isStopping = false
    /// Whether the disk has no room.
    package internal(set) var isReadOnly = false
    private var isLastCommitDone = false
    /// Why the node must not go on, if so.
    package private(set) var failure: NodeFailure?

    /// Bytes of proposals that may wait for the disk; above it peers' proposals are dropped, and sent again.
    static let waitingWriteBytes = 64 << 20
    /// Rows that may wait for the disk.
    static let waitingWrites = 1 << 16

    /// A node as it was recovered, with an idle disk.
    ///
    /// - Parameters:
    ///   - address: where it is reached, as it tells its peers; empty if they need not know.
    ///   - configured: where others are, by its own configuration.
    package init(_ recovered: RecoveredNode, address: String = "", configured: [NodeID: String] = [:]) {
        identity = recovered.identity
        isStoreNew = recovered.identity.persistSequence == 0
        groups = recovered.groups
        leaders = Array(repeating: nil, count: recovered.groups.count)
        self.address = address
        addresses = AddressBook(
            configured: configured.filter { $0.key != recovered.identity.node },
            remembered: recovered.places)
        speaks = recovered.speaks
        limits = recovered.limits
        founding = recovered.welcome.groups.first?.genesis.origin
        witnesses = Witnesses(recovered.witnesses)
        graceTicks = UInt64(recovered.limits.electionTicks + recovered.limits.electionSpreadTicks)
        for index in groups.indices { groups[index].mayVote = false }
        reviewPeers()
        reviewStanding()
    }

    /// This node.
    package var node: NodeID { identity.node }

    /// The version of the logs: what every peer must understand.
    package var version: ClusterVersion { groups.indices.reduce(.first) { max($0, groups[$1].version) } }

    /// Why a node whose build speaks this version of the protocol may not join, if so. It must understand the logs'
    /// version, and batches, which a log may hold before its version says so.
    package func refusalToJoin(speaking version: UInt16) -> String? {
        let (understood, required) = (WireVersion.understood(by: version), max(self.version, .batches))
        guard understood < required else { return nil }
        return
            "the build that wants to join understands version \(understood) of the log, and the cluster needs version "
            + "\(required): join with the build of the other members, or a later one"
    }

    /// Where a group stands among the groups; nil if the node does not host it.
    package func index(of group: GroupID) -> Int? { groups.indices.first { groups[$0].id == group } }

    // MARK: Ending

    /// The last job of the disk. A node that is fenced leaves word of it: no other shall start on that store.
    func closeStore() {
        if case .fenced(let reason) = failure {
            shell?.perform(.close(fence: reason))
        } else {
            shell?.perform(.close(fence: nil))
        }
    }

    /// Hands over the lead, writes what is left, and closes. `finished` follows.
    package func shutDown() {
        guard !isStopping else { return }
        isStopping = true
        for index in groups.indices { groups[index].handle(.handOver, into: &step) }
        endTurn()
        closeStoreIfIdle()
    }

    /// Writes what the step held when the node was told to stop, once, and closes the store. What has come
    /// since was told to nobody, and may be forgotten: under load there would always be more.
    func closeStoreIfIdle() {
        guard isStopping, diskState == .idle else { return }
        // What is on its way beside the commits can be taken up again, and what is none is found to be none again.
        dropped = []
        if step.isEmpty || isLastCommitDone {
            diskState = .gone
            closeStore()
        } else {
            isLastCommitDone = true
            commit()
        }
    }

    /// Something happened after which this node must say nothing more. `finished` follows when the store is
    /// closed, which a disk that is busy is told when it reports.
    func fail(_ failure: NodeFailure) {
        guard self.failure == nil else { return }
        self.failure = failure
        let isDiskFree = diskState == .idle || diskState == .full
        diskState = .gone
        isStopping = true
        // One that never voted leaves the others free to take the other process for this node.
        if case .fenced = failure, !isVoting, let start = identity.starts.last {
            for peer in peers { shell?.send(.yields(start), to: peer.node) }
        }
        shell?.failed(failure)
        if isDiskFree { closeStore() }
    }
}
