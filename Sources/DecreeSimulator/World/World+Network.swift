import DecreeNode
import DecreeWire
import NIOCore
import Paxos

/// Bytes on their way. Without faults it is a switch in a rack: nothing is lost, and what one end sends to
/// another arrives in its order.
extension World {
    /// Sends a frame over the connection that a node dialled to a peer, if there is one.
    func send(_ bytes: ByteBuffer, from: Endpoint, to: Endpoint, isRequest: Bool = false) {
        let link = dialled(from, to)
        guard case .up(let life) = link.state else { return }
        put(
            Packet(
                kind: .frame, from: from, to: to, fromLife: self.life(of: from), toLife: life,
                connection: link.connection, isFromDialler: true, bytes: bytes, version: link.version,
                isRequest: isRequest))
    }

    /// Sends a response back over a connection that a client dialled.
    func answer(
        _ bytes: ByteBuffer, from: Endpoint, to: Endpoint, life: Int, connection: Int, version: UInt16
    ) {
        put(
            Packet(
                kind: .frame, from: from, to: to, fromLife: self.life(of: from), toLife: life,
                connection: connection, isFromDialler: false, bytes: bytes, version: version))
    }

    private func answer(_ frame: ClientFrame, from node: SimulatedNode, to packet: Packet) {
        var bytes = ByteBufferAllocator().buffer(capacity: 256)
        do throws(WireError) {
            try frame.write(version: packet.version, into: &bytes)
        } catch {
            violate(.invariant, "node \(node.id) cannot encode \(frame): \(error)")
        }
        answer(
            bytes, from: node.index, to: packet.from, life: packet.fromLife, connection: packet.connection,
            version: packet.version)
    }

    /// Puts a packet on the wire: it is lost, delayed, doubled, held back or damaged as faults have it.
    func put(_ packet: Packet) {
        if packet.passed.isEmpty { counts.messages += 1 }
        let (from, to) = (packet.from, packet.to)
        guard !isCut(from: from, to: to) else {
            lose(packet, "cut")
            return
        }
        var packet = packet
        var delay = UInt64(40 + drawBelow(120, from: from, to: to)) * VirtualTime.microsecond
        // The core is to stand messages that are doubled and overtake one another. A client may rely on its
        // connection for one thing: a request that it sent once arrives once; so may one within a node's process.
        let isBetweenNodes = from < nodes.count && to < nodes.count && !packet.isRequest
        var isOrdered = true
        var copies: [UInt64] = []
        for fault in weather where fault.covers(from: from, to: to) {
            switch fault.weather {
            case .loses(let perMille):
                guard !fault.chance(perMille) else {
                    lose(packet, "lost by fault \(fault.number)")
                    return
                }
            case .delays(let microseconds):
                delay += UInt64(fault.below(microseconds)) * VirtualTime.microsecond
            case .reorders(let perMille, let microseconds):
                if isBetweenNodes, fault.chance(perMille) {
                    isOrdered = false
                    delay += UInt64(fault.below(microseconds)) * VirtualTime.microsecond
                }
            case .duplicates(let perMille, let microseconds):
                if isBetweenNodes, packet.kind == .frame, fault.chance(perMille) {
                    copies.append(delay + UInt64(fault.below(microseconds)) * VirtualTime.microsecond)
                }
            case .clogs:
                clogged.append((fault.number, packet))
                return
            case .narrows(let rate):
                guard !packet.passed.contains(fault.number) else { break }
                wait(packet, inLinkOf: fault.number, bytesPerSecond: rate)
                return
            case .resets(let perMille):
                if fault.chance(perMille) {
                    lose(packet, "reset by fault \(fault.number)")
                    breakConnection(of: packet)
                    return
                }
            case .damages(let perMille):
                if fault.chance(perMille) {
                    packet.bytes.flipBit(fault.below(packet.bytes.readableBytes * 8))
                }
            case nil: break
            }
        }
        var arrival = now + delay
        if isOrdered {
            arrival = max(arrival, lastArrival[from * ends + to] + 1)
            lastArrival[from * ends + to] = arrival
        }
        plan(.arrives(packet), at: arrival)
        for copy in copies {
            counts.duplicated += 1
            plan(.arrives(packet), in: copy)
        }
    }

    private func lose(_ packet: Packet, _ why: @autoclosure () -> String) {
        counts.lost += 1
        note(
            .lost, packet.to, detail: UInt64(packet.from),
            "from \(name(packet.from)): \(describe(packet)) is \(why())")
    }

    /// Whether some active fault, or what still ails a node while a quorum heals, cuts the link.
    func isCut(from: Endpoint, to: Endpoint) -> Bool {
        weather.contains { $0.partition?.cuts(from: from, to: to, nodes: nodes.count) ?? false }
            || (partition?.cuts(from: from, to: to, nodes: nodes.count) ?? false)
            || (afflictions[from]?.cutsOutgoing ?? false) || (afflictions[to]?.cutsIncoming ?? false)
    }

    // MARK: Arrival

    func arrive(_ packet: Packet) {
        guard packet.to < nodes.count else {
            arriveAtClient(packet)
            return
        }
        let node = nodes[packet.to]
        guard !node.isDark else {
            lose(packet, "lost: the machine is down")
            return
        }
        guard node.isUp else {
            refuse(packet)
            return
        }
        if node.isPaused {
            node.deferred.append(.arrives(packet))
            return
        }
        note(
            .receive, packet.to, detail: Digest(of: packet.bytes).rawValue,
            "from \(name(packet.from)): \(describe(packet))")
        switch packet.kind {
        case .hello: arriveHello(packet, at: node)
        case .helloReply: arriveReply(packet)
        case .reset: arriveReset(packet, at: node)
        case .frame where packet.isFromDialler: arriveFrame(packet, at: node)
        case .frame: arriveBack(packet, at: node)
        }
        look(at: node)
    }

    /// The other end is not there, or wants no more.
    private func arriveReset(_ packet: Packet, at node: SimulatedNode) {
        guard !packet.isFromDialler else {
            node.hungUp(packet.from, life: packet.fromLife, connection: packet.connection)
            return
        }
        let link = dialled(packet.to, packet.from)
        let isRefused = if case .greeting = link.state { link.connection == packet.connection } else { false }
        connectionBroke(packet.to, packet.from, packet.connection)
        if isRefused, let peer = nodes[packet.from].identity { node.core?.cannotReach(peer) }
    }

    /// What a node says of nodes, back to the end that dialled.
    private func arriveBack(_ packet: Packet, at node: SimulatedNode) {
        guard packet.toLife == node.life, dialled(packet.to, packet.from).connection == packet.connection,
            dialled(packet.to, packet.from).isUp
        else {
            hangUp(packet.to, packet.from, packet.connection, life: packet.toLife ?? 0)
            return
        }
        var decoder = FrameDecoder(expectsHandshake: false, version: packet.version)
        decoder.append(packet.bytes)
        do throws(WireError) {
            switch try decoder.next() {
            case .node(let frame): node.core?.take(frame, from: nodes[packet.from].id)
            case .client(.response(let id, let response)):
                tellResident(response, ForwardedID(rawValue: id), from: packet.from, in: node)
            default: throw .unexpected("no node sends this back")
            }
        } catch {
            note(.node, node.index, "closes its connection to \(name(packet.from)): \(error)")
            hangUp(packet.to, packet.from, packet.connection)
            connectionBroke(packet.to, packet.from, packet.connection)
        }
    }

    private func arriveFrame(_ packet: Packet, at node: SimulatedNode) {
        guard packet.toLife == node.life, let accepted = node.accepted(packet), let version = accepted.version
        else {
            refuse(packet)
            return
        }
        var decoder = FrameDecoder(expectsHandshake: false, version: version)
        decoder.append(packet.bytes)
        do throws(WireError) {
            switch try decoder.next() {
            case .peer(let frame):
                node.sees(frame, from: nodes[packet.from].id)
                node.core?.receive(frame, from: nodes[packet.from].id, on: accepted.id)
            case .node(let frame):
                node.core?.receive(frame, from: nodes[packet.from].id, on: accepted.id)
            case .client(.join(let id)):
                guard let welcome = node.welcome else { break }
                // A build that speaks no later version asks nothing of who joins.
                if let core = node.core, core.speaks >= WireVersion.raises,
                    let reason = core.refusalToJoin(speaking: version)
                {
                    throw .unexpected("\(reason)")
                }
                answer(.welcome(id: id, welcome), from: node, to: packet)
            case .client(.request(let id, let group, let request)):
                node.take(request, id: id, group: group, isRelayed: false, from: packet)
            case .client(.relay(let id, let group, let request)):
                node.take(request, id: id, group: group, isRelayed: true, from: packet)
            case .hello, .helloReply, .client, nil: throw .unexpected("no peer and no client sends this")
            }
        } catch {
            note(.node, node.index, "closes the connection of \(name(packet.from)): \(error)")
            node.hungUp(packet.from, life: packet.fromLife, connection: packet.connection)
            refuse(packet)
        }
    }

    /// Nobody is there for it, or wants it: the sender is told.
    func refuse(_ packet: Packet) {
        guard packet.kind != .reset, packet.isFromDialler else { return }
        put(
            Packet(
                kind: .reset, from: packet.to, to: packet.from, fromLife: life(of: packet.to),
                toLife: packet.fromLife, connection: packet.connection, isFromDialler: false,
                bytes: ByteBuffer()))
    }

    // MARK: Names

    func name(_ end: Endpoint) -> String {
        guard end >= nodes.count else { return "node \(end + 1)" }
        if let visitor = caller(end) as? any Visitor { return visitor.title }
        return end - nodes.count < clients.count ? "client \(end - nodes.count + 1)" : "the operator"
    }

    /// A packet in a few words. Made only for those who read traces.
    func describe(_ packet: Packet) -> String {
        switch packet.kind {
        case .hello: return "hello"
        case .helloReply: return "hello reply"
        case .reset: return "reset"
        case .frame: break
        }
        var decoder = FrameDecoder(expectsHandshake: false, version: packet.version)
        decoder.append(packet.bytes)
        do throws(WireError) {
            switch try decoder.next() {
            case .peer(let frame): return frame.message.summary
            case .node(let frame): return "\(frame)"
            case .client(.request(let id, _, let request)): return "request \(id) \(request.summary)"
            case .client(.response(let id, let response)): return "response \(id) \(response.summary)"
            default: return "another frame"
            }
        } catch {
            return "damaged: \(error)"
        }
    }
}

extension ByteBuffer {
    /// Flips a bit of the readable bytes.
    fileprivate mutating func flipBit(_ bit: Int) {
        let index = readerIndex + bit / 8
        guard let byte = getInteger(at: index, as: UInt8.self) else { return }
        setInteger(byte ^ 1 << UInt8(bit % 8), at: index)
    }
}

extension Digest {
    init(of buffer: ByteBuffer) {
        self = buffer.withUnsafeReadableBytes { Digest(of: $0) }
    }
}
