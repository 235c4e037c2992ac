import Dispatch
import Synchronization

/// Several workers at once, each with every n-th seed.
struct ParallelSeeds {
    let runner: SeedRunner
    let seeds: SeedRange
    let jobs: Int

    /// Gives the results one by one, on the calling thread. `take` returns whether to go on.
    func run(_ take: (SeedResult) -> Bool) throws {
        let inbox = Inbox()
        for job in 0..<UInt64(jobs) where seeds.first + job <= seeds.last {
            inbox.begin()
            let (runner, step) = (runner, UInt64(jobs))
            let mine = SeedRange(seeds.first + job, seeds.last)
            DispatchQueue.global().async {
                do {
                    try runner.run(mine, step: step) { inbox.put($0) }
                    inbox.end(nil)
                } catch {
                    inbox.end(error)
                }
            }
        }
        while let result = try inbox.next() {
            if !take(result) { inbox.stop() }
        }
    }
}

/// Results from several threads, for one.
private final class Inbox: Sendable {
    private struct State {
        var waiting: [SeedResult] = []
        var running = 0
        var isStopped = false
        var failure: (any Error)?
    }

    private let state = Mutex(State())
    private let arrived = DispatchSemaphore(value: 0)

    func begin() { state.withLock { $0.running += 1 } }

    /// Returns whether to go on.
    func put(_ result: SeedResult) -> Bool {
        defer { arrived.signal() }
        return state.withLock { state in
            state.waiting.append(result)
            return !state.isStopped
        }
    }

    func end(_ failure: (any Error)?) {
        state.withLock { state in
            state.running -= 1
            state.failure = state.failure ?? failure
        }
        arrived.signal()
    }

    func stop() { state.withLock { $0.isStopped = true } }

    /// The next result; nil when all have ended.
    func next() throws -> SeedResult? {
        while true {
            let (result, isOver, failure) = state.withLock { state in
                let result = state.waiting.isEmpty ? nil : state.waiting.removeFirst()
                return (result, state.running == 0, state.failure)
            }
            if let result { return result }
            if let failure { throw failure }
            if isOver { return nil }
            arrived.wait()
        }
    }
}
