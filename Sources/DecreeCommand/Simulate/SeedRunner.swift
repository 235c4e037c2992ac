import Dispatch
import Foundation

/// Runs seeds in workers, begins a new one behind each seed whose worker died, and gives the results as they
/// come.
struct SeedRunner {
    let choices: [String]
    /// Seconds of wall time after which no new seed is begun; nil for no limit.
    var seconds: Double?

    /// Runs every `step`-th seed of a range. `take` returns whether to go on.
    func run(_ seeds: SeedRange, step: UInt64 = 1, _ take: (SeedResult) -> Bool) throws {
        var first = seeds.first
        let start = DispatchTime.now().uptimeNanoseconds
        func isLate() -> Bool {
            guard let seconds else { return false }
            return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9 >= seconds
        }
        while first <= seeds.last, !isLate() {
            let worker = try WorkerProcess(
                seeds: SeedRange(first, seeds.last), step: step, choices: choices)
            defer { worker.stop() }
            let died: UInt64
            reading: while true {
                switch try worker.next() {
                case .began: break
                case .ended(let result): if !take(result) || isLate() { return }
                case .gone(let seed?, let last):
                    died = seed
                    guard take(SeedResult(diedAt: seed, saying: last)) else { return }
                    break reading
                case .gone(nil, let last):
                    // Seeds that nobody ran must not look like seeds that passed.
                    throw ToolError(.checkFailed, "a worker ended between two seeds: \(last)")
                case .finished: return
                }
            }
            first = died + step
        }
    }

    /// Runs one seed.
    func run(seed: UInt64) throws -> SeedResult {
        var result: SeedResult?
        try run(SeedRange(seed, seed)) {
            result = $0
            return true
        }
        guard let result else { throw ToolError(.checkFailed, "seed \(seed) gave no result") }
        return result
    }
}
