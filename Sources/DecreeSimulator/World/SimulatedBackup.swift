import DecreeWire
import Paxos

/// Takes a backup of a group's log over the network, as `decree backup` does: it asks one node how its log stands, reads the
/// chunks of its snapshot and the slots behind that, and holds the whole against the chain that the node told. When what
/// it reads is deleted under it, or the node is gone, it begins again. What it has then is held against the log.
final class SimulatedBackup: Visitor {
    let endpoint: Endpoint
    let number: Int
    let group: GroupID
    private(set) var life = 0
    private(set) var isUp = false
    var links: [Dialled]
    private var random: SeededGenerator
    /// The machine it reads from, and what it has read.
    private var place: Int?
    private var copy: BackupCopy?
    /// The question under way.
    private var attempt: (id: UInt64, until: UInt64)?
    private var lastID: UInt64 = 0
    private var restsUntil: UInt64 = 0

    private static let attemptNanoseconds = 2 * VirtualTime.second

    init(_ seat: World.Seat) {
        (endpoint, number, group, random) = (seat.endpoint, seat.number, seat.group, seat.random)
        links = Array(repeating: Dialled(), count: seat.machines)
    }

    var title: String { "backup \(number + 1)" }

    func come(for effect: Fault.Effect, world: World) {
        guard !isUp else { return }
        life += 1
        isUp = true
    }

    func isWaitingFor(_ world: World) -> String? {
        isUp ? "what comes after slot \(copy?.end ?? .zero)" : nil
    }

    // MARK: Asking

    func act(_ world: World) {
        guard world.now >= restsUntil else { return }
        if let attempt {
            guard world.now >= attempt.until else { return }
            beginAgain(world)
        }
        if let place, !links[place].isUp { beginAgain(world) }
        if let copy, copy.isComplete { return finish(copy, world) }
        ask(world)
    }

    private func ask(_ world: World) {
        let up = links.indices.filter { links[$0].isUp }
        guard let target = place ?? (up.isEmpty ? nil : up[random.below(up.count)]) else { return }
        place = target
        lastID += 1
        attempt = (lastID, world.now + Self.attemptNanoseconds)
        let question = copy?.nextQuestion ?? .describeLog
        world.send(.request(id: lastID, group: group, .admin(question)), from: self, to: target)
    }

    private func beginAgain(_ world: World) {
        (place, copy, attempt) = (nil, nil, nil)
        restsUntil = world.now + random.within(VirtualTime.second)
    }

    // MARK: Answers

    func receive(_ frame: ClientFrame, from node: NodeID, world: World) throws(WireError) {
        guard case .response(let id, let response) = frame else {
            throw .unexpected("no node sends this to a backup")
        }
        guard attempt?.id == id else { return }
        attempt = nil
        switch response {
        case .admin(.described(let log)) where copy == nil: copy = BackupCopy(of: log)
        case .admin(.chunks(let chunks)) where copy != nil && !chunks.isEmpty: copy?.add(chunks)
        case .admin(.slots(let decided, _)) where copy != nil:
            // A node that has started again may know of less.
            guard !decided.isEmpty else { return beginAgain(world) }
            copy?.add(decided)
        case .refused(.gone): beginAgain(world)
        case .busy: restsUntil = world.now + random.within(100 * VirtualTime.millisecond)
        default:
            world.violate(
                .invariant, "BackupExact: \(title) is told something else than it asked: \(response.summary)")
        }
    }

    private func finish(_ copy: BackupCopy, _ world: World) {
        isUp = false
        life += 1
        world.counts.backups += 1
        world.note(
            .client, nil, detail: copy.end.rawValue,
            "\(title) is complete through slot \(copy.end), \(copy.slots.count) slots")
        let machine = world.settings.machine(world.workload)
        let flaw = world.judging(group) { judge in
            copy.flaw(machine: machine, genesis: world.settings.configuration, judge)
        }
        if let flaw { world.violate(.invariant, "BackupExact: \(title) \(flaw)") }
    }
}
