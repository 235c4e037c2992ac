import Bank
import DecreeClient
import NIOCore
import Paxos

/// Does what lines ask of the bank.
struct BankLines: Sendable {
    let sessions: [Session]
    let consistency: ReadConsistency

    @Sendable func perform(
        _ line: LineReader.Line, number: Int, tell: @escaping @Sendable (RunResult) -> Void
    ) {
        guard case .whole(let bytes) = line else {
            return tell(
                RunResult(
                    id: nil,
                    kind: .badLine(
                        number: number,
                        reason:
                            "line \(number) has more than \(LineReader.Form.operations.limitBytes) bytes; it was "
                            + "skipped")))
        }
        let operation: BankOperation
        do throws(BankOperationError) {
            operation = try BankOperation(line: bytes)
        } catch {
            return tell(
                RunResult(
                    id: error.id,
                    kind: error.rejection.map { .impossible($0) }
                        ?? .badLine(number: number, reason: "line \(number): \(error)")))
        }
        let session = sessions[number % sessions.count]
        let id = operation.id
        let invoked = NIODeadline.now()
        switch operation.request {
        case .command(let command):
            session.submit(command.bytes[...]) { outcome in
                tell(
                    RunResult(
                        id: id, kind: .outcome(.command, outcome, invoked: invoked, completed: .now())))
            }
        case .query(let query):
            let kind: RunResult.Operation = if case .total = query { .total } else { .balance }
            session.query(query.bytes[...], consistency: consistency) { outcome in
                tell(RunResult(id: id, kind: .outcome(kind, outcome, invoked: invoked, completed: .now())))
            }
        }
    }
}
