import Paxos

/// What was read of a node's log for a backup: how the node said that it stands, the chunks of its snapshot, and the slots
/// behind that.
struct BackupCopy {
    let log: LogDescription
    private var chunks: [[UInt8]] = []
    private(set) var slots: [AcceptedProposal] = []

    init(of log: LogDescription) { self.log = log }

    /// The last slot that it has.
    var end: Slot { slots.last?.slot ?? (lacksChunks ? .zero : log.snapshot?.slot ?? .zero) }

    private var lacksChunks: Bool { chunks.count < log.snapshot?.chunkCount ?? 0 }

    var isComplete: Bool { !lacksChunks && end >= log.chosenThrough }

    /// What to ask for next.
    var nextQuestion: AdminRequest {
        if let header = log.snapshot, lacksChunks { return .readChunks(header, from: UInt32(chunks.count)) }
        return .readSlots(from: end.next)
    }

    mutating func add(_ more: [[UInt8]]) { chunks += more }

    /// What the node knows beyond what it told of is left out.
    mutating func add(_ decided: [AcceptedProposal]) {
        slots += decided.filter { $0.slot <= log.chosenThrough }
    }

    // MARK: Judgement

    /// What is wrong with it; nil if it is the log through its last slot, as the judge saw it chosen, and makes the state
    /// that the nodes had there.
    func flaw(machine: any StateMachine, genesis: Configuration, _ judge: Judge) -> String? {
        var end = Restoration(machine: machine, genesis: genesis)
        if let header = log.snapshot {
            let snapshot = Snapshot(slot: header.slot, chain: header.chain, bytes: Array(chunks.joined()))
            guard snapshot.header == header else {
                return "has chunks that are not those of the snapshot at slot \(header.slot)"
            }
            if let known = judge.snapshots[header.slot.rawValue], known != header {
                return "has another snapshot of slot \(header.slot) than was taken"
            }
            do throws(MachineRestoreError) {
                end = Restoration(try Capture(decoding: snapshot, machine: machine))
            } catch {
                return "has a snapshot that cannot be decoded: \(error)"
            }
        }
        for decided in slots {
            guard decided.slot == end.executedThrough.next else {
                return "has slot \(decided.slot) behind \(end.executedThrough)"
            }
            end.execute(decided.proposal, in: decided.slot)
        }
        return flaw(of: end, judge)
    }

    private func flaw(of end: Restoration, _ judge: Judge) -> String? {
        let through = end.executedThrough
        guard through == log.chosenThrough, through.rawValue <= judge.chosenThrough else {
            return
                "ends at slot \(through); the node told of \(log.chosenThrough), and \(judge.chosenThrough) is chosen"
        }
        guard end.chain == log.chain, end.chain == judge.chains[Int(through.rawValue)] else {
            return
                "has chain \(end.chain) through slot \(through); the node told \(log.chain), and the log has "
                + "\(judge.chains[Int(through.rawValue)])"
        }
        if let state = judge.states[through.rawValue], state != end.state {
            return "makes another state of slot \(through) than the nodes were in"
        }
        let rule = judge.members.known(through: through.rawValue)
        let told = Set(log.configuration.members.map(\.node.rawValue))
        let reckoned = Set(end.configurations.latest.members.map(\.node.rawValue))
        guard told == Set(rule.members.keys), reckoned == told else {
            return
                "has members \(reckoned.sorted()) after slot \(through); the node told \(told.sorted()), and the log has "
                + "\(rule.members.keys.sorted())"
        }
        return nil
    }
}
