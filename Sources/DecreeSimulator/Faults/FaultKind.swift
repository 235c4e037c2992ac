/// What a simulated world can do to a cluster.
public enum FaultKind: String, CaseIterable, Sendable, Hashable, Codable, CodingKeyRepresentable {
    /// Messages vanish.
    case loss
    /// Messages take long.
    case delay
    /// Messages overtake one another.
    case reorder
    /// Messages arrive twice, and late copies long after.
    case duplicate
    /// A link holds everything back, then lets all go at once.
    case clog
    /// Links are cut: halves, one node, one direction, and the partial partitions of the OmniPaxos paper.
    case partition
    /// Connections break.
    case reset
    /// Bytes change on the way.
    case damage
    /// A process is stopped and goes on later (SIGSTOP).
    case pause
    /// A process dies (SIGKILL); the machine lives on.
    case kill
    /// A machine loses its power: unsynced writes are lost, torn or reordered.
    case powerCut = "power-cut"
    /// A process dies in the middle of a disk operation, and the machine may follow.
    case crashInCommit = "crash-in-commit"
    /// A process is asked to stop (SIGTERM).
    case terminate
    /// A disk operation fails.
    case ioError = "io-error"
    /// A disk has no room for a while.
    case diskFull = "disk-full"
    /// A disk takes long.
    case slowDisk = "slow-disk"
    /// Bits flip in a store's files.
    case rot
    /// Clocks jump, and run fast or slow.
    case clock
    /// A client dies and another comes.
    case clientCrash = "client-crash"
    /// Whoever leads is struck before long, and then whoever leads next.
    case hunt
    /// A disk is emptied, and the process starts again as if it were new.
    case wipe
    /// A disk goes back to what it was some time ago.
    case oldImage = "old-image"
    /// Two machines' disks are exchanged for a while.
    case diskSwap = "disk-swap"
    /// An operator admits, promotes, replaces and removes members.
    case members
    /// An operator hands the lead over.
    case handOver = "hand-over"
    /// An operator has a node take a snapshot.
    case snapshot
    /// Nodes run an older build at first, and this one from some restart on.
    case upgrade
    /// A store's files are deleted under a running process.
    case unlink
    /// A node's disk is cloned, and a second process runs from the clone.
    case copy
    /// In the end all nodes are restored from a backup, while clients live on.
    case restore
    /// A member moves to another address; the others' files keep the old one.
    case move
    /// The world begins with empty directories: nodes come late, list other nodes, die at their first writes, and, when
    /// the cluster is founded, come without their disks.
    case founding
    /// A reader follows the log to the end.
    case tail
    /// A backup is taken of a running node, over the network.
    case backup
    /// An operator asks for changes of the members that must be refused.
    case blunder
    /// A link takes so many bytes a second, and what is sent waits in it, as in the buffers of a connection.
    case narrow

    /// Whether every message that is sent arrives, once, in its order, and every process lives on.
    var isLossless: Bool {
        switch self {
        case .narrow, .delay, .slowDisk, .tail, .backup, .blunder, .snapshot, .handOver: true
        default: false
        }
    }
}
