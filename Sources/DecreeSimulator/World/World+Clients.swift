import DecreeNode
import DecreeWire
import NIOCore
import Paxos

/// The load: clients that come, ask, rest, and now and then die.
extension World {
    /// A moment that no other operation's beginning or end has: events at one virtual time have an order.
    func stamp() -> UInt64 {
        lastStamp = max(lastStamp + 1, now)
        return lastStamp
    }

    func startClient(_ client: SimulatedClient) {
        // A node that founds its cluster has no clients yet.
        guard !client.isUp, client.home.map({ nodes[$0].core != nil }) ?? true else { return }
        client.start(firstLane: lanesStarted)
        lanesStarted += settings.lanes
        note(.client, nil, detail: UInt64(client.number), "client \(client.number + 1) comes")
        let life = client.life
        plan(.clientTicks(client: client.number, life: life), in: 10 * VirtualTime.millisecond)
        for place in client.lanes.indices {
            plan(
                .laneActs(client: client.number, life: life, lane: place),
                in: network.within(20 * VirtualTime.millisecond))
        }
        if let home = client.home {
            if let genesis = nodes[home].core?.identity.genesis { client.meets(genesis, world: self) }
            client.connected(nodes[home].id, world: self)
        } else {
            for node in nodes { dial(client.endpoint, to: node.index) }
        }
    }

    func clientTicks(_ index: Int, _ life: Int) {
        let client = clients[index]
        guard client.life == life, client.isUp else { return }
        // Where its process is stopped, so is it.
        if client.home.map({ !nodes[$0].isPaused }) ?? true {
            if let home = client.home { reviewLinks(of: client, in: nodes[home]) }
            client.tick(self)
        }
        plan(.clientTicks(client: index, life: life), in: 10 * VirtualTime.millisecond)
    }

    func laneActs(_ index: Int, _ life: Int, _ lane: Int) {
        let client = clients[index]
        guard client.life == life, client.isUp, isLoadOn else { return }
        if let home = client.home, nodes[home].isPaused {
            plan(.laneActs(client: index, life: life, lane: lane), in: 100 * VirtualTime.millisecond)
            return
        }
        client.ask(lane, world: self)
    }

    /// A request goes out over its connection, if that is up. Returns false if the node's build does not know it.
    @discardableResult
    func send(_ frame: ClientFrame, from caller: any Caller, to node: Endpoint) -> Bool {
        guard caller.links[node].isUp else { return true }
        var bytes = ByteBufferAllocator().buffer(capacity: 128)
        do throws(WireError) {
            guard try frame.write(version: caller.links[node].version, into: &bytes) else { return false }
        } catch {
            violate(.invariant, "a request cannot be encoded: \(error)")
        }
        send(bytes, from: caller.endpoint, to: node)
        return true
    }

    func arriveAtClient(_ packet: Packet) {
        let caller = caller(packet.to)
        guard caller.life == packet.toLife, caller.isUp else { return }
        note(
            .client, packet.from, detail: Digest(of: packet.bytes).rawValue,
            "\(name(packet.to)) gets \(describe(packet))")
        switch packet.kind {
        case .helloReply: arriveReply(packet)
        case .reset: connectionBroke(packet.to, packet.from, packet.connection)
        case .hello: break
        case .frame:
            guard caller.links[packet.from].connection == packet.connection,
                caller.links[packet.from].isUp
            else { return }
            var decoder = FrameDecoder(
                expectsHandshake: false, version: caller.links[packet.from].version)
            decoder.append(packet.bytes)
            do throws(WireError) {
                guard case .client(let frame) = try decoder.next() else {
                    throw .unexpected("no node sends this to a client")
                }
                try caller.receive(frame, from: nodes[packet.from].id, world: self)
            } catch {
                connectionBroke(packet.to, packet.from, packet.connection)
            }
        }
    }

    /// A lane has its answer: it rests, then asks again.
    func completed(_ operation: Operation, of client: SimulatedClient, lane: Int) {
        record(operation, in: client.group)
        note(
            .client, nil, detail: UInt64(operation.client),
            "client \(client.number + 1), operation \(operation.number) of \(operation.client): "
                + "\(workload.wording.text(operation))")
        judgeWords(of: operation.outcome, of: client)
        switch operation.outcome {
        case .ok, .rejected: counts.answered += 1
        case .failed: counts.failed += 1
        case .unknown: counts.unknown += 1
        }
        guard isLoadOn else { return }
        // Now and then somebody rests long enough to miss an election.
        let isLong = network.chance(1, in: 16)
        plan(
            .laneActs(client: client.number, life: client.life, lane: lane),
            in: network.within(isLong ? 4 * VirtualTime.second : settings.restNanoseconds))
    }

    // MARK: Signs of life

    /// From now on, only what is asked later counts as a sign of life.
    func mark() {
        markedAt = stamp()
        for client in clients { client.mark() }
    }

    /// Whether everybody who asks has had an answer to something asked since the mark.
    var isServingAll: Bool {
        clients.allSatisfy { client in
            // A client that lives in a process that is broken, or gone, is broken with it; one whose node does not reach
            // the leader has no other way.
            if let home = client.home,
                partition != nil || afflictions[home] != nil || nodes[home].retired != nil
                    || swapped.contains(home)
                    || judge.members.latest.members[judge.id(home)] == nil
            {
                return true
            }
            return client.isUp && client.lanes.allSatisfy { $0.answeredSinceMark > 0 }
        }
    }
}
