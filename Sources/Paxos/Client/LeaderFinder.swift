/// Whom to ask. A client keeps to one node, its guess, until that node sends it away, goes down or keeps
/// silent: then it follows the hint, or goes round.
struct LeaderFinder: Sendable {
    /// Reachable nodes, ascending.
    private(set) var reachable: [NodeID] = []
    /// The node to ask; nil if none is reachable.
    private(set) var guess: NodeID?
    /// Nobody is asked before.
    private(set) var pausedUntil: UInt64 = 0
    /// A node that was named as leader while it was not reachable.
    private(set) var wanted: NodeID?
    /// Until when the guess is asked to pass requests on to that node.
    private var relaysUntil: UInt64 = 0
    /// Guesses that were wrong since one was right.
    private var misses = 0

    /// A redirect is followed at once this often; then two nodes that name each other are given time.
    private static let freeMisses = 2
    /// A second: then it is asked again who leads, for another may by now, or this client reach the leader again.
    private static let relayNanoseconds: UInt64 = 1_000_000_000

    /// Whether the guess is asked to pass requests on.
    func isRelaying(now: UInt64) -> Bool { now < relaysUntil }

    /// The node to ask now.
    func target(now: UInt64) -> NodeID? { now >= pausedUntil ? guess : nil }

    /// The node after `node` in a round, for requests that any node may answer.
    func next(after node: NodeID?) -> NodeID? {
        guard let node else { return reachable.first }
        return reachable.first { $0 > node } ?? reachable.first
    }

    mutating func up(_ node: NodeID) {
        if !reachable.contains(node) {
            reachable.append(node)
            reachable.sort()
        }
        if guess == nil || wanted == node {
            guess = node
            pausedUntil = 0
            relaysUntil = 0
        }
        if wanted == node { wanted = nil }
    }

    mutating func down(_ node: NodeID) {
        reachable.removeAll { $0 == node }
        guard guess == node else { return }
        guess = next(after: node)
        relaysUntil = 0
    }

    /// `node` does the work of a leader, or has it done.
    mutating func leads(_ node: NodeID, now: UInt64) {
        guard guess == node || misses > 0, reachable.contains(node) else { return }
        guess = node
        if !isRelaying(now: now) { wanted = nil }
        misses = 0
        pausedUntil = 0
    }

    /// `node` does not lead. What others than the guess say is old news: the guess has moved on since
    /// they were asked.
    ///
    /// A leader that cannot be reached from here may be reached from there: the node is asked to pass on what it is asked.
    ///
    /// - Parameter wasRelayed: whether it was asked that already, and could not.
    mutating func isNotLeader(
        _ node: NodeID, hint: NodeID?, wasRelayed: Bool, now: UInt64, settings: ClientSettings,
        jitter: inout SeededGenerator
    ) {
        guard node == guess else { return }
        // Asked before it was known that it is to pass things on.
        if !wasRelayed, isRelaying(now: now), hint == wanted { return }
        misses += 1
        relaysUntil = 0
        if let hint, hint != node, reachable.contains(hint) {
            guess = hint
            guard misses > Self.freeMisses else { return }
            pausedUntil = now + settings.pause(misses - Self.freeMisses, jitter: &jitter)
            return
        }
        wanted = hint == node ? nil : hint
        guard wasRelayed || wanted == nil else {
            relaysUntil = now + Self.relayNanoseconds
            return
        }
        guess = next(after: node)
        pausedUntil = now + settings.pause(misses, jitter: &jitter)
    }

    /// `node` kept silent. The next one knows better, or will send us back.
    mutating func isSilent(_ node: NodeID) {
        guard node == guess else { return }
        misses += 1
        guess = next(after: node)
        relaysUntil = 0
    }
}

extension ClientSettings {
    /// The `count`-th pause in a row.
    func pause(_ count: Int, jitter: inout SeededGenerator) -> UInt64 {
        let doubled = firstPauseNanoseconds << UInt64(min(max(count - 1, 0), 16))
        return jitter.within(min(doubled, longestPauseNanoseconds))
    }

    /// How long an attempt waits for its answer, when all nodes that can be reached have kept silent so many
    /// times over.
    func answerTimeout(afterSilentRounds rounds: UInt64, jitter: inout SeededGenerator) -> UInt64 {
        let doubled = answerTimeoutNanoseconds << min(rounds, 3)
        return doubled + jitter.within(doubled / 8)
    }
}
