import DecreeWire
import Paxos

/// Asks the leader for changes of the members that must be refused, one after the other, as an operator who errs would: it
/// follows hints, and asks again while the answer is not final. Each refusal must be one that is true by the world's own
/// reckoning, and say so in words.
final class SimulatedBlunderer: Visitor {
    /// A change that is asked for, until its answer.
    private struct Question {
        let blunder: Blunder
        let change: ConfigurationChange
        let patientUntil: UInt64
        var hint: Int?
        var attempt: (id: UInt64, until: UInt64)?
        /// Through where the machine asked knew the log for certain, when the first attempt went out.
        var knownThrough: UInt64?
        var restsUntil: UInt64 = 0
    }

    let endpoint: Endpoint
    let number: Int
    let life = 1
    private(set) var isUp = false
    var links: [Dialled]
    private var random: SeededGenerator
    private var questions: [Question] = []
    private var lastID: UInt64 = 0

    private static let attemptNanoseconds = VirtualTime.second
    private static let patienceNanoseconds = 10 * VirtualTime.second

    init(_ seat: World.Seat) {
        (endpoint, number, random) = (seat.endpoint, seat.number, seat.random)
        links = Array(repeating: Dialled(), count: seat.machines)
    }

    var title: String { "the operator who errs" }

    func come(for effect: Fault.Effect, world: World) {
        guard case .blunder(let wanted) = effect, world.steward.isPlanning else { return }
        isUp = true
        let rule = world.judge.members.latest
        // What does not fit gives way to what always does.
        for blunder in [wanted, .promoteVoter] {
            guard let change = blunder.change(rule, &random) else { continue }
            questions.append(
                Question(
                    blunder: blunder, change: change, patientUntil: world.now + Self.patienceNanoseconds))
            world.noteWords(title + " asks to \(blunder.rawValue)", "\(change)")
            return
        }
    }

    /// Silence is an answer, and so is the end of its patience.
    func isWaitingFor(_ world: World) -> String? { nil }

    // MARK: Asking

    func act(_ world: World) {
        guard world.steward.isPlanning else {
            questions = []
            return
        }
        questions.removeAll { $0.patientUntil <= world.now }
        guard let question = questions.first, question.restsUntil <= world.now,
            question.attempt.map({ $0.until <= world.now }) ?? true
        else { return }
        let up = links.indices.filter { links[$0].isUp }
        guard !up.isEmpty else { return }
        let target = question.hint.flatMap { up.contains($0) ? $0 : nil } ?? up[random.below(up.count)]
        lastID += 1
        let known = world.judge.isSound(target) ? world.judge.nodes[target].chosenThrough.rawValue : 0
        questions[0].hint = nil
        questions[0].attempt = (lastID, world.now + Self.attemptNanoseconds)
        // An earlier attempt may have been taken by another leader, and be answered yet.
        questions[0].knownThrough = min(known, question.knownThrough ?? known)
        world.send(
            .request(id: lastID, group: .first, .admin(.change(question.change))), from: self, to: target)
    }

    // MARK: Answers

    func receive(_ frame: ClientFrame, from node: NodeID, world: World) throws(WireError) {
        guard case .response(let id, let response) = frame else {
            throw .unexpected("no node sends this to an operator")
        }
        guard let question = questions.first, question.attempt?.id == id else { return }
        questions[0].attempt = nil
        switch response {
        case .notLeader(let leader), .leadershipLost(let leader):
            questions[0].hint = leader.flatMap { world.place(of: $0) }
            rest(world)
        case .busy, .admin(.changeRefused(.changeInFlight)): rest(world)
        case .admin(.changeRefused(let refusal)):
            questions.removeFirst()
            world.counts.refusals += 1
            world.noteWords("\(title) may not \(question.blunder.rawValue)", "\(refusal)")
            judge(refusal, of: question, by: node, world)
        case .admin(.changed(let outcome)):
            questions.removeFirst()
            judge(outcome, of: question, by: node, world)
        default:
            world.violate(
                .invariant, "ConfigAtSlot: \(title) is told something else than it asked: \(response.summary)"
            )
        }
    }

    private func rest(_ world: World) {
        questions[0].restsUntil = world.now + random.within(200 * VirtualTime.millisecond)
    }

    private func judge(
        _ refusal: ConfigurationRefusal, of question: Question, by node: NodeID, _ world: World
    ) {
        let rules = world.judge.members.possible(knownThrough: question.knownThrough ?? 0)
        let reasons = rules.map { ReckonedMembers.refusals(of: question.change, in: $0) }
        guard !reasons.contains(where: { $0.contains(refusal) }) else { return }
        world.violate(
            .invariant,
            "ConfigAtSlot: node \(node) refuses to \(question.change), for \(refusal) (\(refusal.rawValue)); by the log it "
                + "may for \(reasons.map { $0.map(\.rawValue).sorted() })")
    }

    /// Only what is so already is answered with yes, and changes nothing.
    private func judge(
        _ outcome: ConfigurationOutcome, of question: Question, by node: NodeID, _ world: World
    ) {
        let rules = world.judge.members.possible(knownThrough: question.knownThrough ?? 0)
        let isSo = rules.contains { ReckonedMembers.refusals(of: question.change, in: $0).isEmpty }
        guard !isSo || outcome.from != nil else { return }
        world.violate(
            .invariant,
            "ConfigAtSlot: node \(node) says that it did \(question.change)\(outcome.from.map { " from slot \($0) on" } ?? "")"
        )
    }
}
