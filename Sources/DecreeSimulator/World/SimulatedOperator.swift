import DecreeWire
import Paxos

/// Who looks after the cluster: changes members, hands the lead over, has snapshots taken. It asks as a client does,
/// follows hints, and asks again; a refusal that may pass is asked again until its patience ends, silence for ever.
final class SimulatedOperator: Caller {
    /// Something it wants.
    struct Wish {
        enum Aim: Equatable {
            /// What the machine's node must know to join; then its admission.
            case welcome(machine: Int, Member.Role)
            case admission(machine: Int, Member.Role, StoreID, Welcome)
            /// A member to be taken out.
            case removal(NodeID)
            case other(AdminRequest)
        }

        let number: UInt64
        var aim: Aim
        /// A refusal after that is an answer.
        let patientUntil: UInt64
        /// Whom to ask next; nil for anybody.
        var hint: Int?
        /// The attempt under way, and until when it is waited for.
        var attempt: UInt64?
        var waitsUntil: UInt64 = 0
        /// A node that must answer itself.
        var asked: Int?
    }

    let endpoint: Endpoint
    let life = 1
    let isUp = true
    var links: [Dialled]
    private(set) var wishes: [Wish] = []
    private var random: SeededGenerator
    private var nextNumber: UInt64 = 0
    /// Whether it begins new things.
    var isPlanning = true

    init(endpoint: Endpoint, machines: Int, random: SeededGenerator) {
        self.endpoint = endpoint
        self.random = random
        links = Array(repeating: Dialled(), count: machines)
    }

    var isIdle: Bool { wishes.isEmpty }

    /// Members that are on their way out, or may be.
    var removing: [NodeID] {
        wishes.compactMap { wish in
            switch wish.aim {
            case .removal(let node): node
            case .welcome(_, .joining(let replaced)), .admission(_, .joining(let replaced), _, _): replaced
            default: nil
            }
        }
    }

    /// Machines that are to join.
    var joining: [Int] {
        wishes.compactMap { wish in
            switch wish.aim {
            case .welcome(let machine, _), .admission(let machine, _, _, _): machine
            default: nil
            }
        }
    }

    func wish(_ aim: Wish.Aim, of asked: Int? = nil, world: World) {
        nextNumber += 1
        wishes.append(
            Wish(
                number: nextNumber, aim: aim,
                patientUntil: world.now + random.within(12 * VirtualTime.second), hint: asked, asked: asked))
        world.counts.asked += 1
        world.note(.client, nil, detail: nextNumber, "the operator wants \(aim)")
    }

    // MARK: Asking

    func act(_ world: World) {
        // Who is gone for good answers nobody.
        wishes.removeAll { $0.asked.map { world.nodes[$0].retired != nil } ?? false }
        for place in wishes.indices where wishes[place].waitsUntil <= world.now { ask(place, world) }
    }

    private func ask(_ place: Int, _ world: World) {
        let up = links.indices.filter { links[$0].isUp }
        guard !up.isEmpty else { return }
        let wish = wishes[place]
        let hint = wish.hint.flatMap { up.contains($0) ? $0 : nil }
        let target = wish.asked ?? hint ?? up[random.below(up.count)]
        wishes[place].hint = nil
        nextNumber += 1
        wishes[place].attempt = nextNumber
        wishes[place].waitsUntil = world.now + VirtualTime.second
        let frame: ClientFrame =
            switch wish.aim {
            case .welcome: .join(id: nextNumber)
            case .admission(let machine, let role, let store, _):
                request(
                    .change(.add(node: nil, role: role, store: store, address: world.nodes[machine].address)))
            case .removal(let node): request(.change(.remove(node)))
            case .other(let asked): request(asked)
            }
        world.send(frame, from: self, to: target)
    }

    private func request(_ request: AdminRequest) -> ClientFrame {
        .request(id: nextNumber, group: .first, .admin(request))
    }

    // MARK: Answers

    func meets(_ genesis: Digest, world: World) {}

    func connected(_ node: NodeID, world: World) {}

    func disconnected(_ node: NodeID, world: World) {}

    func receive(_ frame: ClientFrame, from node: NodeID, world: World) throws(WireError) {
        switch frame {
        case .welcome(let id, let welcome):
            guard let place = wishes.firstIndex(where: { $0.attempt == id }),
                case .welcome(let machine, let role) = wishes[place].aim
            else { return }
            wishes[place].aim = .admission(
                machine: machine, role, StoreID(rawValue: random.next() | 1), welcome)
            again(place, in: 0, world)
        case .response(let id, let response):
            guard let place = wishes.firstIndex(where: { $0.attempt == id }) else { return }
            take(response, place, from: node, world)
        default: throw .unexpected("no node sends this to an operator")
        }
    }

    private func take(_ response: ClientResponse, _ place: Int, from node: NodeID, _ world: World) {
        switch response {
        case .notLeader(let leader), .leadershipLost(let leader):
            wishes[place].hint = leader.flatMap { world.place(of: $0) }
            again(place, in: 30 + random.below(200), world)
        case .busy: again(place, in: 50 + random.below(150), world)
        case .admin(.changed(let outcome)):
            if case .admission(let machine, _, let store, let welcome) = wishes[place].aim {
                admit(machine, as: outcome.node, store, welcome, contact: node, world)
            }
            end(place, "changed node \(outcome.node)", world)
        case .admin(.changeRefused(let refusal)): take(refusal, place, world)
        default: end(place, response.summary, world)
        }
    }

    private func admit(
        _ machine: Int, as id: NodeID, _ store: StoreID, _ welcome: Welcome, contact: NodeID, _ world: World
    ) {
        // Asked again, the answer may come twice.
        guard world.nodes[machine].identity == nil else { return }
        world.admit(world.nodes[machine], as: id, store: store, welcome: welcome, contact: contact)
    }

    private func take(_ refusal: ConfigurationRefusal, _ place: Int, _ world: World) {
        switch refusal {
        case .unknownMember, .notVoter:
            // The one to be replaced has left meanwhile.
            if case .admission(let machine, .joining(_?), let store, let welcome) = wishes[place].aim {
                wishes[place].aim = .admission(machine: machine, .joining(replacing: nil), store, welcome)
                return again(place, in: 100, world)
            }
            end(place, "\(refusal)", world)
        case .changeInFlight, .wouldLoseQuorum, .notCaughtUp, .replacementPending:
            if case .admission = wishes[place].aim, refusal == .changeInFlight || refusal == .wouldLoseQuorum
            {
                return again(place, in: 100 + random.below(400), world)
            }
            // The others must know where a member is that has moved.
            if case .other(.change(.move)) = wishes[place].aim { return again(place, in: 100, world) }
            guard world.now < wishes[place].patientUntil else { return end(place, "\(refusal)", world) }
            again(place, in: 100 + random.below(400), world)
        default: end(place, "\(refusal)", world)
        }
    }

    private func again(_ place: Int, in milliseconds: Int, _ world: World) {
        wishes[place].attempt = nil
        wishes[place].waitsUntil = world.now + UInt64(milliseconds) * VirtualTime.millisecond
    }

    private func end(_ place: Int, _ how: String, _ world: World) {
        let wish = wishes.remove(at: place)
        world.note(.client, nil, detail: wish.number, "the operator's wish, \(wish.aim): \(how)")
    }
}
