import Bank
import DecreeClient
import Foundation
import Paxos

/// What became of everything that clients were told, after all nodes were killed (kill -9) at once under the load and
/// started again.
struct BenchProof: Codable, Sendable, Hashable {
    /// Requests that were answered.
    var acknowledged: UInt64 = 0
    /// Of these, found in the log at the position that was told, with the session, the sequence and the bytes that were
    /// sent.
    var found: UInt64 = 0
    /// Of these, in slots that were deleted, for a snapshot stands for them: the balances tell.
    var behindSnapshots: UInt64 = 0
    /// Requests of which nobody knows what became of them, and those of them that the log holds.
    var unknown: UInt64 = 0
    var unknownDone: UInt64 = 0
    /// Accounts whose balance was compared; 0 where the work moves no money.
    var accounts: UInt64 = 0
    /// Requests that were answered, and are not where they were told to be.
    var lost: UInt64 = 0
    /// Accounts that do not hold what they must.
    var wrongAccounts: UInt64 = 0
    /// What is wrong, the first few.
    var violations: [String] = []

    private static let violationLimit = 8

    mutating func complain(_ text: @autoclosure () -> String) {
        if violations.count < Self.violationLimit { violations.append(text()) }
    }
}

/// Holds what clients were told against the log and the accounts.
struct BenchProver {
    let client: DecreeClient
    let workload: Workload
    /// Where each account stands among the workload's.
    private let places: [AccountName: Int]
    private let placesByNumber: [AccountNumber: Int]

    init(client: DecreeClient, workload: Workload) {
        self.client = client
        self.workload = workload
        places = Dictionary(uniqueKeysWithValues: workload.accounts.enumerated().map { ($1, $0) })
        placesByNumber = Dictionary(uniqueKeysWithValues: workload.numbers.enumerated().map { ($1, $0) })
    }

    /// The log as a node tells it, and from where on it is kept.
    struct Log {
        var floor = Slot.zero
        var slots: [Slot: [Entry]] = [:]
        /// Of the requests of which nobody knows what became of them, those that it holds.
        var done: Set<Name> = []
    }

    /// What a request is called in the log.
    struct Name: Hashable {
        let session: SessionID
        let sequence: UInt64
    }

    /// What each account holds, in the workload's order; none where the work moves no money.
    func balances() async throws -> [Int64] {
        guard workload.work == .bank else { return [] }
        return try await workload.ask(client, { .balance($0) }) { result in
            if case .balance(let balance) = result { balance } else { nil }
        }
    }

    /// Proves a load that was struck. `seeds` are the clients', by number; `before` the balances before it.
    func prove(
        _ told: Acknowledgements, seeds: [UInt64], before: [Int64], at address: NodeAddress
    ) async throws -> BenchProof {
        let log = try await read(above: told, at: address)
        var (proof, changes) = judge(told, seeds: seeds, log)
        try await compare(before, changes, &proof)
        if proof.acknowledged == 0 { proof.complain("nothing was acknowledged, so nothing is proved") }
        return proof
    }

    /// Holds what clients were told against the log. What each account has gained or lost by it, too.
    func judge(
        _ told: Acknowledgements, seeds: [UInt64], _ log: Log
    ) -> (proof: BenchProof, changes: [Int64]) {
        var proof = BenchProof()
        var byClient: [[Acknowledgements.One]] = Array(repeating: [], count: seeds.count)
        for one in told.all { byClient[Int(one.client)].append(one) }
        var changes = [Int64](repeating: 0, count: workload.accounts.count)
        for (client, ones) in byClient.enumerated() {
            var requests = workload.requests(seed: seeds[client])
            var made = 0
            for one in ones.sorted(by: { $0.request < $1.request }) {
                while made < one.request {
                    _ = requests.next()
                    made += 1
                }
                let payload = requests.next().payload
                made += 1
                if judge(one, payload, log, &proof) { apply(payload, to: &changes) }
            }
        }
        return (proof, changes)
    }

    /// Holds one request against the log. Returns whether it moved money.
    private func judge(
        _ one: Acknowledgements.One, _ payload: ArraySlice<UInt8>, _ log: Log, _ proof: inout BenchProof
    ) -> Bool {
        guard let position = one.position else {
            proof.unknown += 1
            guard log.done.contains(Name(session: one.session, sequence: one.sequence)) else { return false }
            proof.unknownDone += 1
            return true
        }
        proof.acknowledged += 1
        guard position.slot > log.floor else {
            proof.behindSnapshots += 1
            return one.isDone
        }
        let entries = log.slots[position.slot] ?? []
        let entry = Int(position.index) < entries.count ? entries[Int(position.index)] : nil
        guard let entry, entry.name == Name(session: one.session, sequence: one.sequence),
            entry.payload?.elementsEqual(payload) == true
        else {
            proof.lost += 1
            proof.complain(
                "lost: sequence \(one.sequence) of session \(one.session), told to stand at \(position), is not there"
            )
            return one.isDone
        }
        proof.found += 1
        return one.isDone
    }

    private func apply(_ payload: ArraySlice<UInt8>, to changes: inout [Int64]) {
        guard !changes.isEmpty else { return }
        func move(_ amount: Int64, from: Int?, to: Int?) {
            guard let from, let to else { return }
            changes[from] -= amount
            changes[to] += amount
        }
        switch try? BankCommand(bytes: payload) {
        case .transfer(let from, let to, let amount): move(amount, from: places[from], to: places[to])
        case .transfers(let transfers):
            for one in transfers.all {
                move(one.amount, from: placesByNumber[one.from], to: placesByNumber[one.to])
            }
        default: break
        }
    }

    /// Every account must hold what it held, and what was acknowledged, once. (No transfer is refused for want of
    /// money: an unknown one would have to be judged by the machine, else.)
    private func compare(_ before: [Int64], _ changes: [Int64], _ proof: inout BenchProof) async throws {
        guard !before.isEmpty else { return }
        for (index, balance) in try await balances().enumerated() {
            proof.accounts += 1
            let due = before[index] + changes[index]
            guard balance != due else { continue }
            proof.wrongAccounts += 1
            proof.complain(
                "\(workload.accounts[index]) holds \(balance), and by what was acknowledged it must be \(due)"
            )
        }
    }

    /// Reads what is kept of the log, from the first slot that somebody was told of.
    private func read(above told: Acknowledgements, at address: NodeAddress) async throws -> Log {
        var log = Log()
        let positions = told.all.compactMap(\.position)
        let described = try await describe(through: positions.map(\.slot).max() ?? .zero, at: address)
        let unknown = Set(
            told.all.filter { $0.position == nil }.map { Name(session: $0.session, sequence: $0.sequence) })
        let first = positions.map(\.slot).min() ?? described.chosenThrough
        log.floor = described.floor
        var next = max(first, described.floor.next)
        while next <= described.chosenThrough {
            guard case .slots(let decided, _) = try await client.admin(.readSlots(from: next), to: address),
                let last = decided.last?.slot
            else { throw ToolError(.checkFailed, "node \(address) does not tell slot \(next)") }
            for decided in decided {
                let entries = Array(decided.proposal.entries)
                log.slots[decided.slot] = entries
                for name in entries.compactMap(\.name) where unknown.contains(name) { log.done.insert(name) }
            }
            next = last.next
        }
        return log
    }

    /// How the log stands at a node, when it has had time to learn what was told to stand in slots through `slot`.
    private func describe(through slot: Slot, at address: NodeAddress) async throws -> LogDescription {
        let end = ContinuousClock.now + .seconds(10)
        while true {
            guard case .described(let log) = try await client.admin(.describeLog, to: address) else {
                throw ToolError(.checkFailed, "node \(address) does not say how its log stands")
            }
            if log.chosenThrough >= slot || ContinuousClock.now > end { return log }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}

extension Entry {
    /// What a session's entry is called; nil for others.
    fileprivate var name: BenchProver.Name? {
        switch self {
        case .command(let session, let sequence, _, _), .batch(let session, let sequence, _, _):
            BenchProver.Name(session: session, sequence: sequence)
        case .openSession, .change: nil
        }
    }

    fileprivate var payload: ArraySlice<UInt8>? {
        switch self {
        case .command(_, _, _, let payload), .batch(_, _, _, let payload): payload
        case .openSession, .change: nil
        }
    }
}
