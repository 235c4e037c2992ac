import Testing

@testable import Paxos

/// The words that scenarios are told in.
extension TestCluster {
    // MARK: The network

    /// Nothing passes in either direction between `number` and the others, or some of them.
    func isolate(_ number: UInt16, from others: [UInt16]? = nil) {
        for other in nodes where other.id.rawValue != number && others?.contains(other.id.rawValue) ?? true {
            cut(from: number, to: other.id.rawValue)
            cut(from: other.id.rawValue, to: number)
        }
    }

    func cut(from: UInt16, to: UInt16) { network.setCut(true, from: NodeID(from), to: NodeID(to)) }
    func mend(from: UInt16, to: UInt16) { network.setCut(false, from: NodeID(from), to: NodeID(to)) }
    func hold(from: UInt16, to: UInt16) { network.setHeld(true, from: NodeID(from), to: NodeID(to)) }
    func unhold(from: UInt16, to: UInt16) { network.setHeld(false, from: NodeID(from), to: NodeID(to)) }

    /// Takes what is on its way between two nodes, to be delivered later or never.
    func intercept(from: UInt16? = nil, to: UInt16? = nil) -> [Packet] {
        network.take {
            (from == nil || $0.from.rawValue == from) && (to == nil || $0.to.rawValue == to)
                && $0.from != $0.to
        }
    }

    // MARK: Leaders

    /// Nodes that believe they lead and may propose.
    var leaders: [UInt16] {
        nodes.filter { $0.group?.isLeading == true }.map(\.id.rawValue)
    }

    /// The one leader of the highest ballot; nil if there is none.
    var leader: UInt16? {
        nodes.filter { $0.group?.isLeading == true }
            .max { $0.group?.leader?.ballot ?? .zero < $1.group?.leader?.ballot ?? .zero }?.id.rawValue
    }

    /// Makes `number` the leader: the others hear of nobody for an election timeout, and only its clock
    /// goes on then. For a cluster whose leader is gone or was never there.
    func elect(
        _ number: UInt16, unless isDone: (TestCluster) -> Bool = { _ in false },
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let others = nodes.map(\.id.rawValue).filter { $0 != number && self[$0].isUp }
        for _ in 0..<limits.electionTicks {
            for other in others { handle(.tick, at: self[other]) }
            // Whoever loses patience as well is not heard.
            _ = network.take {
                if case .preVote = $0.message { $0.from.rawValue != number } else { false }
            }
        }
        for _ in 0..<10 * limits.electionTicks {
            if self[number].group?.isLeading == true || isDone(self) { return }
            tick(only: [number])
        }
        Issue.record("node \(number) is not elected [seed \(seed)]", sourceLocation: sourceLocation)
    }

    /// Lets the cluster find any leader that can commit.
    @discardableResult
    func electAny(within bound: Int = 200, sourceLocation: SourceLocation = #_sourceLocation) -> UInt16 {
        run(within: bound, "a leader", sourceLocation: sourceLocation) { $0.leader != nil }
        return leader ?? 1
    }

    // MARK: Clients

    /// Hands in a request and waits for its response.
    func ask(
        _ request: ClientRequest, of number: UInt16, within bound: Int = 100,
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> ClientResponse? {
        let ticket = submit(request, to: number)
        run(within: bound, "a response", sourceLocation: sourceLocation) { $0.responses[ticket] != nil }
        return responses[ticket]
    }

    @discardableResult
    func openSession(
        at number: UInt16, sourceLocation: SourceLocation = #_sourceLocation
    ) -> TestSession {
        guard case .opened(let id) = ask(.openSession, of: number, sourceLocation: sourceLocation) else {
            Issue.record("no session is opened [seed \(seed)]", sourceLocation: sourceLocation)
            return TestSession(id: SessionID(rawValue: 0))
        }
        return TestSession(id: id)
    }

    /// Writes `text` and waits for the reply.
    @discardableResult
    func write(
        _ text: String, in session: inout TestSession, at number: UInt16,
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> ClientResponse? {
        ask(session.command(text), of: number, sourceLocation: sourceLocation)
    }

    static func read(_ consistency: ReadConsistency = .linearizable) -> ClientRequest {
        .query(payload: [], consistency: consistency)
    }

    // MARK: The end

    func items(on number: UInt16) -> [String] {
        (self[number].group?.replica.machine as? ListMachine)?.items
            .map { String(decoding: $0, as: UTF8.self) } ?? []
    }

    func register(on number: UInt16) -> String {
        String(
            decoding: (self[number].group?.replica.machine as? RegisterMachine)?.value ?? [], as: UTF8.self)
    }

    /// Those who belong to the cluster, by the log.
    var members: [TestNode] { judge.members.map { node($0.node) } }

    /// Whether every member is up and has executed the same log, all that was decided.
    var isConverged: Bool {
        members.allSatisfy { $0.group?.replica.executedThrough == judge.chosenThrough }
            && !judge.isDecided(judge.chosenThrough.next)
            && leader != nil
    }

    /// Heals everything, and waits until all nodes agree.
    @discardableResult
    func converge(within bound: Int = 400, sourceLocation: SourceLocation = #_sourceLocation) -> Int {
        network.heal()
        for node in nodes {
            node.isDiskStuck = false
            // Those who left do no harm either.
            if !node.isUp, node.lives > 0 || members.contains(where: { $0 === node }) {
                restart(node.id.rawValue)
            }
        }
        let elapsed = run(within: bound, "convergence", sourceLocation: sourceLocation) { $0.isConverged }
        let states = members.map { $0.group?.replica.machine.digest() }
        if !states.allSatisfy({ $0 == states.first }) {
            Issue.record("states differ [seed \(seed)]", sourceLocation: sourceLocation)
        }
        return elapsed
    }
}

/// A client's session, as far as scenarios need one: each command acknowledges all before it, unless told
/// otherwise.
struct TestSession {
    let id: SessionID
    private(set) var sequence: UInt64 = 0

    init(id: SessionID) { self.id = id }

    /// The next command.
    mutating func command(_ text: String) -> ClientRequest {
        sequence += 1
        return command(text, sequence: sequence, firstUnacknowledged: sequence)
    }

    /// Any command.
    func command(_ text: String, sequence: UInt64, firstUnacknowledged: UInt64 = 1) -> ClientRequest {
        .command(
            session: id, sequence: sequence, firstUnacknowledged: firstUnacknowledged,
            payload: Array(text.utf8)[...])
    }
}
