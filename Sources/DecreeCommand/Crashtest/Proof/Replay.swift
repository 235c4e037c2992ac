import Bank
import Paxos

/// The log, executed by the model: which entry has an effect, and which.
struct Replay {
    /// A client's name for a command.
    struct CommandID: Hashable {
        let session: SessionID
        let sequence: UInt64
    }

    /// A command as it stands in the log.
    struct Entry {
        let id: CommandID
        let payload: ArraySlice<UInt8>
    }

    /// The one execution of a command.
    struct Effect {
        let position: LogPosition
        let command: BankCommand
        let result: BankResult
    }

    private(set) var bank = ModelBank()
    private var sessions = ModelSessions()
    /// Every command in the log, with or without effect.
    private(set) var entries: [LogPosition: Entry] = [:]
    private(set) var effects: [CommandID: Effect] = [:]
    /// Where each command had an effect. Clients send none twice, so more than one place is one too many.
    private(set) var positions: [BankCommand: [LogPosition]] = [:]
    /// The state a node's own bank comes to, given what the model executes.
    private(set) var nodeBank = Bank()
    private(set) var violations: [Violation] = []

    /// Executes a log. `afterSlot` sees the model after each slot, and before the first.
    init(_ log: LogCopy, afterSlot: (Slot, ModelBank) -> Void = { _, _ in }) {
        afterSlot(.zero, bank)
        for row in log.rows {
            execute(row)
            afterSlot(row.slot, bank)
        }
    }

    private mutating func execute(_ row: LogCopy.Row) {
        var entries = row.proposal.entries
        var index: UInt32 = 0
        while let entry = entries.next() {
            execute(entry, at: LogPosition(slot: row.slot, index: index))
            index += 1
        }
        if entries.isMalformed {
            violations.append(Violation(.logs, "slot \(row.slot) holds bytes that are no batch"))
        }
    }

    private mutating func execute(_ entry: Paxos.Entry, at position: LogPosition) {
        guard case .command(let session, let sequence, let firstUnacknowledged, let payload) = entry else {
            sessions.open(at: position)
            return
        }
        let id = CommandID(session: session, sequence: sequence)
        entries[position] = Entry(id: id, payload: payload)
        guard
            sessions.admits(
                session.rawValue, sequence: sequence, firstUnacknowledged: firstUnacknowledged)
        else { return }
        do throws(BankRejection) {
            let command = try BankCommand(bytes: payload)
            effects[id] = Effect(position: position, command: command, result: bank.execute(command))
            positions[command, default: []].append(position)
            _ = nodeBank.execute(payload, at: position)
        } catch {
            violations.append(Violation(.ghost, "nobody submitted the bytes at \(position): \(error)"))
        }
    }
}
