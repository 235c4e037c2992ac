import ArgumentParser
import DecreeSimulator
import Dispatch
import Foundation
import Paxos

/// `decree simulate`: whole clusters in a simulated world, a seed each.
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Try whole clusters in a simulated world, one for each seed.",
        discussion: """
            Each seed is a cluster of 3 to 7 nodes and its clients, in one thread and virtual time. The nodes run what \
            servers run: the protocol, the sessions, the bank, the wire format, and the store on SQLite, over disks \
            that lose what was not synced. For half a minute messages are lost, delayed, doubled, reordered and damaged, \
            links cut, processes paused and killed, machines lose their power, disks fail, fill up, slow down, rot, and are \
            lost or put back, clocks run wrong; members join, leave and are replaced, snapshots are taken, the lead is \
            handed over: each seed draws which, and how hard. Then a quorum heals while the rest stays broken, \
            and must serve everybody again; then all heal, and must agree.

            Judged, after every step and at the end: the invariants of docs/invariants.md from outside; every \
            acknowledgement against a replay of the log by an independent model of sessions and bank; real time order; \
            the beginning of each history by a search for an order of its own; and that the cluster comes back.

            A seed that fails is told with the command that replays it. The same seed gives the same history, in every \
            process and on every machine with the same SQLite.

            EXAMPLES
              decree simulate --seeds 1..2000
              decree simulate --seeds 1..1000000 --minutes 60 --jobs 2
              decree simulate --seeds 17 --trace | less
              decree simulate --seeds 17 --trace --ndjson | jq 'select(.kind == "fault")'
              decree simulate --seeds 17 --shrink
              decree simulate --seeds 1..200 --twice

            EXIT CODES
              0  nothing was found
              1  a seed failed, or was not the same twice
              2  wrong usage
            """)

    @Option(help: ArgumentHelp("A seed, or a range with both ends: 1..2000.", valueName: "seeds"))
    var seeds = SeedRange(1, 100)

    @Option(help: "Begin no seed after so many minutes.")
    var minutes: Double?

    @OptionGroup var choices: SimulationChoices

    @Option(help: "Workers at once, each on its own processor.")
    var jobs = 1

    @Flag(help: "Print the whole history of one seed.")
    var trace = false

    @Flag(help: "With --trace: a line of JSON for each event.")
    var ndjson = false

    @Flag(help: "Reduce a failing seed to the faults it takes.")
    var shrink = false

    @Flag(help: "Run every seed in two processes, and compare everything that happened.")
    var twice = false

    @Flag(help: "Go on after a seed has failed.")
    var keepGoing = false

    @Flag(help: "Print one line of JSON on standard output, and progress on standard error.")
    var json = false

    func validate() throws {
        _ = try choices.options()
        guard (1...64).contains(jobs) else { throw ValidationError("--jobs takes 1 to 64.") }
        guard !trace || seeds.count == 1 else { throw ValidationError("--trace takes one seed.") }
        guard !ndjson || trace else { throw ValidationError("--ndjson belongs to --trace.") }
        guard !shrink || seeds.count == 1 else { throw ValidationError("--shrink takes one seed.") }
        guard minutes.map({ $0 > 0 }) ?? true else { throw ValidationError("--minutes takes more than 0.") }
    }

    func run() async throws {
        if trace {
            try printTrace()
        } else if shrink {
            try await shrinkSeed()
        } else {
            try runSeeds()
        }
    }

    // MARK: Many seeds

    private func runSeeds() throws {
        let start = DispatchTime.now().uptimeNanoseconds
        func elapsed() -> Double { Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9 }
        var tally = SimulationTally()
        var digests: [UInt64: String] = [:]
        let progress = SimulationProgress(total: seeds.count)
        try forEachResult { result in
            tally.add(result)
            digests[result.seed] = result.digest
            progress.show(tally, elapsed: elapsed())
            if !result.violations.isEmpty { progress.line(complaint(result)) }
            return keepGoing || result.violations.isEmpty
        }
        var unequal: [UInt64] = []
        if twice, tally.failures.isEmpty {
            try forEachResult { result in
                progress.show(tally, elapsed: elapsed(), again: true)
                // With --minutes, the second time may get further than the first.
                if let first = digests[result.seed], first != result.digest { unequal.append(result.seed) }
                return true
            }
        }
        progress.clear()
        let wall = elapsed()
        if json {
            try printJSON(tally, wall, unequal)
        } else {
            print(Format.table(tally.table(wallSeconds: wall)).joined(separator: "\n"))
            if twice, tally.failures.isEmpty {
                print(
                    "every seed twice, in two processes: \(unequal.isEmpty ? "equal digests" : "NOT EQUAL")")
            }
        }
        try conclude(tally, unequal)
    }

    private func conclude(_ tally: SimulationTally, _ unequal: [UInt64]) throws {
        if let seed = unequal.first {
            throw ToolError(
                .checkFailed,
                "\(unequal.count) seeds had two histories, seed \(seed) among them: something reads a clock, an "
                    + "address or the order of a dictionary")
        }
        guard tally.failures.isEmpty else {
            throw ToolError(
                .checkFailed,
                "\(tally.failures.count) seeds failed: "
                    + tally.failures.prefix(20).map { "\($0.seed)" }.joined(separator: ", "))
        }
        guard tally.seeds > 0 else { throw ToolError(.checkFailed, "no seed was run") }
        if tally.counted < tally.seeds {
            // They are worth nothing as evidence, which is worth saying; nothing was found wrong.
            FileHandle.standardError.write(
                Data(
                    "decree: \(tally.seeds - tally.counted) seeds chose fewer than 100 slots and prove little\n"
                        .utf8))
        }
    }

    /// Runs the seeds over the workers there are, and gives the results one by one.
    private func forEachResult(_ take: (SeedResult) -> Bool) throws {
        let runner = SeedRunner(choices: choices.arguments, seconds: minutes.map { $0 * 60 })
        guard jobs > 1 else { return try runner.run(seeds, take) }
        try ParallelSeeds(runner: runner, seeds: seeds, jobs: jobs).run(take)
    }

    private func complaint(_ result: SeedResult) -> String {
        let shown = result.violations.prefix(5).map { "  " + $0 }.joined(separator: "\n")
        let more = result.violations.count > 5 ? "\n  and \(result.violations.count - 5) more" : ""
        return "seed \(result.seed) failed:\n\(shown)\(more)\n  replay: \(replay(result.seed))\n  reduce: "
            + "\(replay(result.seed, "--shrink"))"
    }

    private func replay(_ seed: UInt64, _ flag: String = "--trace", only: [Int]? = nil) -> String {
        var choices = choices
        if let only { choices.only = only.isEmpty ? "none" : only.map(String.init).joined(separator: ",") }
        return (["decree", "simulate", "--seeds", "\(seed)", flag] + choices.arguments)
            .joined(separator: " ")
    }

    // MARK: One seed

    private func printTrace() throws {
        var options = try choices.options()
        // In this process: if it traps, the lines so far are lost, so they are printed as they come.
        let ndjson = ndjson
        options.sink = { line in
            let text = ndjson ? line.json : line.description
            try? OutputFile.standardOutput.write(Array((text + "\n").utf8))
        }
        let report = Simulation(seed: seeds.first, options: options).runHere()
        guard report.violations.isEmpty else {
            throw ToolError(
                .checkFailed,
                "seed \(seeds.first) failed:\n"
                    + report.violations.prefix(20).map { "  \($0)" }.joined(separator: "\n"))
        }
    }

    private func shrinkSeed() async throws {
        let seed = seeds.first
        let progress = SimulationProgress(total: 0)
        let all = try SeedRunner(choices: choices.arguments).run(seed: seed)
        guard let first = all.violations.first else {
            throw ToolError(.usage, "seed \(seed) does not fail: there is nothing to reduce")
        }
        let options = try choices.options()
        let numbers = Simulation(seed: seed, options: options).schedule.faults.map(\.number)
        let shrinking = Shrinking(
            progress: { attempt, left in progress.status("\(left) faults are left after \(attempt) attempts")
            }
        ) { numbers in
            var choices = choices
            choices.only = numbers.isEmpty ? "none" : numbers.map(String.init).joined(separator: ",")
            return try !SeedRunner(choices: choices.arguments).run(seed: seed).violations.isEmpty
        }
        let left = try await shrinking.shrink(numbers)
        progress.clear()
        print("seed \(seed): \(first)")
        print("\(left.count) of \(numbers.count) faults are enough:")
        for fault in Simulation(seed: seed, options: options).schedule.faults
        where left.contains(fault.number) {
            print("  \(fault)")
        }
        print("replay: \(replay(seed, only: left))")
        throw ToolError(.checkFailed, "seed \(seed) fails with \(left.count) faults")
    }
}
