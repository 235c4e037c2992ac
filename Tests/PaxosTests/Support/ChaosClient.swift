@testable import Paxos

/// A client in a storm: one session, a few commands and reads at once, each asked again, of any node,
/// until it is answered; and what its answers must be.
struct ChaosClient {
    private struct Operation {
        let sequence: UInt64
        let item: String
        var ticket: Ticket?
    }

    private struct Read {
        let ticket: Ticket
        /// How many items were acknowledged, or seen by an answered read, before it was asked.
        let atLeast: Int
    }

    let number: Int
    private var session: TestSession?
    private var opening: Ticket?
    private var nextSequence: UInt64 = 1
    private var open: [Operation] = []
    private var read: Read?
    /// Where each acknowledged item stands, as the replies said.
    private(set) var acknowledged: [(item: String, place: Int)] = []
    /// Reads answered.
    private(set) var reads = 0

    init(number: Int) { self.number = number }

    var isIdle: Bool { open.isEmpty && opening == nil && read == nil }

    /// Does one thing: asks something new, or asks again.
    mutating func act(on cluster: TestCluster, history: inout ChaosHistory, isDraining: Bool) {
        takeResponses(from: cluster, history: &history)
        var target = UInt16.random(in: 1...UInt16(cluster.nodes.count), using: &cluster.random)
        if Bool.random(using: &cluster.random), let leader = cluster.leader { target = leader }
        guard cluster[target].isUp else { return }
        guard let session else {
            if opening == nil || .random(in: 0..<8, using: &cluster.random) == 0 {
                opening = cluster.submit(.openSession, to: target)
            }
            return
        }
        let choice = Int.random(in: 0..<4, using: &cluster.random)
        if choice == 0, read == nil || Int.random(in: 0..<4, using: &cluster.random) == 0 {
            guard !isDraining || read != nil else { return }
            let ticket = cluster.submit(TestCluster.read(), to: target)
            read = Read(ticket: ticket, atLeast: history.known)
        } else if choice == 1, open.count < 4, !isDraining {
            open.append(Operation(sequence: nextSequence, item: "\(number).\(nextSequence)"))
            nextSequence += 1
            submit(open.count - 1, in: session, to: target, on: cluster)
        } else if let index = open.indices.randomElement(using: &cluster.random) {
            submit(index, in: session, to: target, on: cluster)
        }
    }

    private mutating func submit(
        _ index: Int, in session: TestSession, to target: UInt16, on cluster: TestCluster
    ) {
        let operation = open[index]
        open[index].ticket = cluster.submit(
            session.command(
                operation.item, sequence: operation.sequence,
                firstUnacknowledged: open.first?.sequence ?? operation.sequence), to: target)
    }

    private mutating func takeResponses(from cluster: TestCluster, history: inout ChaosHistory) {
        if let ticket = opening, let response = cluster.responses[ticket] {
            opening = nil
            if case .opened(let id) = response { session = TestSession(id: id) }
        }
        for index in open.indices.reversed() {
            guard let ticket = open[index].ticket, let response = cluster.responses[ticket] else { continue }
            open[index].ticket = nil
            switch response {
            case .executed(let reply, _):
                let place = reply.number ?? -1
                acknowledged.append((open[index].item, place))
                history.known = max(history.known, place + 1)
                open.remove(at: index)
            case .sessionExpired, .alreadyAcknowledged, .refused, .opened, .answered, .admin:
                history.violations.append("\(open[index].item) is answered \(response)")
            case .notLeader, .busy, .leadershipLost: break
            }
        }
        guard let asked = read, let response = cluster.responses[asked.ticket] else { return }
        read = nil
        guard case .answered(let reply, _, _) = response else { return }
        let count = reply.number ?? -1
        reads += 1
        if count < asked.atLeast {
            history.violations.append("ReadFresh: a read saw \(count) items, known were \(asked.atLeast)")
        }
        history.known = max(history.known, count)
    }
}

/// What all clients together know.
struct ChaosHistory {
    /// Items that some client knows to be in the list.
    var known = 0
    var violations: [String] = []
}
