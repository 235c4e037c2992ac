import Paxos

/// A fault while it lasts, with draws of its own.
final class ActiveFault {
    let fault: Fault
    private var random: SeededGenerator
    /// The nodes it struck, to be made good when it ends.
    var struck: [Int] = []

    init(_ fault: Fault) {
        self.fault = fault
        random = SeededGenerator(seed: fault.seed)
    }

    var number: Int { fault.number }

    var weather: Fault.Weather? {
        if case .weather(let weather, _) = fault.effect { weather } else { nil }
    }

    var partition: Partition? {
        switch fault.effect {
        case .partition(let partition): partition
        case .hunt(.cutOff): struck.isEmpty ? nil : .apart(struck)
        default: nil
        }
    }

    func covers(from: Int, to: Int) -> Bool {
        if case .weather(_, let scope) = fault.effect { scope.covers(from: from, to: to) } else { false }
    }

    func chance(_ perMille: Int) -> Bool { random.chance(perMille, in: 1_000) }

    func below(_ bound: Int) -> Int { random.below(bound) }

    func shuffled(_ nodes: [Int]) -> [Int] { nodes.shuffled(using: &random) }
}

/// What ails a node that stays broken while a quorum of the others heals.
enum Affliction: CaseIterable {
    /// It is not started again.
    case down
    /// Nothing reaches it and it reaches nobody, clients included.
    case cutOff
    /// It sends and hears nothing.
    case deaf
    /// It hears and is not heard.
    case mute
    /// Its process is stopped.
    case paused
    /// Its disk takes half a second.
    case slow

    var cutsOutgoing: Bool { self == .cutOff || self == .mute }
    var cutsIncoming: Bool { self == .cutOff || self == .deaf }
}
