import DecreeNode
import DecreeWire
import Paxos

/// Follows the log of a group as `DecreeClient.tail` does: it asks any node, and the next one when that one does not
/// answer or has nothing new. It keeps a bookmark, ends now and then, and goes on from that; it rests, and finds that
/// what it wanted is deleted. What it was given is held against the log when all is over (`TailCheck`).
final class SimulatedReader: Visitor {
    let endpoint: Endpoint
    let number: Int
    let group: GroupID
    private(set) var life = 0
    private(set) var isUp = false
    var links: [Dialled]
    /// What it was given of the log that it reads now.
    private(set) var record = TailRecord(from: .first(of: Slot(1)))
    private var random: SeededGenerator
    /// Where it goes on.
    private var position = LogPosition.first(of: Slot(1))
    /// The log that this is a position of; nil before a node was met.
    private(set) var log: LogID?
    /// The log it read when the cluster was restored under it, until it is told that the nodes keep another.
    private(set) var lostLog: LogID?
    /// The machine it asks next.
    private var place = 0
    /// The question under way.
    private var attempt: (id: UInt64, from: Slot, until: UInt64)?
    private var lastID: UInt64 = 0
    private var restsUntil: UInt64 = 0
    /// When it last got on, and how many machines it has asked since.
    private var progressAt: UInt64 = 0
    private var asked = 0
    /// Where the log begins, as the node told it that has most of it.
    private var begins: Slot?

    /// Nodes hold a question for 2 s; an answer may take as long again.
    private static let mostTicks = 200
    private static let attemptNanoseconds = 4 * VirtualTime.second
    /// For so long it looks for a node that still has what others have deleted.
    private static let patienceNanoseconds = VirtualTime.second

    init(_ seat: World.Seat) {
        (endpoint, number, group, random) = (seat.endpoint, seat.number, seat.group, seat.random)
        links = Array(repeating: Dialled(), count: seat.machines)
    }

    var title: String { "reader \(number + 1)" }

    // MARK: Life

    func come(for effect: Fault.Effect, world: World) {
        guard !isUp, case .tail(let start) = effect else { return }
        let chosen = world.judging(group) { $0.chosenThrough }
        let slot: UInt64 =
            switch start {
            case .beginning: 1
            case .within(let perMille): 1 + chosen * UInt64(perMille) / 1_000
            case .end: chosen + 1
            }
        position = .first(of: Slot(slot))
        record = TailRecord(from: position)
        place = random.below(links.count)
        life += 1
        isUp = true
        progressAt = world.now
    }

    /// Goes on where `other` is, in a world where the cluster was restored.
    func takeOver(_ other: SimulatedReader, world: World) {
        guard other.isUp else { return }
        (life, isUp, random, lastID) = (other.life, true, other.random, other.lastID)
        (position, log, lostLog) = (other.position, other.log, other.log)
        record = TailRecord(from: position)
        progressAt = world.now
    }

    /// Its process ends, and another goes on from the bookmark that it kept.
    private func comeBack(_ world: World) {
        life += 1
        attempt = nil
        for place in links.indices { links[place] = Dialled(connection: links[place].connection) }
        restsUntil =
            world.now + random.within(random.chance(1, in: 4) ? 8 * VirtualTime.second : VirtualTime.second)
        guard let log else { return }
        let text = LogBookmark(log: log, position: position).description
        guard let kept = LogBookmark(text) else {
            world.violate(.invariant, "PositionNamesItsLog: \(title) cannot read its bookmark \(text)")
            return
        }
        (self.log, position) = (kept.log, kept.position)
        world.note(.client, nil, detail: UInt64(number), "\(title) ends, and goes on from \(text)")
    }

    // MARK: Asking

    func act(_ world: World) {
        guard world.now >= restsUntil else { return }
        guard !world.isLoadOn || !random.chance(1, in: 400) else { return comeBack(world) }
        if let attempt {
            guard world.now >= attempt.until else { return }
            moveOn(world)
        }
        ask(world)
    }

    private func ask(_ world: World) {
        attempt = nil
        for _ in links.indices {
            if links[place].isUp {
                lastID += 1
                let question = AdminRequest.tail(
                    from: position.slot, waitingTicks: UInt32(random.below(Self.mostTicks)))
                let frame = ClientFrame.request(id: lastID, group: group, .admin(question))
                if world.send(frame, from: self, to: place) {
                    attempt = (lastID, position.slot, world.now + Self.attemptNanoseconds)
                    return
                }
                // An older build does not know the question. As a tail does, it is asked over a new connection next time:
                // it may be another build then, or be gone, which shows on none over which nothing is sent.
                let connection = links[place].connection
                world.hangUp(endpoint, place, connection)
                world.connectionBroke(endpoint, place, connection)
            }
            moveOn(world)
        }
    }

    /// The next machine is asked. When all were, and all that answered have deleted what is wanted, the reader goes on
    /// where the log begins.
    private func moveOn(_ world: World) {
        attempt = nil
        place = (place + 1) % links.count
        asked += 1
        guard let begins, asked >= links.count, world.now >= progressAt + Self.patienceNanoseconds else {
            return
        }
        world.counts.gaps += 1
        world.note(
            .client, nil, detail: begins.rawValue,
            "\(title), at \(position), goes on where the log begins: \(begins)")
        position = .first(of: begins)
        record.skip(to: position)
        gotOn(world)
    }

    private func gotOn(_ world: World) {
        progressAt = world.now
        asked = 0
        begins = nil
    }

    // MARK: Answers

    /// As the tail of a client does: a bookmark of another log than the nodes keep is not gone on from. This reader reads
    /// the new log then, from its first slot.
    func meets(_ genesis: Digest, world: World) {
        let found = LogID(genesis: genesis, group: group)
        defer { log = found }
        guard let log, log != found else { return }
        world.note(
            .client, nil, detail: UInt64(found.rawValue),
            "\(title) is told that the nodes keep log \(found), not \(log)")
        lostLog = nil
        position = .first(of: Slot(1))
        record = TailRecord(from: position)
        attempt = nil
        gotOn(world)
    }

    /// What went with the connection is not waited for.
    func disconnected(_ node: NodeID, world: World) {
        guard attempt != nil, world.nodes[place].id == node else { return }
        moveOn(world)
    }

    func receive(_ frame: ClientFrame, from node: NodeID, world: World) throws(WireError) {
        guard case .response(let id, let response) = frame else {
            throw .unexpected("no node sends this to a reader")
        }
        guard let attempt, attempt.id == id else { return }
        self.attempt = nil
        switch response {
        case .admin(.executed(let slots)): take(slots, from: attempt.from, world)
        case .admin(.logBegins(let slot)):
            if slot <= attempt.from {
                violate(world, "asks for slot \(attempt.from), and is told that the log begins at \(slot)")
            }
            begins = min(begins ?? slot, slot)
            moveOn(world)
        case .busy, .refused(.gone): moveOn(world)
        default: violate(world, "asks for slot \(attempt.from), and is told: \(response.summary)")
        }
    }

    private func take(_ slots: ExecutedSlots, from: Slot, _ world: World) {
        guard let first = slots.decided.first, let log else {
            if slots.chosenThrough >= from {
                violate(world, "is given nothing from slot \(from) on, and \(slots.chosenThrough) is chosen")
            }
            moveOn(world)
            return
        }
        guard first.slot == from else {
            violate(world, "asks for slot \(from), and is given \(first.slot)")
            return
        }
        gotOn(world)
        // Some end in the middle of what they were given.
        let last = world.isLoadOn && random.chance(1, in: 12) ? random.below(20) : Int.max
        var taken = 0
        var entries = LogEntries(slots, of: log, from: position)
        while let entry = entries.next() {
            record.add(entry)
            world.counts.tailed += 1
            position = entry.bookmark.next.position
            taken += 1
            if taken > last { return comeBack(world) }
        }
        position = entries.position
        record.read(to: position)
        if world.isLoadOn, random.chance(1, in: 40) {
            restsUntil = world.now + random.within(6 * VirtualTime.second)
        }
    }

    private func violate(_ world: World, _ detail: String) {
        world.violate(.invariant, "TailExact: \(title) \(detail)")
    }

    // MARK: The end

    func isWaitingFor(_ world: World) -> String? {
        guard isUp, world.nodes.contains(where: { $0.core.map { $0.speaks >= WireVersion.tail } ?? false })
        else { return nil }
        let chosen = world.judging(group) { $0.chosenThrough }
        return position.slot.rawValue > chosen ? nil : "slot \(position.slot) of \(chosen)"
    }

    /// What is wrong with what it was given, if something is.
    func flaw(executed: [TailRecord.Given], through: Slot) -> String? {
        if let lostLog {
            return
                "PositionNamesItsLog: \(title) goes on in a restored cluster from a bookmark of log \(lostLog), and was "
                + "not told"
        }
        return TailCheck(record, executed: executed, through: through).flaw.map {
            "TailExact: \(title) \($0)"
        }
    }
}
