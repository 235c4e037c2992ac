import Paxos

/// A message on its way.
struct Packet {
    let number: Int
    let from: NodeID
    let to: NodeID
    let message: Message
}

/// One queue for each direction of each link. A link may be cut (what is sent is lost) or held (it waits).
struct TestNetwork {
    private let count: Int
    private var queues: [[Packet]]
    private var cut: [Bool]
    private var held: [Bool]
    private var sent = 0
    /// Packets on their way.
    private(set) var pending = 0

    init(nodes count: Int) {
        self.count = count
        queues = Array(repeating: [], count: count * count)
        cut = Array(repeating: false, count: count * count)
        held = cut
    }

    private func link(_ from: NodeID, _ to: NodeID) -> Int {
        (Int(from.rawValue) - 1) * count + Int(to.rawValue) - 1
    }

    mutating func setCut(_ isCut: Bool, from: NodeID, to: NodeID) { cut[link(from, to)] = isCut }
    mutating func setHeld(_ isHeld: Bool, from: NodeID, to: NodeID) { held[link(from, to)] = isHeld }

    mutating func heal() {
        for index in cut.indices {
            cut[index] = false
            held[index] = false
        }
    }

    mutating func send(_ message: Message, from: NodeID, to: NodeID) -> Packet {
        sent += 1
        let packet = Packet(number: sent, from: from, to: to, message: message)
        put(packet)
        return packet
    }

    /// Sends a packet, or one that was kept aside once more.
    mutating func put(_ packet: Packet) {
        // Who was admitted and never came has no address yet.
        guard Int(packet.to.rawValue) <= count else { return }
        let index = link(packet.from, packet.to)
        guard !cut[index] else { return }
        queues[index].append(packet)
        pending += 1
    }

    /// Takes the oldest packet that may be delivered.
    mutating func takeOldest() -> Packet? {
        guard pending > 0 else { return nil }
        var oldest: Int?
        var lowest = Int.max
        for index in 0..<queues.count where !held[index] && !queues[index].isEmpty {
            let number = queues[index][0].number
            if number < lowest {
                oldest = index
                lowest = number
            }
        }
        guard let oldest else { return nil }
        pending -= 1
        return queues[oldest].removeFirst()
    }

    /// Takes any packet, whatever its place in its queue; with `keeping` it stays there as well.
    mutating func takeAny(keeping: Bool, using random: inout SeededGenerator) -> Packet? {
        guard pending > 0 else { return nil }
        var index = Int.random(in: 0..<pending, using: &random)
        for queue in queues.indices {
            guard index >= queues[queue].count else {
                guard !keeping else { return queues[queue][index] }
                pending -= 1
                return queues[queue].remove(at: index)
            }
            index -= queues[queue].count
        }
        return nil
    }

    /// The oldest packet on its way between two nodes that matches; it stays there.
    func first(from: NodeID, to: NodeID, where matches: (Packet) -> Bool) -> Packet? {
        queues[link(from, to)].first(where: matches)
    }

    /// Takes that packet, and it alone.
    mutating func takeFirst(from: NodeID, to: NodeID, where matches: (Packet) -> Bool) -> Packet? {
        let queue = link(from, to)
        guard let index = queues[queue].firstIndex(where: matches) else { return nil }
        pending -= 1
        return queues[queue].remove(at: index)
    }

    /// Everything on its way, in the order it was sent.
    var packets: [Packet] { queues.flatMap { $0 }.sorted { $0.number < $1.number } }

    func isCut(from: NodeID, to: NodeID) -> Bool { Int(to.rawValue) > count || cut[link(from, to)] }

    /// Takes out the packets that match, in the order they were sent.
    mutating func take(where matches: (Packet) -> Bool) -> [Packet] {
        var taken: [Packet] = []
        for index in queues.indices {
            taken += queues[index].filter(matches)
            queues[index].removeAll(where: matches)
        }
        pending -= taken.count
        return taken.sorted { $0.number < $1.number }
    }
}
