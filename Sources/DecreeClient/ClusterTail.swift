import NIOCore
public import Paxos

extension DecreeClient {
    /// The commands of the log from a bookmark on, as they were executed: see `Tail`. Another log than the bookmark's is
    /// refused with `TailError.otherLog`.
    ///
    /// - Parameters:
    ///   - bookmark: the first to be read; behind the last one read, `LogEntry.bookmark.next`.
    ///   - group: the configuration's if nil.
    ///   - through: the last slot to be read; without it the tail waits for what comes.
    ///   - deadline: for how long no node may answer before the tail gives up; the configuration's if nil.
    public func tail(
        from bookmark: LogBookmark, of group: GroupID? = nil, through: Slot? = nil, deadline: Duration? = nil
    ) -> Tail {
        tail(from: bookmark.position, of: bookmark.log, group, through, deadline)
    }

    /// The same from a bare position on, in whatever log the nodes keep: in the log of a restored cluster it may be another
    /// command's.
    public func tail(
        from position: LogPosition, of group: GroupID? = nil, through: Slot? = nil, deadline: Duration? = nil
    ) -> Tail {
        tail(from: position, of: nil, group, through, deadline)
    }

    /// The same, from the first command of a slot on.
    public func tail(
        from slot: Slot, of group: GroupID? = nil, through: Slot? = nil, deadline: Duration? = nil
    ) -> Tail {
        tail(from: .first(of: slot), of: nil, group, through, deadline)
    }

    private func tail(
        from position: LogPosition, of log: LogID?, _ group: GroupID?, _ through: Slot?, _ deadline: Duration?
    ) -> Tail {
        let source = ClusterTail(
            client: self, group: group ?? configuration.group, log: log,
            deadline: deadline ?? configuration.deadline)
        return Tail(of: source, from: position, through: through)
    }

    /// Through where everything is chosen that was acknowledged by now, as the leader tells, and the log it tells of.
    func end(of group: GroupID, within time: Duration) async -> (log: LogID, through: Slot)? {
        guard group == configuration.group else {
            var other = configuration
            other.group = group
            let client = DecreeClient(other, eventLoopGroup: self.group)
            let end = await client.end(of: group, within: time)
            await client.close()
            return end
        }
        // Any machine answers it, if only with a rejection; the slot is what is wanted.
        let receipt = await session().query([], deadline: time).receipt
        guard let log = receipt?.log, let through = receipt?.executedThrough else { return nil }
        return (log, through)
    }
}

/// Reads the log from one node, and from the next when that one does not answer, or has nothing new: it may be cut off
/// from the others.
struct ClusterTail: TailSource {
    let client: DecreeClient
    let group: GroupID
    let deadline: Duration
    /// The log that is meant, before a node has told what it keeps.
    private let wanted: LogID?
    /// Whom to ask, among the client's nodes. Readers are spread over them.
    private var place: Int
    /// What was begun with one cluster is not gone on with in another that has its name.
    private var genesis: Digest?
    /// What `check` was answered, if that was slots.
    private var atHand: (from: Slot, slots: ExecutedSlots)?

    /// A node holds a question for two seconds, and has two more to answer.
    private static let waitingTicks: UInt32 = 200
    private static let attemptTime = TimeAmount.seconds(4)
    private static let pause = Duration.milliseconds(50)
    private static let longestPause = Duration.milliseconds(800)

    init(client: DecreeClient, group: GroupID, log: LogID? = nil, deadline: Duration) {
        self.client = client
        self.group = group
        self.deadline = deadline
        wanted = log
        place = Int.random(in: 0..<max(1, client.configuration.nodes.count))
    }

    var log: LogID? { genesis.map { LogID(genesis: $0, group: group) } ?? wanted }

    /// What came of asking each node once.
    private struct Round {
        /// Where the log begins on the node that has most of it.
        var begins: Slot?
        /// The log of a node that keeps another than the one that is meant.
        var found: LogID?
        /// Whether a node was met that knows less of the log than is asked for.
        var isBehind = false
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
        if let atHand, atHand.from == from {
            self.atHand = nil
            return atHand.slots
        }
        return try await rounds { tail, round in
            guard let slots = await tail.ask(from, waitingTicks: Self.waitingTicks, &round) else {
                return nil
            }
            // One that lags has nothing new for as long as it lags, and others have deleted what it waits for.
            if slots.decided.isEmpty, round.begins != nil {
                round.note(.noAnswer)
                return nil
            }
            if slots.decided.isEmpty { tail.moveOn() }
            return slots
        } ?? .nothing
    }

    /// A node that knows less than the position says may lag: when no node has more, the leader tells the end.
    mutating func check(_ position: LogPosition) async throws(TailError) {
        let end = ContinuousClock.now + deadline
        let answer = try await rounds(isFirst: true) { tail, round in
            let slots = await tail.ask(position.slot, waitingTicks: 0, &round)
            // What is deleted was there: who reads it is told.
            guard let slots else { return round.begins == nil ? nil : .nothing }
            guard slots.decided.isEmpty, position > .first(of: slots.chosenThrough.next) else { return slots }
            round.isBehind = true
            return nil
        }
        if let answer {
            if !answer.decided.isEmpty { atHand = (position.slot, answer) }
            return
        }
        while !Task.isCancelled {
            let left = end - ContinuousClock.now
            guard left > .zero else { throw .unanswered(.noLeader) }
            if let (log, through) = await client.end(of: group, within: left), log == self.log {
                guard position > .first(of: through.next) else { return }
                throw .beyondEnd(position, end: through)
            }
            try? await Task.sleep(for: Self.pause)
        }
    }

    /// Asks node after node, round after round, until `ask` has what is wanted or the time is up; nil when the task is
    /// cancelled, or after a round that met a node that is behind.
    ///
    /// - Parameter isFirst: whether nothing is known of the log yet but its name. A position that is brought along for
    ///   another log is told after one round; a tail that lost its nodes waits for them.
    private mutating func rounds(
        isFirst: Bool = false, _ ask: (inout ClusterTail, inout Round) async -> ExecutedSlots?
    ) async throws(TailError) -> ExecutedSlots? {
        let end = ContinuousClock.now + deadline
        var pause = Self.pause
        while true {
            var round = Round()
            for _ in client.configuration.nodes {
                if let slots = await ask(&self, &round) { return slots }
                moveOn()
                guard !Task.isCancelled else { return nil }
            }
            guard !round.isBehind else { return nil }
            let isOver = ContinuousClock.now >= end || round.isForGood
            if isOver || isFirst, let log, let found = round.found, round.begins == nil {
                throw .otherLog(wanted: log, found: found)
            }
            if isOver, let begins = round.begins { throw .logBegins(at: begins) }
            if isOver { throw .unanswered(round.failure ?? .unreachable(.unreachable([]))) }
            try? await Task.sleep(for: pause)
            guard !Task.isCancelled else { return nil }
            pause = min(pause * 2, Self.longestPause)
        }
    }

    private mutating func moveOn() { place = (place + 1) % client.configuration.nodes.count }

    private mutating func ask(
        _ from: Slot, waitingTicks: UInt32, _ round: inout Round
    ) async -> ExecutedSlots? {
        let address = client.configuration.nodes[place]
        var call = AdminCall(
            request: .tail(from: from, waitingTicks: waitingTicks), group: group, named: address,
            nodes: client.configuration.nodes, cluster: client.configuration.cluster,
            deadline: .now() + Self.attemptTime, eventLoop: client.group.next(),
            conversations: client.conversations, genesis: genesis, log: wanted)
        do throws(AdminError) {
            switch try await call.run() {
            case .executed(let slots) where slots.decided.first.map({ $0.slot == from }) ?? true:
                genesis = call.genesis
                return slots
            case .logBegins(let slot): round.begins = min(round.begins ?? slot, slot)
            default: round.note(.outdated(address))
            }
        } catch {
            round.found = call.stranger.map { LogID(genesis: $0, group: group) } ?? round.found
            round.note(error)
        }
        return nil
    }
}

extension ExecutedSlots {
    fileprivate static let nothing = ExecutedSlots(decided: [], unexecuted: [], chosenThrough: .zero)
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
