import DecreeClient
import DecreeNode
import DecreeStore
import DecreeWire
import Foundation
import Logging
import Metrics
import Paxos

/// A node's own account of itself. Fields that came later are optional, so that a tool and a node of different
/// versions understand each other.
public struct NodeStatus: Codable, Sendable, Hashable {
    /// How a group stands on the node.
    public struct Group: Codable, Sendable, Hashable {
        /// The group.
        public var group: UInt32
        /// `leader`, `candidate` or `follower`.
        public var role: String
        /// The ballot promised, as round and node.
        public var ballot: [UInt64]
        /// The node that leads, as far as this one knows.
        public var leader: Int?
        /// Slots chosen.
        public var chosenThrough: UInt64
        /// Slots executed.
        public var executedThrough: UInt64
        /// Slots deleted.
        public var floor: UInt64
        /// The chain over the log through `executedThrough`, in hexadecimal.
        public var chain: String
        /// The state machine's digest, in hexadecimal: after `executedThrough`, unless `digestSlot` says otherwise.
        public var stateDigest: String
        /// The slot after which the state had that digest, if it is an earlier one: a digest that costs much is made less
        /// often than it is asked for.
        public var digestSlot: UInt64?
        /// Open sessions.
        public var sessions: Int
        /// Slots this node has proposed that are not chosen yet.
        public var slotsInFlight: Int
        /// Commands that wait for a slot.
        public var pendingCommands: Int
        /// Everybody who belongs to the group, ascending, by what the node has executed.
        public var members: [Member]?
        /// The slot from which the members are in force, if they are not yet.
        public var membersFrom: UInt64?
        /// The cluster's version: which kinds of entries the log may hold.
        public var version: Int?
        /// The latest complete snapshot.
        public var snapshot: Snapshot?
        /// Whether one is being taken.
        public var isTakingSnapshot: Bool?
        /// A peer's snapshot that is coming in.
        public var arriving: Arriving?
        /// Slots through this one must be learnt before the node votes again, for what it had voted was damaged.
        public var abstainThrough: UInt64?
        /// A peer's snapshot that the node needs and cannot use: it does not catch up before it is offered another.
        public var refusedSnapshot: RefusedSnapshot?
    }

    /// The cluster's name.
    public var cluster: String
    /// What the cluster was created with, in hexadecimal: it tells clusters of one name apart.
    public var genesis: String?
    /// The node.
    public var node: Int
    /// Its store, in hexadecimal.
    public var store: String
    /// Its process.
    public var processIdentifier: Int32
    /// The groups it hosts.
    public var groups: [Group]
    /// Transactions durable since the store was created.
    public var persistSequence: UInt64
    /// Whether the disk is full.
    public var isReadOnly: Bool
    /// Bytes of the store's files.
    public var storeBytes: Int64
    /// Times the disk was asked to make something durable, since the node started.
    public var fsyncs: UInt64
    /// Commits since the node started.
    public var commits: UInt64
    /// The 50th percentile of the last 1,024 commits, in microseconds.
    public var commitP50Microseconds: Double
    /// The 99th percentile of the last 1,024 commits, in microseconds.
    public var commitP99Microseconds: Double
    /// Checkpoints of the store since the node started.
    public var checkpoints: UInt64?
    /// Commits that took 20 ms or longer since the node started: a disk that stalls, or has more to do than it can.
    public var slowCommits: UInt64?
    /// What those took together, in microseconds.
    public var slowCommitMicroseconds: UInt64?
    /// Processor time the process has used, in microseconds.
    public var processorMicroseconds: UInt64
    /// Peers this node is connected to.
    public var connectedPeers: [Int]
    /// Requests taken since the node started.
    public var clientRequests: UInt64
    /// Memory the process has in use, in bytes.
    public var residentBytes: Int64?
    /// After how many mebibytes of log the node takes a snapshot.
    public var snapshotMebibytes: Int?
    /// After how many commands.
    public var snapshotCommands: Int?
    /// Milliseconds between heartbeats.
    public var heartbeatMilliseconds: Int?
    /// The shortest election timeout in milliseconds.
    public var electionTimeoutMilliseconds: Int?
    /// Bytes of snapshots' chunks sent to peers, since the node started.
    public var snapshotBytesSent: UInt64?
    /// Bytes of snapshots' chunks that came from peers, since the node started.
    public var snapshotBytesReceived: UInt64?
}

/// What a node counts as it runs.
struct Figures {
    var peerMessages: UInt64 = 0
    var clientRequests: UInt64 = 0
    var snapshotBytesSent: UInt64 = 0
    var snapshotBytesReceived: UInt64 = 0
    private(set) var counters = StoreCounters()
    private(set) var slowCommits: UInt64 = 0
    private(set) var slowCommitNanoseconds: UInt64 = 0
    /// The last commits' durations, a ring.
    private var nanoseconds: [UInt64] = []
    private var next = 0
    private let timer = Metrics.Timer(label: "decree_commit_duration")
    private let requests = Metrics.Counter(label: "decree_client_requests")
    private let messages = Metrics.Counter(label: "decree_peer_messages")
    private var metered: (requests: UInt64, messages: UInt64) = (0, 0)

    private static let kept = 1_024
    private static let slowNanoseconds: UInt64 = 20_000_000

    mutating func committed(nanoseconds duration: UInt64, counters: StoreCounters) {
        self.counters = counters
        timer.recordNanoseconds(Int64(duration))
        if duration >= Self.slowNanoseconds {
            slowCommits += 1
            slowCommitNanoseconds += duration
        }
        if nanoseconds.count < Self.kept {
            nanoseconds.append(duration)
        } else {
            nanoseconds[next] = duration
            next = (next + 1) % Self.kept
        }
    }

    /// Passes on what was counted since the last time. Once a second, off the hot path.
    mutating func meter(_ groups: [Group], isReadOnly: Bool) {
        requests.increment(by: Int64(clientRequests - metered.requests))
        messages.increment(by: Int64(peerMessages - metered.messages))
        metered = (clientRequests, peerMessages)
        for group in groups {
            let dimensions = [("group", "\(group.id)")]
            Metrics.Gauge(label: "decree_chosen_through", dimensions: dimensions)
                .record(Int64(group.chosenThrough.rawValue))
            Metrics.Gauge(label: "decree_is_leading", dimensions: dimensions).record(group.isLeading ? 1 : 0)
        }
        Metrics.Gauge(label: "decree_is_read_only").record(isReadOnly ? 1 : 0)
    }

    /// Percentiles of the last commits, in microseconds.
    func commitMicroseconds(_ percentiles: [Double]) -> [Double] {
        let sorted = nanoseconds.sorted()
        return percentiles.map { percentile in
            guard !sorted.isEmpty else { return 0 }
            let rank = Int((percentile / 100 * Double(sorted.count)).rounded(.up))
            return Double(sorted[max(0, min(sorted.count, rank) - 1)]) / 1_000
        }
    }
}

extension NodeLoop {
    /// What the loop knows in a moment: the digests, and what the system is asked for, are added beside it
    /// (`StatusRounds`).
    func status() -> NodeStatus {
        let percentiles = figures.commitMicroseconds([50, 99])
        return NodeStatus(
            cluster: core.identity.cluster, genesis: core.identity.genesis.description,
            node: Int(node.rawValue), store: core.identity.store.description,
            processIdentifier: ProcessInfo.processInfo.processIdentifier,
            groups: core.groups.map { NodeStatus.Group($0.id, $0.status, addresses: memberAddresses) },
            persistSequence: core.identity.persistSequence, isReadOnly: core.isReadOnly,
            storeBytes: 0, fsyncs: figures.counters.fsyncs, commits: figures.counters.commits,
            commitP50Microseconds: percentiles[0], commitP99Microseconds: percentiles[1],
            checkpoints: figures.counters.checkpoints, slowCommits: figures.slowCommits,
            slowCommitMicroseconds: figures.slowCommitNanoseconds / 1_000,
            processorMicroseconds: UInt64(clock()) * 1_000_000 / UInt64(CLOCKS_PER_SEC),
            connectedPeers: links.filter(\.isUp).map { Int($0.peer.rawValue) }.sorted(),
            clientRequests: figures.clientRequests, residentBytes: nil,
            snapshotMebibytes: configuration.snapshotMebibytes,
            snapshotCommands: configuration.snapshotCommands,
            heartbeatMilliseconds: configuration.heartbeatMilliseconds,
            electionTimeoutMilliseconds: configuration.electionTimeoutMilliseconds,
            snapshotBytesSent: figures.snapshotBytesSent,
            snapshotBytesReceived: figures.snapshotBytesReceived)
    }

    /// Where the members are, as far as this node knows: of those of the beginning the log does not say.
    private var memberAddresses: [NodeID: String] {
        var addresses: [NodeID: String] = [:]
        for member in [node] + links.map(\.peer) { addresses[member] = core.address(of: member) }
        return addresses
    }
}
