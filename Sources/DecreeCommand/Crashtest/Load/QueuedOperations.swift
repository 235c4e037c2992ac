import Bank
import DecreeClient
import DecreeSimulator
import Paxos
import Synchronization

/// Operations that are asked of one node alone, and wait there while it is paused. Clients that know all
/// nodes turn to another; these cannot. So a leader that wakes up in another's time finds reads and writes
/// that it must not answer as if it still led.
final class QueuedOperations: Sendable {
    private struct State {
        var asked = 0
        var answered = 0
        var tasks: [Task<Void, Never>] = []
    }

    private let configuration: DecreeClient.Configuration
    private let firstClient: Int
    private let settings: LoadSettings
    private let history: History
    private let state = Mutex(State())

    /// - Parameter configuration: what all lines have in common; each has one node's address for its own.
    init(configuration: DecreeClient.Configuration, settings: LoadSettings, history: History) {
        self.configuration = configuration
        self.settings = settings
        self.history = history
        // Behind those of the load, and the one who reads everything in the end.
        firstClient = settings.lanes + 1
    }

    var asked: Int { state.withLock { $0.asked } }

    /// Waits for all outcomes. How many were answers.
    func answered() async -> Int {
        for task in state.withLock({ $0.tasks }) { await task.value }
        return state.withLock { $0.answered }
    }

    /// A connection to one node.
    final class Line: Sendable {
        fileprivate let client: DecreeClient
        fileprivate let session: Session
        fileprivate let tasks = Mutex<[Task<Void, Never>]>([])
        private let queue: QueuedOperations

        fileprivate init(client: DecreeClient, queue: QueuedOperations) {
            self.client = client
            self.queue = queue
            session = client.session()
        }

        /// Asks for the total, for an account and for a new account, each as a client of its own, and does not
        /// wait.
        func ask(within time: Duration) {
            for kind in 0..<3 {
                let number = queue.nextClient()
                let task = Task { await self.queue.perform(kind, as: number, on: self.session, within: time) }
                tasks.withLock { $0.append(task) }
            }
        }
    }

    /// Connects, and has a session opened. Whether the node still leads will show.
    func line(to address: NodeAddress) async -> Line {
        var configuration = configuration
        configuration.nodes = [address]
        configuration.connections = 1
        let line = Line(client: DecreeClient(configuration), queue: self)
        await perform(2, as: nextClient(), on: line.session, within: .seconds(2))
        return line
    }

    /// Lets go of a line when it has all its outcomes.
    func close(_ line: Line) {
        let tasks = line.tasks.withLock { $0 }
        let end = Task {
            for task in tasks { await task.value }
            await line.client.close()
        }
        state.withLock { $0.tasks.append(end) }
    }

    private func nextClient() -> Int {
        state.withLock { state in
            defer { state.asked += 1 }
            return firstClient + state.asked
        }
    }

    private func perform(_ kind: Int, as client: Int, on session: Session, within time: Duration) async {
        let request: DecreeSimulator.Operation.Request =
            switch kind {
            case 0: .query(BankQuery.total.bytes, .linearizable)
            case 1:
                .query(
                    BankQuery.balance(CrashWorkload.account(client % settings.accounts)).bytes, .linearizable)
            // No other command of the run is like it.
            default:
                .command(
                    BankCommand.open(CrashWorkload.name("queued-\(client)"), balance: Int64(client)).bytes)
            }
        let invoked = History.now()
        let outcome = await session.ask(request, deadline: time)
        history.append(
            Operation(
                client: client, number: 1, request: request, invoked: invoked, completed: History.now(),
                outcome: outcome))
        if outcome.isAnswered { state.withLock { $0.answered += 1 } }
    }
}
