/// What operators ask.
extension Group {
    mutating func take(_ request: AdminRequest, ticket: Ticket, into step: inout Step) {
        switch request {
        case .change(let change): take(change, ticket: ticket, into: &step)
        case .transferLead(let node): transferLead(to: node, ticket: ticket, into: &step)
        case .takeSnapshot: takeSnapshot(ticket: ticket, into: &step)
        case .describeLog: step.respond(ticket, .admin(.described(description)))
        case .readSlots(let from):
            guard from > floor else {
                step.respond(ticket, .refused(.gone))
                return
            }
            guard from <= acceptor.chosenThrough else {
                step.respond(ticket, .admin(.slots([], chosenThrough: acceptor.chosenThrough)))
                return
            }
            read(.slots(from: from, through: acceptor.chosenThrough), for: ticket, into: &step)
        case .tail(let from, let waitingTicks):
            takeTail(from: from, waitingTicks: waitingTicks, ticket: ticket, into: &step)
        case .readChunks(let header, let from):
            guard header.chunkCount > from else {
                step.respond(ticket, .refused(.gone))
                return
            }
            read(.chunks(header, from: from), for: ticket, into: &step)
        }
    }

    /// What is read for clients is held in memory: one too many is to ask again.
    private func read(_ content: LogRead.Content, for ticket: Ticket, into step: inout Step) {
        if !step.read(content, of: id, for: ticket) { step.respond(ticket, .busy) }
    }

    /// The response for what the store has read.
    public func response(_ result: LogReadResult, for content: LogRead.Content) -> ClientResponse {
        switch (result, content) {
        case (.slots(let decided), _) where !decided.isEmpty:
            .admin(.slots(decided, chosenThrough: acceptor.chosenThrough))
        case (.executed(let decided, let unexecuted), _) where !decided.isEmpty:
            .admin(
                .executed(
                    ExecutedSlots(
                        decided: decided, unexecuted: unexecuted, chosenThrough: acceptor.chosenThrough)))
        case (.unknown(let first), _): .admin(.logBegins(at: first))
        // Deleted since the question was taken.
        case (.executed, .executed(let from, _)) where from <= floor: .admin(.logBegins(at: floor.next))
        case (.chunks(let chunks), _) where !chunks.isEmpty: .admin(.chunks(chunks))
        case (.slots, _), (.executed, _), (.chunks, _): .refused(.gone)
        }
    }

    private var description: LogDescription {
        LogDescription(
            configuration: configurations.latest, floor: floor, chosenThrough: acceptor.chosenThrough,
            chain: replica.chain, snapshot: snapshot)
    }

    /// A change of the members enters the log only when something of this ballot was chosen (invariant ConfigAtSlot):
    /// until then whoever asks is to ask again, and a no-op sees to it.
    private mutating func take(_ change: ConfigurationChange, ticket: Ticket, into step: inout Step) {
        guard let leader else {
            step.respond(ticket, .notLeader(leader: knownLeader))
            return
        }
        guard leader.isReady, leader.hasChosen else {
            self.leader?.wantsNoOp = true
            step.respond(ticket, .busy)
            return
        }
        if let refusal = refusal(of: change) {
            step.respond(ticket, .admin(.changeRefused(refusal)))
            return
        }
        takeEntry(
            .change(change), payloadBytes: Member.maximumAddressBytes, ticket: ticket, into: &step)
    }

    private mutating func transferLead(to wanted: NodeID?, ticket: Ticket, into step: inout Step) {
        guard let leader else {
            step.respond(ticket, .notLeader(leader: knownLeader))
            return
        }
        if wanted == node {
            step.respond(ticket, .admin(.handedOver(to: node)))
            return
        }
        let candidates = wanted.map { [$0] } ?? configurations.latest.voters.filter { $0 != node }
        let close = candidates.filter {
            configurations.latest.index(of: $0) != nil && isClose($0, leader)
        }
        guard
            let successor = leader.followers.successor(
                of: close, atTick: now, within: limits.electionTicks)
        else {
            step.respond(ticket, .refused(.noSuccessor))
            return
        }
        step.respond(ticket, .admin(.handedOver(to: successor)))
        handOver(to: successor, into: &step)
    }

    private mutating func takeSnapshot(ticket: Ticket, into step: inout Step) {
        guard !isTakingSnapshot, replica.executedThrough > snapshot?.slot ?? .zero else {
            step.respond(ticket, .refused(.noSnapshot))
            return
        }
        captureNow()
        step.respond(ticket, .admin(.takingSnapshot(through: replica.executedThrough)))
    }
}
