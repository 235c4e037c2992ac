import Bank
import DecreeClient
import DecreeSimulator
import Paxos
import Synchronization

/// Clients at work until they are told to stop.
final class CrashLoad: Sendable {
    private let client: DecreeClient
    private let settings: LoadSettings
    private let history: History
    private let tail: LogTail
    private let isStopping = Atomic<Bool>(false)

    init(client: DecreeClient, settings: LoadSettings, history: History, tail: LogTail) {
        self.client = client
        self.settings = settings
        self.history = history
        self.tail = tail
    }

    func stop() { isStopping.store(true, ordering: .releasing) }

    /// Opens the accounts, then keeps asking. Returns when all have stopped and have their outcomes.
    func run() async {
        let lanes = lanes()
        let ready = await withTaskGroup(of: Lane.self, returning: [Lane].self) { group in
            for lane in lanes { group.addTask { await self.openAccounts(lane) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        await withDiscardingTaskGroup { group in
            for lane in ready { group.addTask { await self.work(lane) } }
        }
    }

    /// One who asks one thing after the other.
    private struct Lane: Sendable {
        let client: Int
        var session: Session
        let isAlone: Bool
        var workload: CrashWorkload
        var count = 0
    }

    private func lanes() -> [Lane] {
        var lanes: [Lane] = []
        for number in 0..<settings.clients {
            let session = client.session()
            let count = settings.lanes(of: number)
            for _ in 0..<count {
                lanes.append(
                    Lane(
                        client: lanes.count, session: session, isAlone: count == 1,
                        workload: CrashWorkload(client: lanes.count, settings: settings)))
            }
        }
        return lanes
    }

    private func openAccounts(_ lane: Lane) async -> Lane {
        var lane = lane
        for command in lane.workload.firstAccounts() {
            await perform(CrashWorkload.Task(request: .command(command), pause: .zero), &lane)
        }
        return lane
    }

    private func work(_ lane: Lane) async {
        var lane = lane
        while !isStopping.load(ordering: .acquiring) {
            let task = lane.workload.next()
            try? await Task.sleep(for: task.pause)
            await waitForTail()
            if task.beginsSession && lane.isAlone { lane.session = client.session() }
            await perform(task, &lane)
        }
    }

    /// Nobody may write faster than the log is read, for the nodes delete it.
    private func waitForTail() async {
        guard tail.isBehind else { return }
        tail.noteHold()
        let end = ContinuousClock.now + .seconds(5)
        while tail.isBehind, ContinuousClock.now < end { try? await Task.sleep(for: .milliseconds(5)) }
    }

    private func perform(_ task: CrashWorkload.Task, _ lane: inout Lane) async {
        lane.count += 1
        let request = task.recorded
        let invoked = History.now()
        let outcome = await lane.session.ask(request, deadline: task.deadline)
        history.append(
            Operation(
                client: lane.client, number: lane.count, request: request, invoked: invoked,
                completed: History.now(), outcome: outcome))
    }

    /// Reads the total and every account once more, when all is quiet.
    func readEverything() async {
        let session = client.session()
        let queries = [BankQuery.total] + (0..<settings.accounts).map { .balance(CrashWorkload.account($0)) }
        for (number, query) in queries.enumerated() {
            let invoked = History.now()
            let outcome = await session.query(query.bytes)
            history.append(
                Operation(
                    client: settings.lanes, number: number + 1, request: .query(query.bytes, .linearizable),
                    invoked: invoked, completed: History.now(), outcome: outcome))
        }
    }
}

extension Session {
    /// Asks what is to stand in the history.
    func ask(_ request: DecreeSimulator.Operation.Request, deadline: Duration?) async -> Outcome {
        switch request {
        case .command(let bytes): return await submit(bytes, deadline: deadline)
        case .batch(let bytes):
            guard let batch = CommandBatch(bytes: bytes[...]) else {
                return .failed(.refused(.malformedBatch))
            }
            return await submit(batch, deadline: deadline)
        case .query(let bytes, let consistency):
            return await query(bytes, consistency: consistency, deadline: deadline)
        }
    }
}
