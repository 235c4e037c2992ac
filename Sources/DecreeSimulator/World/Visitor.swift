import Paxos

/// A caller that comes for a fault of the schedule: it reads a group's log, copies it, or asks for what must be refused.
/// Clients and the operator do not know of it, and it draws from a stream of its own.
protocol Visitor: Caller {
    /// Its place among the visitors.
    var number: Int { get }
    /// Its name in traces and in what is found wrong.
    var title: String { get }
    /// Comes, for a fault of its kind.
    func come(for effect: Fault.Effect, world: World)
    /// Looks what to do next: every few hundredths of a second while it is up.
    func act(_ world: World)
    /// What it still waits for, which a cluster that has healed must give it; nil if there is nothing.
    func isWaitingFor(_ world: World) -> String?
}

/// What some visitors do not care for.
extension Visitor {
    func meets(_: Digest, world _: World) {}
    func connected(_: NodeID, world _: World) {}
    func disconnected(_: NodeID, world _: World) {}
}

extension World {
    /// The visitors that a schedule brings, and which of them comes for which fault, by its number.
    static func visitors(
        for settings: SimulationSettings, endpoint: Endpoint, machines: Int, streams: Streams
    ) -> (all: [any Visitor], byFault: [Int: Int]) {
        let groups = [.first] + settings.companions
        var all: [any Visitor] = []
        var byFault: [Int: Int] = [:]
        for fault in settings.schedule.faults {
            let number = all.count
            let seat = Seat(
                endpoint: endpoint + number, number: number, group: groups[number % groups.count],
                machines: machines, random: streams.stream(.visitors, fault.number))
            switch fault.effect {
            case .tail: all.append(SimulatedReader(seat))
            case .backup: all.append(SimulatedBackup(seat))
            case .blunder:
                // One makes all the mistakes.
                if let one = all.firstIndex(where: { $0 is SimulatedBlunderer }) {
                    byFault[fault.number] = one
                    continue
                }
                all.append(SimulatedBlunderer(seat))
            default: continue
            }
            byFault[fault.number] = number
        }
        return (all, byFault)
    }

    /// What a visitor is made of.
    struct Seat {
        let endpoint: Endpoint
        let number: Int
        let group: GroupID
        let machines: Int
        let random: SeededGenerator
    }

    /// The visitor of a fault comes, if it is not there already.
    func visit(_ fault: Fault) {
        guard let number = visitorsByFault[fault.number] else { return }
        let wasUp = visitors[number].isUp
        visitors[number].come(for: fault.effect, world: self)
        if !wasUp, visitors[number].isUp { planVisit(number) }
    }

    func visitorActs(_ number: Int) {
        let visitor = visitors[number]
        guard visitor.isUp else { return }
        for node in nodes where node.identity != nil { dial(visitor.endpoint, to: node.index) }
        visitor.act(self)
        if visitor.isUp { planVisit(number) }
    }

    func planVisit(_ number: Int) {
        plan(.visitorActs(number), in: visitorNetwork.within(50 * VirtualTime.millisecond))
    }

    /// The first visitor that waits for something, and for what.
    var waitingVisitor: String? {
        for visitor in visitors {
            if let what = visitor.isWaitingFor(self) { return "\(visitor.title) waits for \(what)" }
        }
        return nil
    }

    /// Whether an end is a visitor.
    func isVisitor(_ end: Endpoint) -> Bool { end > nodes.count + clients.count }

    /// Where draws about packets and connections between these two come from: visitors shift no others.
    func drawBelow(_ bound: Int, from: Endpoint, to: Endpoint) -> Int {
        isVisitor(from) || isVisitor(to) ? visitorNetwork.below(bound) : network.below(bound)
    }
}
