import DecreeWire
import NIOCore
import Paxos
import Synchronization

/// Conversations that are free to be used again, one a node.
final class Conversations: Sendable {
    private let idle = Mutex<[NodeAddress: Conversation]>([:])

    func take(_ address: NodeAddress) -> Conversation? {
        let conversation = idle.withLock { $0.removeValue(forKey: address) }
        return conversation?.isOpen == true ? conversation : nil
    }

    func giveBack(_ conversation: Conversation) {
        idle.withLock { $0.updateValue(conversation, forKey: conversation.address) }?.close()
    }

    func closeAll() {
        let all = idle.withLock { idle in
            defer { idle = [:] }
            return Array(idle.values)
        }
        for conversation in all { conversation.close() }
    }
}

/// One thing that an operator asks, until it is answered.
struct AdminCall {
    let request: AdminRequest
    let group: GroupID
    let named: NodeAddress?
    let nodes: [NodeAddress]
    let cluster: String
    let deadline: NIODeadline
    let eventLoop: any EventLoop
    let conversations: Conversations
    /// What the cluster was created with that is meant, if it is known; of one node that is named, filled in by it.
    var genesis: Digest?
    /// The log that is meant, if only that is known.
    var log: LogID?
    /// What the cluster of the node was created with that was asked last, if it is another than is meant.
    private(set) var stranger: Digest?

    init(
        request: AdminRequest, group: GroupID, named: NodeAddress?, nodes: [NodeAddress], cluster: String,
        deadline: NIODeadline, eventLoop: any EventLoop, conversations: Conversations, genesis: Digest? = nil,
        log: LogID? = nil
    ) {
        self.request = request
        self.group = group
        self.named = named
        self.nodes = nodes
        self.cluster = cluster
        self.deadline = deadline
        self.eventLoop = eventLoop
        self.conversations = conversations
        self.genesis = genesis
        self.log = log
    }

    /// An attempt waits for its answer this long, then another node is asked.
    private static let attemptTime = TimeAmount.seconds(2)
    /// With less than this left, the leader is not asked again.
    private static let leastTime = TimeAmount.milliseconds(100)
    private static let pause = TimeAmount.milliseconds(20)
    private static let longestPause = TimeAmount.milliseconds(320)

    /// What became of one attempt.
    private enum Attempt {
        case answered(AdminResponse)
        case notLeader(NodeID?, at: Conversation)
        case busy
        case refused(AdminError)
        /// The node is of another cluster of that name: it was not asked.
        case stranger(Digest, ClientError)
        /// It was never sent.
        case unreachable(ClientError)
        /// It was sent, and no answer came.
        case lost(ClientError)
    }

    mutating func run() async throws(AdminError) -> AdminResponse {
        try await request.isForLeader ? askLeader() : askNode()
    }

    // MARK: Any node

    private mutating func askNode() async throws(AdminError) -> AdminResponse {
        var troubles: [ClientError.Trouble] = []
        var pause = Self.pause
        repeat {
            troubles = []
            var isBusy = false
            for address in named.map({ [$0] }) ?? nodes {
                var genesis = genesis
                let time = named == nil ? Self.attemptTime : .hours(1)
                switch await attempt(at: address, within: time, of: &genesis) {
                case .answered(let response):
                    if named != nil { self.genesis = genesis }
                    return response
                case .refused(let error):
                    guard named == nil, error.isOfNodeAlone else { throw error }
                    troubles.append(.init(address: address, reason: error.description))
                case .busy, .notLeader: isBusy = true
                case .stranger(let genesis, let error):
                    stranger = genesis
                    troubles += error.troubles(at: address)
                case .unreachable(let error), .lost(let error): troubles += error.troubles(at: address)
                }
            }
            guard isBusy else { break }
            await rest(&pause)
        } while NIODeadline.now() < deadline && !Task.isCancelled
        throw troubles.isEmpty ? .busy : .unreachable(.unreachable(troubles))
    }

    // MARK: The leader

    /// Changes and handovers may be asked for again: what is done stays done.
    private func askLeader() async throws(AdminError) -> AdminResponse {
        var candidates = (named.map { [$0] } ?? []) + nodes.filter { $0 != named }
        var addresses: [NodeID: NodeAddress] = [:]
        var target = 0
        var hints = 0
        var pause = Self.pause
        // What was asked of one cluster is asked of no other that has its name, least of all whether it is done.
        var genesis: Digest?
        var mayBeDone = false
        var isFirst = true
        var error = AdminError.unreachable(.unreachable([]))
        // What there is no time to answer is not asked: the reason that was told before says more than silence.
        while isFirst || deadline - .now() > Self.leastTime, !candidates.isEmpty, !Task.isCancelled {
            isFirst = false
            let address = candidates[target % candidates.count]
            switch await attempt(at: address, within: Self.attemptTime, of: &genesis) {
            case .answered(.changeRefused(let refusal)):
                // What was asked before without an answer may still come into force, or has.
                guard mayBeDone else { throw .changeRefused(refusal) }
                if let outcome = request.outcome(whenRefusedAgain: refusal) { return .changed(outcome) }
                guard refusal == .changeInFlight else { throw .changeRefused(refusal) }
                error = .noAnswer
                await rest(&pause)
            case .answered(let response): return response
            case .notLeader(let leader, let conversation):
                error = mayBeDone ? .noAnswer : .noLeader
                addresses[conversation.node] = address
                if let leader, addresses[leader] == nil {
                    addresses[leader] = await self.address(of: leader, from: conversation)
                }
                conversations.giveBack(conversation)
                hints += 1
                if let leader, leader != conversation.node, let hinted = addresses[leader] {
                    if !candidates.contains(hinted) { candidates.append(hinted) }
                    target = candidates.firstIndex(of: hinted) ?? target
                    // Two nodes that name each other are given time.
                    if hints > 2 { await rest(&pause) }
                } else {
                    target += 1
                    await rest(&pause)
                }
            case .busy:
                error = mayBeDone ? .noAnswer : .busy
                await rest(&pause)
            case .refused(let refusal):
                guard case .outdated = refusal else { throw refusal }
                error = refusal
                target += 1
                await rest(&pause)
            case .lost:
                mayBeDone = true
                error = .noAnswer
                target += 1
                await rest(&pause)
            case .unreachable(let trouble), .stranger(_, let trouble):
                if !mayBeDone { error = error.adding(trouble.troubles(at: address)) }
                target += 1
                if target % candidates.count == 0 { await rest(&pause) }
            }
        }
        throw error
    }

    /// Where a node is that was named: the log knows, or the node that named it.
    private func address(of node: NodeID, from conversation: Conversation) async -> NodeAddress? {
        let end = min(deadline, .now() + Self.attemptTime)
        let log = try? await conversation.ask(
            .request(id: ClientFrame.questionID, group: group, .admin(.describeLog)), by: end)
        if case .response(_, .admin(.described(let log))) = log,
            let address = log.configuration.member(node).flatMap({ NodeAddress($0.address) })
        {
            return address
        }
        let status = try? await conversation.ask(.statusRequest(id: ClientFrame.questionID), by: end)
        guard case .statusResponse(_, let json) = status else { return nil }
        return MemberAddresses(status: json)[node, in: group]
    }

    // MARK: One attempt

    /// - Parameter genesis: what the cluster was created with that is meant; it is filled in by the first node.
    private func attempt(
        at address: NodeAddress, within time: TimeAmount, of genesis: inout Digest?
    ) async -> Attempt {
        let end = min(deadline, .now() + time)
        let conversation: Conversation
        let isUsed: Bool
        do throws(ClientError) {
            let idle = conversations.take(address)
            isUsed = idle != nil
            conversation =
                if let idle { idle } else {
                    try await Conversation(with: address, cluster: cluster, by: end, on: eventLoop)
                }
        } catch {
            return .unreachable(error)
        }
        guard genesis == nil || genesis == conversation.genesis,
            log == nil || log == LogID(genesis: conversation.genesis, group: group)
        else {
            let genesis = conversation.genesis
            conversation.close()
            let reason = "it belongs to another cluster of that name than is meant"
            return .stranger(genesis, .unreachable([.init(address: address, reason: reason)]))
        }
        genesis = conversation.genesis
        let frame: ClientFrame?
        do throws(ClientError) {
            frame = try await conversation.ask(
                .request(id: ClientFrame.questionID, group: group, .admin(request)), by: end,
                endsWhenCancelled: request.isHeld)
        } catch {
            // One that lay idle may have been closed meanwhile: it is no news of the node.
            if isUsed, case .unreachable = error, !request.isForLeader {
                return await attempt(at: address, within: time, of: &genesis)
            }
            return .lost(error)
        }
        guard case .response(_, let response)? = frame else {
            conversation.close()
            return .refused(.outdated(address))
        }
        if case .notLeader(let leader) = response { return .notLeader(leader, at: conversation) }
        conversations.giveBack(conversation)
        switch response {
        case .admin(let answer): return .answered(answer)
        case .busy: return .busy
        case .leadershipLost: return .lost(.timedOut(address))
        case .refused(let refusal): return .refused(.refused(refusal))
        case .opened, .executed, .answered, .notLeader, .sessionExpired, .alreadyAcknowledged:
            return .refused(.outdated(address))
        }
    }

    /// A pause, longer each time.
    private func rest(_ pause: inout TimeAmount) async {
        let left = deadline - .now()
        let jittered = Int64.random(in: pause.nanoseconds / 2...pause.nanoseconds)
        try? await Task.sleep(nanoseconds: UInt64(max(0, min(jittered, left.nanoseconds))))
        pause = min(Self.longestPause, .nanoseconds(pause.nanoseconds * 2))
    }
}

extension AdminRequest {
    /// Whether only the leader can do it.
    fileprivate var isForLeader: Bool {
        switch self {
        case .change, .transferLead: true
        case .takeSnapshot, .describeLog, .readSlots, .readChunks, .tail: false
        }
    }

    /// Whether a node may take its time with the answer, which nobody may want any more meanwhile.
    fileprivate var isHeld: Bool { if case .tail = self { true } else { false } }

    /// What a refusal says when the same was asked before and may be done: then it is, and that is why.
    fileprivate func outcome(whenRefusedAgain refusal: ConfigurationRefusal) -> ConfigurationOutcome? {
        switch (self, refusal) {
        case (.change(.remove(let node)), .unknownMember), (.change(.promote(let node)), .alreadyVoter):
            ConfigurationOutcome(node: node, from: nil)
        default: nil
        }
    }
}

extension AdminError {
    /// Whether another node may well answer.
    fileprivate var isOfNodeAlone: Bool {
        switch self {
        case .refused(.gone), .refused(.unknownGroup), .outdated: true
        default: false
        }
    }

    fileprivate func adding(_ more: [ClientError.Trouble]) -> AdminError {
        guard case .unreachable(.unreachable(let troubles)) = self else { return self }
        let addresses = Set(more.map(\.address))
        return .unreachable(.unreachable(troubles.filter { !addresses.contains($0.address) } + more))
    }
}

extension ClientError {
    fileprivate func troubles(at address: NodeAddress) -> [Trouble] {
        switch self {
        case .unreachable(let troubles): troubles
        case .timedOut(let address): [Trouble(address: address, reason: "no answer in time")]
        case .closed: [Trouble(address: address, reason: description)]
        }
    }
}
