import DecreeSimulator
import Paxos
import Synchronization

/// Which versions of a register clients were told that they had made.
final class ToldVersions: Sendable {
    private let makers = Mutex<[UInt64: [[UInt8]]]>([:])

    /// Takes a run's history.
    func take(_ history: [Operation]) {
        makers.withLock { makers in
            for operation in history {
                guard let command = operation.command, let reply = operation.reply, !reply.isRejected,
                    let version = RegisterWorkload.version(reply)
                else { continue }
                makers[version, default: []].append(Array(command.dropFirst(8)))
            }
        }
    }

    var successes: Int { makers.withLock { $0.count } }
    var isEachVersionOneClients: Bool { makers.withLock { $0.values.allSatisfy { $0.count == 1 } } }
}
