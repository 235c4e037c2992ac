import ArgumentParser
import DecreeSimulator
import Dispatch
import Foundation
import Paxos

/// `decree simulate-worker`: what `decree simulate` starts in a process of its own, so that a trap in one seed
/// is a result and not the end. It says which seed it begins, and what came of it.
struct SimulateWorker: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate-worker", abstract: "A helper of `decree simulate`.", shouldDisplay: false)

    @Option var seeds: SeedRange
    @Option var step: UInt64 = 1
    @OptionGroup var choices: SimulationChoices

    func run() throws {
        let options = try choices.options()
        let encoder = JSONEncoder()
        for seed in stride(from: seeds.first, through: seeds.last, by: Int(step)) {
            try say("begin \(seed)")
            let start = DispatchTime.now().uptimeNanoseconds
            let report = Simulation(seed: seed, options: options).runHere()
            let micros = Int((DispatchTime.now().uptimeNanoseconds - start) / 1_000)
            let result = SeedResult(report, wallMicroseconds: micros)
            try say("end " + String(decoding: try encoder.encode(result), as: UTF8.self))
        }
    }

    private func say(_ line: String) throws {
        try OutputFile.standardOutput.write(Array((line + "\n").utf8))
    }
}
