import DecreeNode
import DequeModule
import NIOCore
import Paxos

/// What waits in a link that takes so many bytes a second: in the order in which it was sent, as over TCP.
struct NarrowLink {
    let bytesPerSecond: Int
    var waiting: Deque<Packet> = []
    /// Bytes of the first that are through.
    var through = 0

    /// Bytes that pass before the receiver sees them.
    var pieceBytes: Int { max(4_096, bytesPerSecond / 20) }

    /// Bytes of the first that pass next.
    var nextBytes: Int { waiting.first.map { min(pieceBytes, $0.bytes.readableBytes - through) } ?? 0 }

    func nanoseconds(_ bytes: Int) -> UInt64 { UInt64(bytes) * VirtualTime.second / UInt64(bytesPerSecond) }
}

/// Links of a certain rate. One that is shared by several ends has one queue for all of them.
extension World {
    func wait(_ packet: Packet, inLinkOf number: Int, bytesPerSecond: Int) {
        var link = narrowLinks[number] ?? NarrowLink(bytesPerSecond: bytesPerSecond)
        link.waiting.append(packet)
        narrowLinks[number] = link
        if link.waiting.count == 1 { plan(.passes(fault: number), in: link.nanoseconds(link.nextBytes)) }
    }

    /// A link is as wide as ever: what waits in it leaves at once.
    func releaseWaiting(_ number: Int) {
        guard let link = narrowLinks.removeValue(forKey: number) else { return }
        for packet in link.waiting { put(packet) }
    }

    /// A piece of the first is through: all of it, or the receiver sees that something is coming.
    func pass(_ number: Int) {
        guard var link = narrowLinks[number], var packet = link.waiting.first else { return }
        link.through += link.nextBytes
        let isThrough = link.through >= packet.bytes.readableBytes
        if isThrough {
            link.waiting.removeFirst()
            link.through = 0
        }
        narrowLinks[number] = link
        if !link.waiting.isEmpty {
            plan(.passes(fault: number), in: link.nanoseconds(link.nextBytes))
        }
        if isThrough {
            packet.passed.insert(number)
            put(packet)
        } else {
            seesSome(of: packet)
        }
    }

    /// The storm is over, and with it what is counted.
    func judgeTraffic() {
        guard let traffic else { return }
        counts.bytesOfValues += traffic.sent
        counts.bytesNeeded += traffic.needed
        if let flaw = traffic.flaw, violations.isEmpty { violate(.invariant, flaw) }
        self.traffic = nil
    }

    private func seesSome(of packet: Packet) {
        guard packet.from < nodes.count, packet.to < nodes.count, packet.isFromDialler,
            packet.kind == .frame
        else { return }
        let node = nodes[packet.to]
        guard node.isUp, !node.isPaused, packet.toLife == node.life, let accepted = node.accepted(packet)
        else { return }
        node.core?.arriving(from: nodes[packet.from].id, on: accepted.id)
        look(at: node)
    }
}

/// Values that nodes sent one another, in bytes, and those that had to cross a link: each once for each ballot that it is
/// proposed in, and once where the receiver was not sent it before (invariant SentOnce).
struct Traffic {
    private struct Crossing: Hashable {
        let to: Int
        let group: GroupID
        let slot: Slot
        /// Nil for what is told as chosen.
        let ballot: Ballot?
    }

    /// Bytes from which a message is bulky: smaller ones are sent again where an answer takes long.
    let bulkyBytes: Int
    private(set) var sent = 0
    private(set) var needed = 0
    private var crossed: Set<Crossing> = []

    init(bulkyBytes: Int) { self.bulkyBytes = bulkyBytes }

    mutating func sees(_ message: Message, in group: GroupID, to: Int) {
        switch message {
        case .accept(let accept):
            let bytes = accept.proposal.bytes.count
            guard bytes >= bulkyBytes else { return }
            sent += bytes
            let isNew = crossed.insert(
                Crossing(to: to, group: group, slot: accept.slot, ballot: accept.ballot)
            ).inserted
            if isNew { needed += bytes }
            crossed.insert(Crossing(to: to, group: group, slot: accept.slot, ballot: nil))
        case .decisions(let decisions):
            let bytes = decisions.decided.reduce(0) { $0 + $1.proposal.bytes.count }
            guard bytes >= bulkyBytes else { return }
            sent += bytes
            for decided in decisions.decided {
                let crossing = Crossing(to: to, group: group, slot: decided.slot, ballot: nil)
                if crossed.insert(crossing).inserted { needed += decided.proposal.bytes.count }
            }
        default: break
        }
    }

    /// What is wrong with it.
    var flaw: String? {
        // What little there is of may be sent twice.
        guard sent > needed + needed / 2 + 16_384 else { return nil }
        return "SentOnce: \(sent) bytes of values crossed links where nothing was lost, and \(needed) had to"
    }
}
