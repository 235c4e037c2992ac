import DecreeClient
import DecreeSimulator
import Paxos
import Synchronization

/// Reads the chosen log from the nodes while they run, slot after slot, and keeps all of it: the nodes delete what a
/// snapshot stands for, and the judge wants the whole log.
///
/// What it reads is believed no more than what a client is told. The chain is made anew from slot 1, and in the end
/// every store's rows, and every snapshot, must hang on it.
final class LogTail: Sendable {
    fileprivate struct State {
        var nodes: [Int: NodeAddress] = [:]
        var rows: [LogCopy.Row] = []
        var chain = Digest.zero
        /// The furthest that a node has told.
        var chosenThrough = Slot.zero
        /// Nodes that said that the next slot is gone.
        var gone: Set<Int> = []
        var turn = 0
        /// The latest snapshot that each node has told of; each but the first of them is one more.
        var snapshots: [Int: Slot] = [:]
        var figures = Figures()
    }

    /// What it saw of the nodes' snapshots.
    struct Figures: Sendable {
        /// Snapshots that nodes were seen to have, each node's counted.
        var snapshots = 0
        /// The bytes of all of these.
        var snapshotBytes: UInt64 = 0
        /// The highest floor seen.
        var floor = Slot.zero
        /// How often the clients were held up, so that it could keep pace.
        var holds = 0
    }

    private let client: DecreeClient
    private let state = Mutex(State())
    private let isStopping = Atomic<Bool>(false)

    /// How long a node may take to answer.
    private static let patience = Duration.milliseconds(250)
    /// How far it may be behind before the clients are held up.
    private static let allowance = 256

    init(client: DecreeClient) { self.client = client }

    /// Where those are that run.
    func turn(to nodes: [Int: NodeAddress]) { state.withLock { $0.nodes = nodes } }

    func stop() { isStopping.store(true, ordering: .releasing) }

    /// The last slot it has.
    var through: Slot { state.withLock { $0.through } }

    var figures: Figures { state.withLock { $0.figures } }

    /// Whether the clients should wait.
    var isBehind: Bool {
        state.withLock { $0.through.distance(to: $0.chosenThrough) > Self.allowance }
    }

    func noteHold() { state.withLock { $0.figures.holds += 1 } }

    /// The log so far.
    var copy: LogCopy { state.withLock { LogCopy(node: Self.name, rows: $0.rows) } }

    /// No node has this id: what the judge says of node 0, it says of this.
    static let name = 0

    /// What is wrong: nodes that run, all of them, without the slot that is due.
    var violations: [Violation] {
        state.withLock { state in
            guard !state.nodes.isEmpty, state.gone.isSuperset(of: state.nodes.keys) else { return [] }
            return [
                Violation(
                    .logs,
                    "slot \(state.through.next) was deleted on all nodes before it was read: what it held cannot be "
                        + "judged")
            ]
        }
    }

    /// Reads until it is stopped.
    func run() async {
        var looks = 0
        while !isStopping.load(ordering: .acquiring) {
            guard let (node, address, next) = state.withLock({ $0.ask() }) else {
                try? await Task.sleep(for: .milliseconds(10))
                continue
            }
            if looks % 16 == 0 { await look(at: node, address) }
            looks += 1
            if await !read(from: next, at: node, address) { try? await Task.sleep(for: .milliseconds(10)) }
        }
    }

    /// Whether there was anything new.
    private func read(from next: Slot, at node: Int, _ address: NodeAddress) async -> Bool {
        do throws(AdminError) {
            let answer = try await client.admin(.readSlots(from: next), to: address, deadline: Self.patience)
            guard case .slots(let decided, let through) = answer else { return false }
            return state.withLock { $0.take(decided, through, from: node) }
        } catch {
            state.withLock { state in
                if error == .refused(.gone), state.through.next == next { state.gone.insert(node) }
                state.turn += 1
            }
            return false
        }
    }

    private func look(at node: Int, _ address: NodeAddress) async {
        guard
            case .described(let log)? = try? await client.admin(
                .describeLog, to: address, deadline: Self.patience)
        else { return }
        state.withLock { state in
            state.chosenThrough = max(state.chosenThrough, log.chosenThrough)
            state.figures.floor = max(state.figures.floor, log.floor)
            guard let snapshot = log.snapshot, snapshot.slot > state.snapshots[node] ?? .zero else { return }
            state.snapshots[node] = snapshot.slot
            state.figures.snapshots += 1
            state.figures.snapshotBytes += snapshot.byteCount
        }
    }
}

extension LogTail.State {
    fileprivate var through: Slot { rows.last?.slot ?? .zero }

    /// Whom to ask for what: one as long as it answers, then the next.
    fileprivate mutating func ask() -> (Int, NodeAddress, Slot)? {
        let ids = nodes.keys.sorted()
        guard !ids.isEmpty else { return nil }
        let node = ids[turn % ids.count]
        return nodes[node].map { (node, $0, through.next) }
    }

    fileprivate mutating func take(_ decided: [AcceptedProposal], _ told: Slot, from node: Int) -> Bool {
        chosenThrough = max(chosenThrough, told)
        let before = rows.count
        for row in decided where row.slot == through.next {
            chain = chain.chained(row.slot, Digest(of: row.proposal.bytes))
            rows.append(LogCopy.Row(slot: row.slot, proposal: row.proposal, chain: chain))
        }
        gone = []
        // Each has its turn: all are to be read from, and looked at.
        turn += 1
        return rows.count > before
    }
}

extension LogCopy {
    /// The same, where slots were deleted, hung on the chain of the whole log.
    func linked(to whole: LogCopy, violations: inout [Violation]) -> LogCopy {
        var copy = self
        guard let first = rows.first, first.slot > Slot.zero.next else { return copy }
        copy.floor = first.slot.previous
        guard let chain = whole.chain(at: copy.floor) else {
            violations.append(
                Violation(.logs, "node \(node) begins at slot \(first.slot), and nobody read the one before"))
            return copy
        }
        copy.floorChain = chain
        return copy
    }

    /// The chain through a slot of a copy that holds all of them.
    func chain(at slot: Slot) -> Digest? {
        guard slot > .zero, slot.rawValue <= UInt64(rows.count) else { return nil }
        let row = rows[Int(slot.rawValue) - 1]
        return row.slot == slot ? row.chain : nil
    }
}
