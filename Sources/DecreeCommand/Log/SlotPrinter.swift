import Bank
import DecreeStore
import Paxos

/// Prints a slot, a line an entry.
struct SlotPrinter {
    let group: GroupID
    let isJSON: Bool

    func write(_ slot: InspectedSlot, to output: inout GatheredOutput) throws {
        guard !slot.proposal.isNoOp else {
            return try write(slot, nil, to: &output, { $0.add("noop", true) }, "no-op")
        }
        var entries = slot.proposal.entries
        var index = 0
        while let entry = entries.next() {
            try write(entry, slot, index, to: &output)
            index += 1
        }
        if entries.isMalformed {
            // Its digest is right, so it is what was proposed; every node executes what stands before.
            try write(slot, index, to: &output, { $0.add("malformed", true) }, "the rest is no batch")
        }
    }

    private func write(
        _ entry: Entry, _ slot: InspectedSlot, _ index: Int, to output: inout GatheredOutput
    ) throws {
        let isUnexecuted = slot.chosen?.unexecuted?.contains(UInt32(index)) == true
        let mark = isUnexecuted ? "  (not executed)" : ""
        switch entry {
        case .openSession:
            let session = SessionID(openedAt: LogPosition(slot: slot.slot, index: UInt32(index)))
            try write(
                slot, index, to: &output, { $0.add("opens", session.description) }, "opens client \(session)")
        case .command(let session, let sequence, _, let payload):
            try write(
                slot, index, to: &output,
                {
                    $0.add("client", session.description)
                    $0.add("sequence", sequence)
                    $0.add("command", json: Self.json(payload))
                    if isUnexecuted { $0.add("unexecuted", true) }
                }, "client \(session) #\(sequence)  \(isJSON ? "" : Self.sentence(payload) + mark)")
        case .batch(let session, let sequence, _, let payload):
            let batch = CommandBatch(bytes: payload)
            try write(
                slot, index, to: &output,
                {
                    $0.add("client", session.description)
                    $0.add("sequence", sequence)
                    $0.add("atomic", batch?.isAtomic ?? false)
                    let commands = batch?.commands ?? [payload]
                    $0.add("commands", json: "[" + commands.map(Self.json).joined(separator: ",") + "]")
                    if isUnexecuted { $0.add("unexecuted", true) }
                },
                "client \(session) #\(sequence)  \(isJSON ? "" : Self.sentence(batch) + mark)")
        case .change(let change):
            try write(slot, index, to: &output, { $0.add("change", change.description) }, "\(change)")
        }
    }

    /// What all lines have in common, and what is said of one.
    private func write(
        _ slot: InspectedSlot, _ index: Int?, to output: inout GatheredOutput,
        _ members: (inout JSONWriter) -> Void, _ text: @autoclosure () -> String
    ) throws {
        let ballot = slot.chosen?.ballot ?? slot.acceptedBallot
        guard isJSON else {
            let place = "\(slot.slot)" + (index.map { ".\($0)" } ?? "")
            let mark = slot.chosen == nil ? "  (accepted)" : ""
            return try output.line("\(place)  ballot \(ballot)  \(text())\(mark)")
        }
        try output.object { line in
            line.add("group", group.rawValue)
            line.add("slot", slot.slot.rawValue)
            if let index { line.add("index", index) }
            line.add("ballot", json: "[\(ballot.round),\(ballot.node?.rawValue ?? 0)]")
            members(&line)
            if slot.chosen == nil { line.add("accepted", true) }
        }
    }

    private static func command(_ payload: ArraySlice<UInt8>) -> BankCommand? {
        try? BankCommand(bytes: payload)
    }

    private static func json(_ payload: ArraySlice<UInt8>) -> String {
        command(payload)?.json ?? #"{"bytes":"\#(payload.hexadecimal)"}"#
    }

    private static func sentence(_ payload: ArraySlice<UInt8>) -> String {
        switch command(payload) {
        case .open(let account, let balance): "open \(account) with \(balance)"
        case .deposit(let account, let amount): "deposit \(amount) to \(account)"
        case .withdraw(let account, let amount): "withdraw \(amount) from \(account)"
        case .transfer(let from, let to, let amount): "transfer \(amount) from \(from) to \(to)"
        case .transfers(let transfers):
            "\(transfers.all.count) \(transfers.isAtomic ? "atomic" : "independent") transfers: "
                + transfers.all.map { "\($0.amount) from #\($0.from) to #\($0.to)" }.joined(separator: ", ")
        case nil: "bytes \(payload.hexadecimal)"
        }
    }

    private static func sentence(_ batch: CommandBatch?) -> String {
        guard let batch else { return "a batch that is none" }
        return "\(batch.isAtomic ? "atomic" : "independent") batch: "
            + batch.commands.map(sentence).joined(separator: "; ")
    }
}
