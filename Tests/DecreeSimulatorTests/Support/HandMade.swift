import Bank
import DecreeSimulator
import Paxos

/// A run made by hand: a log and what clients were told of it, in accord until a test spoils one of them.
struct HandMade {
    /// Slots from 1, the first of which opens two sessions.
    var slots: [Proposal] = []
    var history: [DecreeSimulator.Operation] = []
    /// What the nodes have executed; differs from the log only where a test says so.
    private(set) var bank = Bank()
    private var sequences: [Int: UInt64] = [:]
    private(set) var time: UInt64 = 0

    static let sessions = [
        SessionID(openedAt: LogPosition(slot: Slot(1), index: 0)),
        SessionID(openedAt: LogPosition(slot: Slot(1), index: 1)),
    ]

    /// Two accounts, some transfers, a rejection, reads: everything as it should be.
    init() {
        append([.openSession, .openSession])
        write(0, .open(.a, balance: 100))
        write(1, .open(.b, balance: 50))
        write(0, .transfer(from: .a, to: .b, amount: 30))
        write(1, .withdraw(.b, amount: 1_000))
        read(0, .balance(.a))
        write(1, .deposit(.b, amount: 7))
        read(1, .total)
    }

    var last: Slot { Slot(UInt64(slots.count)) }

    // MARK: The log

    mutating func append(_ entries: [Entry]) {
        var builder = ProposalBuilder()
        for entry in entries { builder.append(entry) }
        slots.append(entries.isEmpty ? .noOp : builder.build())
    }

    func entry(
        _ client: Int, _ command: BankCommand, sequence: UInt64, firstUnacknowledged: UInt64 = 1
    ) -> Entry {
        .command(
            session: Self.sessions[client], sequence: sequence, firstUnacknowledged: firstUnacknowledged,
            payload: command.bytes[...])
    }

    mutating func nextSequence(_ client: Int) -> UInt64 {
        sequences[client, default: 0] += 1
        return sequences[client, default: 0]
    }

    /// Executes a command as nodes do, whatever the log says.
    @discardableResult
    mutating func execute(_ command: BankCommand) -> Reply {
        bank.execute(command.bytes[...], at: LogPosition(slot: last, index: 0))
    }

    // MARK: The history

    /// A command that is chosen in a slot of its own, executed and acknowledged.
    mutating func write(_ client: Int, _ command: BankCommand) {
        let sequence = nextSequence(client)
        append([entry(client, command, sequence: sequence)])
        let receipt = Receipt(
            session: Self.sessions[client], sequence: sequence,
            position: LogPosition(slot: last, index: 0))
        record(client, command, Self.outcome(execute(command), receipt))
    }

    mutating func read(_ client: Int, _ query: BankQuery) {
        let receipt = Receipt(executedThrough: last, consistency: .linearizable)
        record(client, query, Self.outcome(bank.query(query.bytes[...]), receipt))
    }

    /// Something that was asked after all before it had its outcome.
    mutating func record(_ client: Int, _ command: BankCommand, _ outcome: Outcome) {
        record(client, .command(command.bytes), outcome)
    }

    mutating func record(
        _ client: Int, _ query: BankQuery, _ outcome: Outcome, consistency: ReadConsistency = .linearizable
    ) {
        record(client, .query(query.bytes, consistency), outcome)
    }

    mutating func record(_ client: Int, _ request: DecreeSimulator.Operation.Request, _ outcome: Outcome) {
        time += 10
        history.append(
            Operation(
                client: client, number: history.count + 1, request: request, invoked: time,
                completed: time + 5, outcome: outcome))
    }

    /// Changes an outcome after the fact.
    mutating func spoil(_ index: Int, _ outcome: Outcome) {
        let old = history[index]
        history[index] = Operation(
            client: old.client, number: old.number, request: old.request, invoked: old.invoked,
            completed: old.completed ?? old.invoked, outcome: outcome)
    }

    static func outcome(_ reply: Reply, _ receipt: Receipt) -> Outcome {
        reply.isRejected ? .rejected(reason: reply.text, receipt) : .ok(reply: reply.bytes, receipt)
    }

    // MARK: The judgement

    /// The log as a node's store holds it.
    func copy(_ node: Int, _ slots: [Proposal]? = nil) -> LogCopy {
        var chain = Digest.zero
        var copy = LogCopy(node: node)
        for (index, proposal) in (slots ?? self.slots).enumerated() {
            let slot = Slot(UInt64(index + 1))
            chain = chain.chained(slot, proposal.digest)
            copy.rows.append(LogCopy.Row(slot: slot, proposal: proposal, chain: chain))
        }
        return copy
    }

    var chosen: [ChosenSlot] {
        slots.enumerated().map { ChosenSlot(Slot(UInt64($0.offset + 1)), $0.element) }
    }

    /// What three nodes say that have executed the whole log.
    var states: [NodeState] {
        (1...3).map { node in
            NodeState(
                node: node, executedThrough: last, chain: copy(node).rows.last?.chain ?? .zero,
                digest: bank.digest())
        }
    }

    /// Judges it; by what the nodes have said of themselves unless something else is given.
    func check(
        _ states: [NodeState]? = nil, machine: (any StateMachine)? = Bank(),
        configuration: Configuration? = nil
    ) -> HistoryCheck {
        HistoryCheck(
            history, log: chosen, model: BankModel(), machine: machine, states: states ?? self.states,
            configuration: configuration, wording: .bank)
    }
}

extension HistoryCheck {
    /// The kinds of violations found.
    var kinds: Set<Violation.Kind> { Set(violations.map(\.kind)) }
}

extension AccountName {
    static let a = named("a")
    static let b = named("b")

    static func named(_ text: String) -> AccountName {
        do {
            return try AccountName(text)
        } catch {
            preconditionFailure("\(text) is a name")
        }
    }
}
