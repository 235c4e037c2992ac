import DequeModule
import Paxos

/// How much of what is bulky is on its way to one peer: accepts, decisions and snapshots of 4 KiB and more. The peer says
/// how far they have come; what the link does not take yet waits here, so that heartbeats and votes, which do not wait,
/// seldom stand behind more than a tenth of a second of it, and no accept that waits, or is on its way, is sent twice. (Promises
/// and forwarded requests do not wait.)
///
/// The window follows the link as in LEDBAT (RFC 6817): it grows while what is sent comes as fast as ever, and shrinks when it
/// takes a tenth of a second longer. Time is counted in ticks.
struct LinkFlow {
    /// A message that waits, or is to leave.
    struct Bulk {
        let message: Message
        let group: GroupID
        let bytes: Int
        /// What the frame tells: all bytes that were sent with it.
        var sent: UInt64 = 0
    }

    private struct Key: Hashable {
        let group: GroupID
        let slot: Slot
    }

    /// What became of an accept.
    private struct Accept {
        let ballot: Ballot
        /// It waits, or is on its way.
        var isUnderway = true
        /// Once it has come: it is not sent again before. The peer had no room for it, or did not vote yet.
        var againFrom: UInt64 = 0
        var patience = LinkFlow.firstPatience
    }

    private struct Flight {
        let end: UInt64
        let bytes: Int
        let tick: UInt64
        let key: Key?
    }

    /// Bytes from which a message waits for its turn.
    let bulkyBytes: Int
    /// Bytes that may wait; what finds no room is dropped: it is sent again, or fetched.
    var queueBytes: Int { 4_096 * bulkyBytes }
    /// Chunks that answer one question find room together: who asked would wait for the one that was dropped as long as
    /// answers may take.
    private static let answerBytes = SnapshotHeader.chunksAtOnce * SnapshotHeader.chunkBytes
    private var windows: ClosedRange<Int> { 4 * bulkyBytes...4_096 * bulkyBytes }
    /// A tenth of a second in the link's buffers.
    private static let targetTicks: UInt64 = 10
    /// How long the shortest delay that was seen is believed.
    private static let baseTicks: UInt64 = 1_000
    private static let firstPatience: UInt64 = 50
    private static let longestPatience: UInt64 = 400
    /// How long nothing may be added to what has come, while the peer says that something is coming.
    private static let longestProgressTicks: UInt64 = 1_000
    /// Without a word that anything has come, what was sent counts as lost.
    private static let firstSilenceTicks: UInt64 = 100
    private static let longestSilenceTicks: UInt64 = 1_600

    private let isCounted: Bool
    private var queue: Deque<Bulk> = []
    private(set) var queuedBytes = 0
    private var flights: Deque<Flight> = []
    private(set) var bytesInFlight = 0
    private(set) var window: Int
    private var sent: UInt64 = 0
    private var heardTick: UInt64
    private var silenceTicks = firstSilenceTicks
    private var base: (ticks: UInt64, at: UInt64)?
    /// Since when little is sent, so that the link's delay shows without what this node had waiting in it.
    private var probesFrom: UInt64?
    private var hasShrunk = false
    private var received: UInt64 = 0
    private var progressTick: UInt64 = 0
    private var shrunkTick: UInt64 = 0
    private var accepts: [Key: Accept] = [:]
    private var underway = 0
    private var pruneFrom = 256

    /// Whether accepts wait, or are on their way.
    var isUnderway: Bool { underway > 0 }

    /// Bytes of a message, as far as they matter.
    static func bytes(of message: Message) -> Int {
        switch message {
        case .accept(let accept): accept.proposal.bytes.count
        case .decisions(let decisions): decisions.decided.reduce(0) { $0 + $1.proposal.bytes.count }
        case .snapshotChunk(let chunk): chunk.bytes.count
        default: 0
        }
    }

    /// What is to flow over a connection that has just been made.
    ///
    /// - Parameter isCounted: whether the peer says what has come: otherwise all leaves at once.
    init(isCounted: Bool, bulkyBytes: Int = Limits().bulkyBytes, atTick tick: UInt64) {
        self.isCounted = isCounted
        self.bulkyBytes = bulkyBytes
        window = 8 * bulkyBytes
        heardTick = tick
        progressTick = tick
    }

    /// Takes a bulky message. `release` gives what may leave.
    mutating func take(_ message: Message, in group: GroupID, bytes: Int, atTick tick: UInt64) {
        if case .accept(let accept) = message {
            guard admit(accept, in: group, bytes: bytes, atTick: tick) else { return }
        } else if queuedBytes >= max(queueBytes, Self.answerBytes) {
            return
        }
        queue.append(Bulk(message: message, group: group, bytes: bytes))
        queuedBytes += bytes
    }

    /// What is large has as much right to the last place as what is small.
    private var hasRoom: Bool { queuedBytes < queueBytes }

    /// Whether an accept is to be sent: not what waits already, or is on its way, or has just come.
    private mutating func admit(
        _ accept: Paxos.Accept, in group: GroupID, bytes: Int, atTick tick: UInt64
    ) -> Bool {
        guard isCounted else { return true }
        let key = Key(group: group, slot: accept.slot)
        var entry = Accept(ballot: accept.ballot)
        if let before = accepts[key], before.ballot >= accept.ballot {
            guard !before.isUnderway, tick >= before.againFrom else { return false }
            entry.patience = min(2 * before.patience, Self.longestPatience)
        }
        guard hasRoom else { return false }
        if accepts[key]?.isUnderway != true { underway += 1 }
        accepts[key] = entry
        guard accepts.count >= pruneFrom else { return true }
        accepts = accepts.filter {
            $0.value.isUnderway || $0.key.group != group || $0.key.slot > accept.chosenThrough
        }
        pruneFrom = max(256, 2 * accepts.count)
        return true
    }

    /// What may leave now, in its order. A message larger than the window leaves when nothing is on its way.
    mutating func release(atTick tick: UInt64) -> [Bulk] {
        var released: [Bulk] = []
        while let next = queue.first,
            !isCounted || bytesInFlight == 0 || bytesInFlight + next.bytes <= window
        {
            var bulk = queue.removeFirst()
            queuedBytes -= bulk.bytes
            sent += UInt64(bulk.bytes)
            bulk.sent = isCounted ? sent : 0
            if isCounted {
                if flights.isEmpty { (heardTick, progressTick) = (tick, tick) }
                flights.append(Flight(end: sent, bytes: bulk.bytes, tick: tick, key: key(of: bulk)))
                bytesInFlight += bulk.bytes
            }
            released.append(bulk)
        }
        return released
    }

    private func key(of bulk: Bulk) -> Key? {
        guard case .accept(let accept) = bulk.message else { return nil }
        return Key(group: bulk.group, slot: accept.slot)
    }

    /// The peer says that so many bytes have come.
    mutating func received(_ bytes: UInt64, atTick tick: UInt64) {
        if bytes > received { progressTick = tick }
        received = max(received, bytes)
        // A long message comes in pieces, and nothing new is told of it; but not for ever.
        if tick - progressTick < Self.longestProgressTicks {
            heardTick = tick
            silenceTicks = Self.firstSilenceTicks
        }
        var came = 0
        var last: UInt64?
        // Part of a message may have filled the window: what it was sent behind counts.
        let wasFull = !queue.isEmpty || 2 * bytesInFlight >= window
        while let flight = flights.first, flight.end <= bytes {
            flights.removeFirst()
            bytesInFlight -= flight.bytes
            came += flight.bytes
            last = flight.tick
            if let key = flight.key { land(key, atTick: tick) }
        }
        if let last { adapt(sentAt: last, came: came, wasFull: wasFull, atTick: tick) }
    }

    private mutating func land(_ key: Key, atTick tick: UInt64) {
        guard var accept = accepts[key], accept.isUnderway else { return }
        accept.isUnderway = false
        accept.againFrom = tick + accept.patience
        accepts[key] = accept
        underway -= 1
    }

    private mutating func adapt(sentAt: UInt64, came: Int, wasFull: Bool, atTick tick: UInt64) {
        let delay = tick - sentAt
        reviewBase(delay, sentAt: sentAt, atTick: tick)
        if delay > (base?.ticks ?? 0) + Self.targetTicks {
            // Once a round trip: what is on its way was sent by the window of before.
            guard tick - shrunkTick >= delay else { return }
            shrunkTick = tick
            hasShrunk = true
            window = max(windows.lowerBound, window * 3 / 4)
        } else if wasFull, probesFrom == nil {
            // Once it has been too large it grows with care, where anything waits in the link.
            let waits = hasShrunk && delay > (base?.ticks ?? 0) + Self.targetTicks / 4
            window = min(windows.upperBound, window + (waits ? (came + 3) / 4 : came))
        }
    }

    /// The shortest delay is that of the link itself. It may have become longer: from time to time so little is sent, for a
    /// round trip, that nothing waits in the link, and what that takes is believed.
    private mutating func reviewBase(_ delay: UInt64, sentAt: UInt64, atTick tick: UInt64) {
        if base.map({ delay <= $0.ticks }) ?? true || probesFrom.map({ sentAt >= $0 }) ?? false {
            base = (delay, tick)
            probesFrom = nil
        } else if let base, probesFrom == nil, tick - base.at > Self.baseTicks {
            probesFrom = tick
            shrunkTick = tick
            window = max(windows.lowerBound, window / 4)
        }
    }

    /// Nothing has been heard for long: what is on its way may be lost, though the connection stands.
    mutating func tick(atTick tick: UInt64) {
        guard !flights.isEmpty, tick - heardTick >= silenceTicks else { return }
        heardTick = tick
        silenceTicks = min(2 * silenceTicks, Self.longestSilenceTicks)
        for flight in flights {
            guard let key = flight.key, accepts[key]?.isUnderway == true else { continue }
            accepts[key] = nil
            underway -= 1
        }
        flights = []
        bytesInFlight = 0
    }

    /// How far a leader may say that the slots of its ballot are chosen: the peer would fetch those whose accepts are still
    /// on their way to it.
    func limit(_ chosenThrough: Slot, of ballot: Ballot, in group: GroupID) -> Slot {
        guard underway > 0 else { return chosenThrough }
        var limit = chosenThrough
        for (key, accept) in accepts
        where accept.isUnderway && accept.ballot == ballot && key.group == group && key.slot <= limit {
            limit = key.slot.previous
        }
        return limit
    }
}
