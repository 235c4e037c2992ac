import DecreeNode
import DecreeWire
import NIOCore
import Paxos

/// Who lets whom in. Nodes dial their peers, clients dial nodes; the handshake is the real one, with its
/// witnesses and its fencing.
extension World {
    func life(of end: Endpoint) -> Int { end < nodes.count ? nodes[end].life : caller(end).life }

    /// Who asks nodes from outside: a client, or the operator.
    func caller(_ end: Endpoint) -> any Caller {
        end - nodes.count < clients.count ? clients[end - nodes.count] : steward
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
        guard from != to, nodes[to].identity != nil else { return }
        var link = dialled(from, to)
        guard case .down = link.state else { return }
        link.state = .greeting
        link.connection += 1
        setDialled(from, to, link)
        let hello =
            from < nodes.count
            ? nodes[from].core?.hello(to: nodes[to].id) : Hello(clientOf: "simulated")
        guard let hello else { return }
        let bytes = encoded { (buffer) throws(WireError) in try hello.write(into: &buffer) }
        if from < nodes.count { nodes[from].hellos[to] = hello }
        put(
            Packet(
                kind: .hello, from: from, to: to, fromLife: life(of: from), toLife: nil,
                connection: link.connection, isFromDialler: true, bytes: bytes))
        plan(
            .givesUp(from, life: life(of: from), to: to, connection: link.connection),
            in: VirtualTime.second)
    }

    func dials(_ from: Endpoint, _ life: Int, to: Endpoint) {
        guard self.life(of: from) == life, isRunning(from) else { return }
        if from < nodes.count, nodes[from].core?.isGone(nodes[to].id) ?? true { return }
        dial(from, to: to)
    }

    func isRunning(_ end: Endpoint) -> Bool {
        end < nodes.count ? nodes[end].isUp : caller(end).isUp
    }

    /// Nobody has answered the hello.
    func givesUp(_ from: Endpoint, _ life: Int, _ to: Endpoint, _ connection: Int) {
        guard self.life(of: from) == life, isRunning(from), case .greeting = dialled(from, to).state else {
            return
        }
        connectionBroke(from, to, connection)
    }

    /// The dialling end learns that a connection is no more, and dials again before long.
    func connectionBroke(_ from: Endpoint, _ to: Endpoint, _ connection: Int) {
        var link = dialled(from, to)
        guard link.connection == connection, isRunning(from) else { return }
        if case .down = link.state { return }
        let wasUp = link.isUp
        link.state = .down
        link.failures += 1
        setDialled(from, to, link)
        // 50 ms, doubled up to 1 s, varied: as the real links do.
        let ceiling = UInt64(min(1_000, 50 << min(link.failures - 1, 5))) * VirtualTime.millisecond
        plan(.dials(from, life: life(of: from), to: to), in: network.within(ceiling))
        if from >= nodes.count, wasUp { caller(from).disconnected(nodes[to].id, world: self) }
    }

    /// A connection breaks under a packet: both ends' states follow.
    func breakConnection(of packet: Packet) {
        let (dialler, other) = packet.isFromDialler ? (packet.from, packet.to) : (packet.to, packet.from)
        if other < nodes.count { nodes[other].admitted[dialler] = nil }
        connectionBroke(dialler, other, packet.connection)
    }

    /// A node closes its connections to its peers, and dials anew before long.
    func reconnect(_ node: SimulatedNode) {
        for other in nodes where dialled(node.index, other.index).isUp {
            other.admitted[node.index] = nil
            connectionBroke(node.index, other.index, dialled(node.index, other.index).connection)
        }
    }

    // MARK: Handshakes

    func arriveHello(_ packet: Packet, at node: SimulatedNode) {
        guard case .hello(let hello) = frame(of: packet), let core = node.core else {
            refuse(packet)
            return
        }
        node.meets(hello)
        let (reply, verdict) = core.answer(hello)
        guard node.isUp else { return }
        if case .admitted(let version) = verdict {
            node.admitted[packet.from] = (packet.fromLife, packet.connection, version)
        } else {
            note(.node, node.index, "refuses \(name(packet.from)): \(verdict)")
        }
        let bytes = encoded { (buffer) throws(WireError) in try reply.write(into: &buffer) }
        put(
            Packet(
                kind: .helloReply, from: packet.to, to: packet.from, fromLife: node.life,
                toLife: packet.fromLife, connection: packet.connection, isFromDialler: false, bytes: bytes))
    }

    /// The answer to a hello reaches the end that dialled.
    func arriveReply(_ packet: Packet) {
        let (dialler, other) = (packet.to, packet.from)
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
            guard case .admitted(let version) = core.judge(reply, to: hello) else {
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
        }
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
