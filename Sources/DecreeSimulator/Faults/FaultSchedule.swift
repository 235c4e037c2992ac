import Paxos

/// What will go wrong in a simulation, and when: drawn from the seed before anything happens, so that it can
/// be read, cut down, and run again.
public struct FaultSchedule: Sendable, Hashable {
    /// The faults, by their numbers.
    public let faults: [Fault]

    /// Some of the faults; all, for nil.
    func keeping(_ numbers: Set<Int>?) -> FaultSchedule {
        guard let numbers else { return self }
        return FaultSchedule(faults: faults.filter { numbers.contains($0.number) })
    }

    /// Nodes that found a cluster start within this time.
    static let foundingNanoseconds = 3 * VirtualTime.second

    /// Whether the world begins with empty directories.
    var isFounding: Bool { faults.contains { $0.kind == .founding } }

    init(faults: [Fault]) { self.faults = faults }

    /// Draws a schedule in the manner of swarm testing (Groce and others, "Swarm Testing", 2012): each
    /// seed uses some kinds of faults and not others, and each kind it uses much or little. A storm with
    /// everything in it at once would hide what a single kind brings to light.
    ///
    /// - Parameters:
    ///   - victims: nodes whose disks may rot: a minority, for what rots never votes again.
    ///   - certain: kinds that are used in any case.
    static func draw(
        _ streams: Streams, kinds: Set<FaultKind>, certain: Set<FaultKind> = [], nodes: Int, clients: Int,
        victims: [Int], until end: UInt64
    ) -> FaultSchedule {
        var swarm = streams.stream(.swarm)
        var planned: [(kind: FaultKind, random: SeededGenerator)] = []
        for (place, kind) in FaultKind.allCases.enumerated() {
            let isUsed = swarm.chance(2, in: 5)
            let most = 1 + swarm.below(kind.mostOften)
            guard kinds.contains(kind), isUsed || certain.contains(kind) else { continue }
            for number in 0..<most {
                planned.append((kind, streams.stream(.fault, place * 1_000 + number)))
            }
        }
        var faults: [Fault] = []
        for (kind, random) in planned {
            var random = random
            var start = VirtualTime.second + random.next() % (end - VirtualTime.second)
            // Half of what befalls a founding comes while it is under way.
            if kind == .founding, random.chance(1, in: 2) { start = random.next() % Self.foundingNanoseconds }
            let lasting = kind.draw(nodes: nodes, clients: clients, victims: victims, &random)
            guard let lasting else { continue }
            let lengths = lasting.milliseconds
            let span = UInt64(lengths.lowerBound + random.below(lengths.count)) * VirtualTime.millisecond
            faults.append(
                Fault(
                    number: faults.count + 1, kind: kind, start: start, end: min(end, start + span),
                    effect: lasting.effect, seed: random.next()))
        }
        return FaultSchedule(faults: faults)
    }
}

extension FaultKind {
    /// How many of a kind a storm has at most.
    fileprivate var mostOften: Int {
        switch self {
        case .loss, .delay, .reorder, .duplicate, .damage, .slowDisk, .clientCrash, .hunt: 3
        case .clog, .reset, .clock, .diskFull, .rot, .terminate: 4
        case .pause, .ioError, .partition: 6
        case .wipe, .oldImage, .diskSwap, .unlink, .tail: 2
        case .copy, .restore: 1
        case .handOver, .snapshot, .move, .founding: 6
        case .upgrade, .blunder: 10
        case .backup, .narrow: 3
        case .kill, .powerCut, .crashInCommit, .members: 12
        }
    }

    fileprivate typealias Lasting = (effect: Fault.Effect, milliseconds: Range<Int>)

    fileprivate func draw(
        nodes: Int, clients: Int, victims: [Int], _ random: inout SeededGenerator
    ) -> Lasting? {
        switch self {
        case .loss:
            return (.weather(.loses(perMille: 5 + random.below(300)), scope(nodes, &random)), 500..<8_000)
        case .delay:
            let micros = 1_000 << random.below(9)
            return (.weather(.delays(microseconds: micros), scope(nodes, &random)), 500..<6_000)
        case .reorder:
            let weather = Fault.Weather.reorders(
                perMille: 20 + random.below(500), microseconds: 100 << random.below(12))
            return (.weather(weather, scope(nodes, &random)), 1_000..<10_000)
        case .duplicate:
            let weather = Fault.Weather.duplicates(
                perMille: 10 + random.below(300), microseconds: 1_000 << random.below(12))
            return (.weather(weather, scope(nodes, &random)), 1_000..<10_000)
        case .clog: return (.weather(.clogs, scope(nodes, &random)), 50..<3_000)
        case .reset:
            return (.weather(.resets(perMille: 1 + random.below(30)), scope(nodes, &random)), 200..<3_000)
        case .damage:
            return (.weather(.damages(perMille: 1 + random.below(20)), scope(nodes, &random)), 200..<3_000)
        case .partition: return (.partition(.draw(nodes: nodes, &random)), 100..<7_000)
        case .pause: return (.pause(target(nodes, &random)), 20..<4_000)
        case .kill: return (.stop(target(nodes, &random), .kill), 5..<3_000)
        case .powerCut: return (.stop(target(nodes, &random), .powerCut(survival(&random))), 50..<3_000)
        case .crashInCommit:
            return (
                .stopInDisk(
                    target(nodes, &random), atOperation: 1 + random.below(40), death(&random)), 50..<3_000
            )
        case .terminate: return (.terminate(target(nodes, &random)), 50..<2_000)
        case .ioError:
            let effect = Fault.Effect.ioError(
                target(nodes, &random), atOperation: 1 + random.below(30), syncsOnly: random.chance(1, in: 2),
                isKept: random.chance(1, in: 2))
            return (effect, 50..<2_000)
        case .diskFull:
            return (.diskFull(target(nodes, &random), roomBytes: random.below(40) * 4_096), 100..<5_000)
        case .slowDisk:
            // One in three is slow for long, and as slow as scenario SlowDisk has it.
            guard random.below(3) > 0 else {
                return (.slowDisk(target(nodes, &random), microseconds: 500_000), 4_000..<15_000)
            }
            return (.slowDisk(target(nodes, &random), microseconds: 5_000 << random.below(8)), 500..<6_000)
        case .rot:
            guard !victims.isEmpty else { return nil }
            if random.chance(1, in: 2) {
                let row = Fault.RottenRow.allCases[random.below(2)]
                return (
                    .rotRow(
                        node: victims[random.below(victims.count)], row, place: random.below(1_000),
                        bit: random.below(8)), 10..<6_000
                )
            }
            let file = Fault.RottenFile.allCases[random.below(2)]
            let effect = Fault.Effect.rot(
                node: victims[random.below(victims.count)], file: file, place: random.below(1_000),
                bit: random.below(8))
            return (effect, 10..<2_000)
        case .clock:
            let target = target(nodes, &random)
            return random.chance(1, in: 2)
                ? (.clockJump(target, ticks: 1 + random.below(300)), 10..<11)
                : (.clockDrift(target, percent: 50 + random.below(150)), 1_000..<20_000)
        case .clientCrash: return (.clientCrash(random.below(clients)), 1..<1_000)
        case .wipe:
            guard !victims.isEmpty else { return nil }
            return (.wipe(node: victims[random.below(victims.count)]), 5..<2_000)
        case .unlink:
            guard !victims.isEmpty else { return nil }
            return (.unlink(node: victims[random.below(victims.count)]), 1_500..<2_000)
        case .copy:
            guard !victims.isEmpty else { return nil }
            let originals = Fault.Original.allCases
            return (
                .copy(
                    node: victims[random.below(victims.count)], originals[random.below(originals.count)]),
                6_000..<10_000
            )
        case .oldImage:
            guard !victims.isEmpty else { return nil }
            return (.oldImage(node: victims[random.below(victims.count)]), 2_000..<12_000)
        case .diskSwap:
            let first = random.below(nodes)
            return (.diskSwap(first, (first + 1 + random.below(nodes - 1)) % nodes), 200..<3_000)
        case .members:
            let task: OperatorTask =
                switch random.below(8) {
                case 0..<3: .join(isVoter: random.chance(2, in: 3))
                case 3: .promote
                case 4, 5: .replace
                default: .remove
                }
            return (.operate(task), 1..<2)
        case .handOver: return (.operate(.handOver(isNamed: random.chance(1, in: 2))), 1..<2)
        case .snapshot: return (.operate(.snapshot), 1..<2)
        case .upgrade: return (.upgrade(target(nodes, &random)), 50..<2_000)
        case .restore: return (.restore(lostSlots: random.below(1 << random.below(6))), 1..<2)
        case .founding:
            let node = random.below(nodes)
            switch random.below(4) {
            case 0: return (.founding(.editedList(node: node)), 200..<4_000)
            case 1: return (.founding(.death(node: node, atOperation: 1 + random.below(60))), 100..<3_000)
            default: return (.founding(.missingMount(node: node)), 300..<6_000)
            }
        case .move:
            let tellings = Fault.Telling.allCases
            return (.move(node: random.below(nodes), tellings[random.below(tellings.count)]), 50..<4_000)
        case .tail:
            let start: Fault.TailStart =
                switch random.below(3) {
                case 0: .beginning
                case 1: .within(perMille: random.below(1_000))
                default: .end
                }
            return (.tail(start), 1..<2)
        case .backup: return (.backup, 1..<2)
        case .blunder:
            return (.blunder(Blunder.allCases[random.below(Blunder.allCases.count)]), 1..<2)
        case .narrow:
            let narrow = Fault.Weather.narrows(bytesPerSecond: 20_000 << random.below(8))
            return (.weather(narrow, scope(nodes, &random)), 2_000..<15_000)
        case .hunt:
            return (.hunt(Fault.Hunt.allCases[random.below(Fault.Hunt.allCases.count)]), 2_000..<20_000)
        }
    }

    private func target(_ nodes: Int, _ random: inout SeededGenerator) -> Fault.Target {
        switch random.below(10) {
        case 0..<4: .leader
        case 4..<8: .node(random.below(nodes))
        case 8: .some(1 + random.below(nodes))
        default: .all
        }
    }

    private func scope(_ nodes: Int, _ random: inout SeededGenerator) -> Fault.Scope {
        let node = random.below(nodes)
        return switch random.below(3) {
        case 0: .everywhere
        case 1: .node(node)
        default: .link(from: node, to: (node + 1 + random.below(nodes - 1)) % nodes)
        }
    }

    private func survival(_ random: inout SeededGenerator) -> Survival {
        random.chance(1, in: 4) ? .nothing : Survival.drawable[random.below(Survival.drawable.count)]
    }

    private func death(_ random: inout SeededGenerator) -> Fault.Death {
        switch random.below(3) {
        case 0: .kill
        case 1: .powerCut(survival(&random))
        default: .killThenPowerCut(survival(&random), afterMilliseconds: 1 + random.below(400))
        }
    }
}
