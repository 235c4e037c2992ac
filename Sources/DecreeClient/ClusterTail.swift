import NIOCore
public import Paxos

extension DecreeClient {
    /// The commands of the log from a position on, as they were executed: see `Tail`.
    ///
    /// - Parameters:
    ///   - position: the first to be read; behind the last one read, `LogEntry.position.next`.
    ///   - group: the configuration's if nil.
    ///   - through: the last slot to be read; without it the tail waits for what comes.
    ///   - deadline: for how long no node may answer before the tail gives up; the configuration's if nil.
    public func tail(
        from position: LogPosition, of group: GroupID? = nil, through: Slot? = nil, deadline: Duration? = nil
    ) -> Tail {
        let source = ClusterTail(
            client: self, group: group ?? configuration.group, deadline: deadline ?? configuration.deadline)
        return Tail(of: source, from: position, through: through)
    }

    /// The same, from the first command of a slot on.
    public func tail(
        from slot: Slot, of group: GroupID? = nil, through: Slot? = nil, deadline: Duration? = nil
    ) -> Tail {
        tail(from: .first(of: slot), of: group, through: through, deadline: deadline)
    }
}

/// Reads the log from one node, and from the next when that one does not answer, or has nothing new: it may be cut off
/// from the others.
struct ClusterTail: TailSource {
    let client: DecreeClient
    let group: GroupID
    let deadline: Duration
    /// Whom to ask, among the client's nodes. Readers are spread over them.
    private var place: Int
    /// What was begun with one cluster is not gone on with in another that has its name.
    private var genesis: Digest?

    /// A node holds a question for two seconds, and has two more to answer.
    private static let waitingTicks: UInt32 = 200
    private static let attemptTime = TimeAmount.seconds(4)
    private static let pause = Duration.milliseconds(50)
    private static let longestPause = Duration.milliseconds(800)

    init(client: DecreeClient, group: GroupID, deadline: Duration) {
        self.client = client
        self.group = group
        self.deadline = deadline
        place = Int.random(in: 0..<max(1, client.configuration.nodes.count))
    }

    /// What came of asking each node once.
    private struct Round {
        /// Where the log begins on the node that has most of it.
        var begins: Slot?
        var failure: AdminError?
        /// Whether every failure is one that stays.
        var isForGood = true

        mutating func note(_ error: AdminError) {
            switch error {
            case .refused(.unknownGroup), .outdated: break
            default: isForGood = false
            }
            failure = failure.map { $0.adding(error) } ?? error
        }
    }

    mutating func slots(from: Slot) async throws(TailError) -> ExecutedSlots {
        let end = ContinuousClock.now + deadline
        var pause = Self.pause
        while true {
            var round = Round()
            for _ in client.configuration.nodes {
                if let slots = await ask(from, &round) { return slots }
                place = (place + 1) % client.configuration.nodes.count
                guard !Task.isCancelled else { return .none }
            }
            let isOver = ContinuousClock.now >= end || round.isForGood
            if isOver, let begins = round.begins { throw .logBegins(at: begins) }
            if isOver { throw .unanswered(round.failure ?? .unreachable(.unreachable([]))) }
            try? await Task.sleep(for: pause)
            guard !Task.isCancelled else { return .none }
            pause = min(pause * 2, Self.longestPause)
        }
    }

    private mutating func ask(_ from: Slot, _ round: inout Round) async -> ExecutedSlots? {
        let address = client.configuration.nodes[place]
        var call = AdminCall(
            request: .tail(from: from, waitingTicks: Self.waitingTicks), group: group, named: address,
            nodes: client.configuration.nodes, cluster: client.configuration.cluster,
            deadline: .now() + Self.attemptTime, eventLoop: client.group.next(),
            conversations: client.conversations, genesis: genesis)
        do throws(AdminError) {
            switch try await call.run() {
            case .executed(let slots) where slots.decided.first.map({ $0.slot == from }) ?? true:
                genesis = call.genesis
                guard slots.decided.isEmpty else { return slots }
                // One that lags has nothing new for as long as it lags, and others have deleted what it waits for.
                if round.begins != nil {
                    round.note(.noAnswer)
                    return nil
                }
                place = (place + 1) % client.configuration.nodes.count
                return slots
            case .logBegins(let slot): round.begins = min(round.begins ?? slot, slot)
            default: round.note(.outdated(address))
            }
        } catch {
            round.note(error)
        }
        return nil
    }
}

extension ExecutedSlots {
    fileprivate static let none = ExecutedSlots(decided: [], unexecuted: [], chosenThrough: .zero)
}

extension AdminError {
    /// Both, where they are of nodes that cannot be reached; else the one that tells more.
    fileprivate func adding(_ other: AdminError) -> AdminError {
        switch (self, other) {
        case (.unreachable(.unreachable(let some)), .unreachable(.unreachable(let more))):
            .unreachable(.unreachable(some + more))
        case (_, .unreachable): self
        default: other
        }
    }
}
