import DecreeWire
package import Paxos

/// What is bulky waits for its turn (`LinkFlow`), and the receiver says how far it has come.
extension NodeCore {
    /// Bytes that have come and were not told of: told at once, and fewer at the next tick.
    private static let toldAtOnceBytes: UInt64 = 256 << 10

    /// Sends a message to a peer, or has it wait.
    func dispatch(_ envelope: Envelope) {
        let bytes = LinkFlow.bytes(of: envelope.message)
        guard bytes >= limits.bulkyBytes, flows[envelope.to] != nil else {
            let message = isFlowing ? limited(envelope) : envelope.message
            shell?.send(
                message, in: envelope.group, to: envelope.to, persistSequence: identity.persistSequence,
                sent: 0)
            return
        }
        flows[envelope.to]?.take(envelope.message, in: envelope.group, bytes: bytes, atTick: ticks)
        release(to: envelope.to)
    }

    /// Sends what may leave. Returns whether anything does: it leaves the process with the end of a turn.
    @discardableResult
    private func release(to peer: NodeID) -> Bool {
        let released = flows[peer]?.release(atTick: ticks) ?? []
        for bulk in released {
            shell?.send(
                bulk.message, in: bulk.group, to: peer, persistSequence: identity.persistSequence,
                sent: bulk.sent)
        }
        isFlowing = flows.values.contains(where: \.isUnderway)
        return !released.isEmpty
    }

    /// A message that overtakes accepts says nothing of their slots: the peer would fetch what is on its way to it.
    private func limited(_ envelope: Envelope) -> Message {
        guard let flow = flows[envelope.to] else { return envelope.message }
        switch envelope.message {
        case .heartbeat(let heartbeat):
            let through = flow.limit(heartbeat.chosenThrough, of: heartbeat.ballot, in: envelope.group)
            return .heartbeat(heartbeat.saying(chosenThrough: through))
        case .accept(let accept):
            let through = flow.limit(accept.chosenThrough, of: accept.ballot, in: envelope.group)
            return .accept(accept.saying(chosenThrough: through))
        default: return envelope.message
        }
    }

    /// A link to a peer stands.
    func startFlow(to peer: NodeID) {
        flows[peer] = LinkFlow(
            isCounted: (linkVersions[peer] ?? 0) >= WireVersion.receipts, bulkyBytes: limits.bulkyBytes,
            atTick: ticks)
        isFlowing = flows.values.contains(where: \.isUnderway)
    }

    /// A link to a peer, which stood, is no more: what was on its way is lost.
    package func lost(_ peer: NodeID) {
        flows[peer] = nil
        loseRelays(to: peer)
        isFlowing = flows.values.contains(where: \.isUnderway)
    }

    /// A peer says how far has come what was sent to it.
    func take(received bytes: UInt64, by peer: NodeID) {
        flows[peer]?.received(bytes, atTick: ticks)
        // What takes long keeps its answers from coming, and the peer is there.
        for index in groups.indices { groups[index].handle(.heard(peer), into: &step) }
        if release(to: peer) { scheduleTurnEnd() }
    }

    /// Some of a long message of a peer has come.
    package func arriving(from peer: NodeID, on connection: ConnectionID) {
        guard !isStopping, inbound.isCurrent(connection, of: peer) else { return }
        for index in groups.indices { groups[index].handle(.heard(peer), into: &step) }
        inbound.noteArriving(connection)
    }

    /// Counts what has come of a peer's bulky messages.
    func note(received bytes: UInt64, on connection: ConnectionID) {
        if inbound.note(received: bytes, on: connection) >= Self.toldAtOnceBytes { tellReceived() }
    }

    /// Tells peers what of theirs has come.
    func tellReceived() {
        for (connection, bytes) in inbound.takeReceived() {
            shell?.send(.received(bytes: bytes), on: connection)
        }
    }

    /// What has waited for long, and what has come.
    func tickFlows() {
        tellReceived()
        for peer in flows.keys.sorted() {
            flows[peer]?.tick(atTick: ticks)
            release(to: peer)
        }
    }
}
