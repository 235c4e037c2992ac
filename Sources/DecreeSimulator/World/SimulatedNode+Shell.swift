import DecreeNode
import DecreeStore
import DecreeWire
import NIOCore
import Paxos

/// A client that waits for a response.
struct Waiter {
    let client: Endpoint
    let life: Int
    /// Whether it lives in this node's process.
    let isResident: Bool
    let connection: Int
    let version: UInt16
    /// Its name for the request.
    let id: UInt64
    let group: GroupID
    /// The ballot that a quorum had promised when the request came.
    let arrivedUnder: Ballot

    init(_ packet: Packet, id: UInt64, group: GroupID, arrivedUnder ballot: Ballot) {
        (client, life, connection) = (packet.from, packet.fromLife, packet.connection)
        version = packet.version
        isResident = false
        self.id = id
        self.group = group
        arrivedUnder = ballot
    }

    /// A client within the process.
    init(_ client: SimulatedClient, id: UInt64, arrivedUnder ballot: Ballot) {
        (self.client, life, connection) = (client.endpoint, client.life, 0)
        version = WireVersion.maximum
        isResident = true
        self.id = id
        group = client.group
        arrivedUnder = ballot
    }
}

extension SimulatedNode: NodeShell {
    func send(
        _ message: Message, in group: GroupID, to peer: NodeID, persistSequence: PersistSequence, sent: UInt64
    ) {
        let place = place(of: peer)
        let isSent = place.map { world.dialled(index, $0).isUp } ?? false
        world.judging(group) { $0.sees(message, from: index, to: place, life: life, isSent: isSent) }
        guard let place else { return }
        if isSent { world.traffic?.sees(message, in: group, to: place) }
        switch message {
        case .fetch: world.counts.fetches += 1
        case .promise(let promise) where promise.parts > 1 && promise.part == 0:
            world.counts.promisesInParts += 1
        case .preVoteReply(let reply) where reply.isGranted && isStuck:
            world.violate(
                .invariant,
                "Converge: node \(id), whose disk has no room, grants a pre-vote for \(reply.ballot)")
        default: break
        }
        var buffer = ByteBufferAllocator().buffer(capacity: 128)
        do throws(WireError) {
            try message.write(
                group: group, persistSequence: persistSequence, sent: sent,
                version: world.dialled(index, place).version,
                into: &buffer)
        } catch {
            world.violate(.invariant, "node \(id) cannot encode \(message): \(error)")
        }
        world.send(buffer, from: index, to: place)
    }

    func send(_ frame: NodeFrame, to peer: NodeID) {
        guard let place = place(of: peer) else { return }
        guard let bytes = encoded(frame, version: world.dialled(index, place).version) else { return }
        world.send(bytes, from: index, to: place)
    }

    func send(_ frame: NodeFrame, on connection: ConnectionID) {
        guard let accepted = accepted.first(where: { $0.id == connection }), let version = accepted.version,
            let bytes = encoded(frame, version: version)
        else { return }
        world.putBack(.frame, bytes, on: accepted, from: self)
    }

    private func encoded(_ frame: NodeFrame, version: UInt16) -> ByteBuffer? {
        var buffer = ByteBufferAllocator().buffer(capacity: 128)
        do throws(WireError) {
            return try frame.write(version: version, into: &buffer) ? buffer : nil
        } catch {
            world.violate(.invariant, "node \(id) cannot encode \(frame): \(error)")
            return nil
        }
    }

    func answer(_ reply: HelloReply, _ verdict: Handshake.Verdict, on connection: ConnectionID) {
        world.answerHello(reply, verdict, on: connection, from: self)
    }

    func close(_ connection: ConnectionID) {
        guard let accepted = accepted.first(where: { $0.id == connection }) else { return }
        self.accepted.removeAll { $0.id == connection }
        world.putBack(.reset, ByteBuffer(), on: accepted, from: self)
    }

    func greetAgain(_ peer: NodeID) {
        if let place = place(of: peer) { world.reconnect(self, to: place) }
    }

    func flushPeers() {}

    func respond(_ responses: [(Ticket, ClientResponse)]) {
        for (ticket, response) in responses {
            guard let waiter = waiters.removeValue(forKey: ticket) else {
                world.violate(.invariant, "node \(id) answers ticket \(ticket.rawValue) twice")
                continue
            }
            world.judging(waiter.group) {
                $0.sees(response, from: index, arrivedUnder: waiter.arrivedUnder)
            }
            if waiter.isResident {
                guard let client = world.caller(waiter.client) as? SimulatedClient,
                    client.life == waiter.life, client.isUp
                else { continue }
                client.receive(response, to: RequestID(rawValue: waiter.id), from: id, world: world)
                continue
            }
            var buffer = ByteBufferAllocator().buffer(capacity: 64)
            do throws(WireError) {
                try ClientFrame.response(id: waiter.id, response).write(
                    version: waiter.version, into: &buffer)
            } catch {
                world.violate(.invariant, "node \(id) cannot encode \(response): \(error)")
            }
            world.answer(
                buffer, from: index, to: waiter.client, life: waiter.life, connection: waiter.connection,
                version: waiter.version)
        }
    }

    func perform(_ job: consuming DiskJob) {
        jobStart = world.now
        switch consume job {
        case .commit(let step, let isLooking):
            rows = step.writes
            world.judgingAll { judge, group in judge.intends(index, rows.concerning(group)) }
            self.job = .commit(step, looking: isLooking)
        case .read(let read): self.job = .read(read)
        case .retry: self.job = .retry
        case .checkpoint: self.job = .checkpoint
        case .verifySnapshot(let verification, let chunks):
            self.job = .verifySnapshot(verification, chunks: chunks)
        case .loadSnapshot(let group, let header): self.job = .loadSnapshot(group, header)
        case .dropSnapshot(let group, let header): self.job = .dropSnapshot(group, header)
        case .trim(let keeping, let rows): self.job = .trim(keeping: keeping, rows: rows)
        case .scrub(let group, let from, let rows): self.job = .scrub(group, from: from, rows: rows)
        case .look: self.job = .look
        case .close(let fence): self.job = .close(fence: fence)
        }
        world.planDiskWork(self)
    }

    func scheduleTurnEnd() { world.planTurnEnd(self) }

    func peerIsUp(_ peer: NodeID) {
        heard[peer] = core?.address(of: peer).flatMap { world.place(at: $0) }
        reach(peer)
    }

    func peersChanged() {
        for node in core?.contacts ?? [] { reach(node) }
    }

    private func reach(_ node: NodeID) {
        if let place = place(of: node) { world.dial(index, to: place) }
    }

    func greetPeersAgain() { world.reconnect(self) }

    func encode(_ capture: Capture, for group: GroupID) {
        encoding = (capture, group)
        workBeside()
    }

    func send(_ request: ClientFrame, to peer: NodeID) -> RequestSending {
        place(of: peer).map { world.send(request, from: self, to: $0) } ?? .unreachable
    }

    func digest(_ state: UndigestedState, of group: GroupID) {
        digesting = (state, group)
        workBeside()
    }

    func decode(_ snapshot: Snapshot, machine: any StateMachine, for group: GroupID) {
        decoding = (snapshot, machine)
        workBeside()
    }

    func note(_ note: NodeNote) {
        world.note(.node, index, note.summary)
        switch note {
        case .snapshotTaken: world.counts.snapshots += 1
        case .snapshotInstalled(let group, _): world.installed(self, group)
        case .rot: world.counts.mended += 1
        case .contradicted(_, let text): world.violate(.invariant, "OneValuePerBallotSlot: \(text)")
        case .snapshotBad, .snapshotRefused, .notServed, .leader, .members, .secondProcess,
            .announcedElsewhere:
            break
        }
    }

    func committed(nanoseconds: UInt64, counters: StoreCounters) {}

    /// Whether its disk has had no room for longer than a tick takes to tell its groups.
    private var isStuck: Bool {
        fullSince.map { world.now - $0 > 20 * tickNanoseconds } ?? false
    }

    func becameReadOnly(_ isReadOnly: Bool) {
        fullSince = isReadOnly ? world.now : nil
        world.note(.node, index, isReadOnly ? "is read-only: its disk is full" : "is writable again")
    }

    func failed(_ failure: NodeFailure) { world.nodeFailed(self, failure) }

    func finished() { world.nodeFinished(self) }
}

extension SimulatedNode {
    /// It is shown how far another's store is.
    func sees(_ sequence: PersistSequence, of node: NodeID) { sightings[node]?.saw(sequence, at: world.now) }

    /// Another has introduced itself.
    func meets(_ hello: Hello) {
        guard hello.role == .peer, let node = hello.node else { return }
        sees(hello.persistSequence, of: node)
        meetings[node]?.saw(1, at: world.now)
    }

    /// It is shown that by a peer: of its own store, and of those that a leader tells of.
    func sees(_ frame: PeerFrame, from peer: NodeID) {
        guard !sightings.isEmpty else { return }
        sees(frame.persistSequence, of: peer)
        guard case .heartbeat(let heartbeat) = frame.message else { return }
        for witness in heartbeat.witnesses { sees(witness.persistSequence, of: witness.node) }
    }
}
