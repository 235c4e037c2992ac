import DecreeNode
import DecreeWire
import NIOCore
import Paxos

/// Who lets whom in. Nodes dial their peers, clients dial nodes; the handshake is the real one, with its
/// witnesses and its fencing.
extension World {
    func life(of end: Endpoint) -> Int { end < nodes.count ? nodes[end].life : caller(end).life }

    /// Who asks nodes from outside: a client, the operator, or a visitor.
    func caller(_ end: Endpoint) -> any Caller {
        if isVisitor(end) { return visitors[end - nodes.count - clients.count - 1] }
        return end - nodes.count < clients.count ? clients[end - nodes.count] : steward
    }

    func dialled(_ from: Endpoint, _ to: Endpoint) -> Dialled {
        from < nodes.count ? nodes[from].links[to] : caller(from).links[to]
    }

    func setDialled(_ from: Endpoint, _ to: Endpoint, _ dialled: Dialled) {
        if from < nodes.count { nodes[from].links[to] = dialled } else { caller(from).links[to] = dialled }
    }

    // MARK: Dialling

    /// Dials at once, unless that is under way.
    func dial(_ from: Endpoint, to: Endpoint) {
        guard from != to, nodes[to].identity != nil, from >= nodes.count || isLookedFor(to, by: nodes[from])
        else { return }
        // Clients are told of one place a node.
        guard from < nodes.count || place(of: nodes[to].id) == to else { return }
        var link = dialled(from, to)
        guard case .down = link.state else { return }
        var reached: Int? = to
        if from < nodes.count {
            // A node that was not told where the other one is cannot dial it.
            guard let address = nodes[from].core?.nextAddress(of: nodes[to].id) else { return }
            reached = place(at: address)
            if let other = reached, other != to, nodes[other].identity == nodes[to].id {
                // Two machines run that node: it is looked for on this one now.
                nodes[from].heard[nodes[to].id] = other
                dial(from, to: other)
                return
            }
        }
        link.state = .greeting
        link.connection += 1
        setDialled(from, to, link)
        let hello =
            from < nodes.count
            ? nodes[from].core?.hello(to: nodes[to].id) : Hello(clientOf: "simulated")
        guard let hello else { return }
        let bytes = encoded { (buffer) throws(WireError) in try hello.write(into: &buffer) }
        if from < nodes.count { nodes[from].hellos[to] = hello }
        guard reached == to else {
            // No node listens there, or another one that says so.
            counts.misdials += 1
            note(.node, from, detail: UInt64(to), "dials node \(to + 1) where it is not")
            plan(
                .givesUp(from, life: life(of: from), to: to, connection: link.connection),
                in: VirtualTime.millisecond)
            return
        }
        put(
            Packet(
                kind: .hello, from: from, to: to, fromLife: life(of: from), toLife: nil,
                connection: link.connection, isFromDialler: true, bytes: bytes))
        plan(
            .givesUp(from, life: life(of: from), to: to, connection: link.connection),
            in: 2 * VirtualTime.second)
    }

    /// Whether a node looks for that machine's node there.
    private func isLookedFor(_ machine: Int, by node: SimulatedNode) -> Bool {
        nodes[machine].identity.map { node.place(of: $0) == machine } ?? false
    }

    func dials(_ from: Endpoint, _ life: Int, to: Endpoint) {
        guard self.life(of: from) == life, isRunning(from) else { return }
        if from < nodes.count, nodes[from].core?.isGone(nodes[to].id) ?? true { return }
        dial(from, to: to)
    }

    func isRunning(_ end: Endpoint) -> Bool {
        end < nodes.count ? nodes[end].isUp : caller(end).isUp
    }

    /// Whether it lives in a node's process, and dials no node.
    func isResident(_ end: Endpoint) -> Bool {
        (caller(end) as? SimulatedClient)?.home != nil
    }

    /// Nobody has answered the hello.
    func givesUp(_ from: Endpoint, _ life: Int, _ to: Endpoint, _ connection: Int) {
        guard self.life(of: from) == life, isRunning(from), case .greeting = dialled(from, to).state else {
            return
        }
        hangUp(from, to, connection)
        connectionBroke(from, to, connection)
    }

    /// The end that dialled a connection closes it.
    func hangUp(_ from: Endpoint, _ to: Endpoint, _ connection: Int, life: Int? = nil) {
        put(
            Packet(
                kind: .reset, from: from, to: to, fromLife: life ?? self.life(of: from), toLife: nil,
                connection: connection, isFromDialler: true, bytes: ByteBuffer()))
    }

    /// The dialling end learns that a connection is no more, and dials again before long.
    func connectionBroke(_ from: Endpoint, _ to: Endpoint, _ connection: Int) {
        var link = dialled(from, to)
        guard link.connection == connection, isRunning(from) else { return }
        if case .down = link.state { return }
        let wasUp = link.isUp
        if from < nodes.count {
            if wasUp {
                nodes[from].core?.lost(nodes[to].id)
            } else {
                nodes[from].core?.failedToReach(nodes[to].id)
            }
        }
        link.state = .down
        link.failures += 1
        setDialled(from, to, link)
        // 50 ms, doubled up to 1 s, varied: as the real links do.
        let ceiling = UInt64(min(1_000, 50 << min(link.failures - 1, 5))) * VirtualTime.millisecond
        let pause =
            isVisitor(from) ? visitorNetwork.within(ceiling) : network.within(ceiling)
        plan(.dials(from, life: life(of: from), to: to), in: pause)
        if from >= nodes.count, wasUp { caller(from).disconnected(nodes[to].id, world: self) }
    }

    /// A connection breaks under a packet: both ends' states follow.
    func breakConnection(of packet: Packet) {
        let (dialler, other) = packet.isFromDialler ? (packet.from, packet.to) : (packet.to, packet.from)
        if other < nodes.count {
            let life = packet.isFromDialler ? packet.fromLife : packet.toLife
            nodes[other].hungUp(dialler, life: life ?? 0, connection: packet.connection)
        }
        connectionBroke(dialler, other, packet.connection)
    }

    /// A node closes its connections to its peers, and dials anew before long.
    func reconnect(_ node: SimulatedNode) {
        for other in nodes { reconnect(node, to: other.index) }
    }

    /// The same with one peer.
    func reconnect(_ node: SimulatedNode, to other: Int) {
        let link = dialled(node.index, other)
        guard link.isUp else { return }
        hangUp(node.index, other, link.connection)
        connectionBroke(node.index, other, link.connection)
    }

    // MARK: Handshakes

    func arriveHello(_ packet: Packet, at node: SimulatedNode) {
        guard case .hello(let hello) = frame(of: packet), node.isUp else {
            refuse(packet)
            return
        }
        if let reply = greet(node, hello) {
            answer(packet, with: reply, from: node)
            return
        }
        guard let core = node.core else { return }
        node.meets(hello)
        core.answer(hello, on: node.accept(packet))
    }

    /// A node answers a hello, now or later.
    func answerHello(
        _ reply: HelloReply, _ verdict: Handshake.Verdict, on id: ConnectionID, from node: SimulatedNode
    ) {
        guard let index = node.accepted.firstIndex(where: { $0.id == id }) else { return }
        let accepted = node.accepted[index]
        if case .admitted(let version) = verdict {
            node.accepted[index].version = version
        } else {
            note(.node, node.index, "refuses \(name(accepted.end)): \(verdict)")
            node.accepted.remove(at: index)
        }
        let bytes = encoded { (buffer) throws(WireError) in try reply.write(into: &buffer) }
        putBack(.helloReply, bytes, on: accepted, from: node)
    }

    /// A node that founds the cluster answers.
    private func answer(_ packet: Packet, with reply: HelloReply, from node: SimulatedNode) {
        let bytes = encoded { (buffer) throws(WireError) in try reply.write(into: &buffer) }
        put(
            Packet(
                kind: .helloReply, from: packet.to, to: packet.from, fromLife: node.life,
                toLife: packet.fromLife, connection: packet.connection, isFromDialler: false, bytes: bytes))
    }

    /// Sends something back to the end that dialled.
    func putBack(_ kind: Packet.Kind, _ bytes: ByteBuffer, on accepted: Accepted, from node: SimulatedNode) {
        put(
            Packet(
                kind: kind, from: node.index, to: accepted.end, fromLife: node.life, toLife: accepted.life,
                connection: accepted.connection, isFromDialler: false, bytes: bytes,
                version: accepted.version ?? WireVersion.maximum))
    }

    /// The answer to a hello reaches the end that dialled.
    func arriveReply(_ packet: Packet) {
        let (dialler, other) = (packet.to, packet.from)
        var answer: HelloReply?
        if case .helloReply(let reply) = frame(of: packet) { answer = reply }
        guard !arriveAtFounder(answer, packet) else { return }
        var link = dialled(dialler, other)
        guard packet.toLife == life(of: dialler), link.connection == packet.connection,
            case .greeting = link.state
        else { return }
        guard case .helloReply(let reply) = frame(of: packet) else {
            connectionBroke(dialler, other, packet.connection)
            return
        }
        if dialler < nodes.count {
            let node = nodes[dialler]
            guard let core = node.core, let hello = node.hellos[other] else { return }
            let verdict = core.judge(reply, to: hello)
            guard case .admitted(let version) = verdict else {
                note(.node, dialler, "has no connection to \(name(other)): \(verdict)")
                hangUp(dialler, other, packet.connection)
                if core.failure == nil { connectionBroke(dialler, other, packet.connection) }
                return
            }
            link.version = version
        } else {
            guard case .admitted(let admission) = reply else {
                connectionBroke(dialler, other, packet.connection)
                return
            }
            link.version = admission.version
            caller(dialler).meets(admission.identity.genesis, world: self)
        }
        if dialler < nodes.count { nodes[dialler].core?.reached(nodes[other].id) }
        link.state = .up(life: packet.fromLife)
        link.failures = 0
        setDialled(dialler, other, link)
        if dialler >= nodes.count { caller(dialler).connected(nodes[other].id, world: self) }
    }

    private func frame(of packet: Packet) -> Frame? {
        var decoder = FrameDecoder()
        decoder.append(packet.bytes)
        do throws(WireError) { return try decoder.next() } catch { return nil }
    }

    private func encoded(_ write: (inout ByteBuffer) throws(WireError) -> Void) -> ByteBuffer {
        var buffer = ByteBuffer()
        do throws(WireError) {
            try write(&buffer)
        } catch {
            violate(.invariant, "a handshake cannot be encoded: \(error)")
        }
        return buffer
    }
}
