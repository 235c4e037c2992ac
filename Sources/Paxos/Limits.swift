/// The core's limits and times. Each queue, window and batch has one, and a full one pushes back.
public struct Limits: Sendable, Hashable {
    /// Ticks between a leader's heartbeats. A tick is 10 ms: two busy cores stall as long. Default 5.
    public var heartbeatTicks = 5
    /// The shortest election timeout, in ticks. Default 50: a stall of 110 ms causes no election.
    public var electionTicks = 50
    /// How much the timeout varies above the shortest, in ticks, so that candidates seldom meet.
    /// Default 50.
    public var electionSpreadTicks = 50
    /// Ticks after which an accept or a fetch without an answer is sent again. Default 20.
    public var resendTicks = 20
    /// Slots proposed and not yet chosen. Default 64, never above the configuration's alpha.
    public var slotsInFlight = 64
    /// Bytes proposed and not yet chosen. Default 16 MiB.
    public var bytesInFlight = 16 << 20
    /// Bytes of a batch. Default 1 MiB.
    public var batchBytes = 1 << 20
    /// Commands of a batch. Default 8,192.
    public var batchCommands = 8_192
    /// Bytes of one command or query. Default 1 MiB.
    public var valueBytes = 1 << 20
    /// Commands that wait for a slot; more are answered busy. Default 65,536.
    public var pendingCommands = 65_536
    /// Bytes that wait for a slot. Default 16 MiB.
    public var pendingBytes = 16 << 20
    /// Reads that wait for a confirmation. Default 65,536.
    public var pendingReads = 65_536
    /// Bytes of reads that wait for a confirmation. Default 16 MiB.
    public var pendingReadBytes = 16 << 20
    /// Questions about slots that wait until those are chosen, of whoever follows the log; more are answered busy.
    /// Default 256.
    public var waitingTails = 256
    /// Ticks for which one waits at most. Default 500: it is asked again then, and whoever asked may be gone.
    public var tailTicks = 500
    /// Slots above the last chosen one in which an acceptor keeps votes. Beyond it votes are withheld
    /// until it has caught up. Default 1,024.
    public var voteSlots = 1_024
    /// Bytes of those votes. Default 64 MiB.
    public var voteBytes = 64 << 20
    /// Bytes of votes in one part of a promise. Default what a frame holds; never more.
    public var promiseBytes = FrameBudget.votesBytes
    /// Bytes from which a message waits for its turn on the way to a peer. At least 1; default 4 KiB. Eight times as many
    /// are sent at first before the peer has said that any have come, never less than four times, and never more than 4,096
    /// times; as many wait.
    public var bulkyBytes = 4 << 10
    /// Bytes the log grows by between two snapshots. Default 128 MiB.
    public var snapshotBytes = 128 << 20
    /// Commands between two snapshots, those of batches counted one by one. Default 2,000,000: a node replays no more of
    /// them when it starts.
    public var snapshotCommands = 2_000_000
    /// Slots between two points at which nodes compare digests of their states; the same on all nodes. Default 65,536.
    public var checkpointSlots: UInt64 = 65_536
    /// Microseconds that a leader's commit may take before another should lead: one commit alone. Default 1 s.
    public var stalledCommitMicroseconds: UInt32 = 1_000_000
    /// Microseconds that a leader's commits may take, the median of the last eight, while a quorum's take less than
    /// half of what they do. Default 250 ms.
    public var slowCommitMicroseconds: UInt32 = 250_000
    /// Slots a member may be behind to be made a voter, or be handed the lead. Default 256.
    public var closeSlots = 256
    /// Ticks after which the rest of a snapshot is not waited for any more, if another is to be had. Default 1,000.
    public var partialTicks = 1_000

    /// The defaults.
    public init() {}
}
