import DecreeSimulator
import Foundation
import Synchronization

/// What whoever replays a failure says in the environment.
enum Environment {
    private static func value(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }

    /// The seeds of `DECREE_SEEDS`: one, or both ends of a range.
    static var seeds: Range<Int>? {
        guard let text = value("DECREE_SEEDS") else { return nil }
        let ends = text.components(separatedBy: "..").map { Int($0) }
        guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, 0...last ~= first
        else {
            preconditionFailure("DECREE_SEEDS takes a seed, or two with .. between them, not \"\(text)\"")
        }
        return first..<last + 1
    }

    /// The options, with the faults of `DECREE_ONLY`.
    static func adapt(_ options: SimulationOptions) -> SimulationOptions {
        guard let text = value("DECREE_ONLY") else { return options }
        var options = options
        options.only = Set(text.split(separator: ",").compactMap { Int($0) })
        return options
    }

    /// Names the seed before it is run, if `DECREE_VERBOSE` is set: a machine that traps takes the process with
    /// it, and nobody could say later which seed it was.
    static func announce(_ seed: UInt64) {
        if value("DECREE_VERBOSE") != nil { print("seed \(seed)") }
    }

    /// Runs `body`; what happens in it goes to the file of `DECREE_TRACE`, if there is one.
    static func traced<Result>(
        _ options: SimulationOptions, _ body: (SimulationOptions) async -> Result
    ) async -> Result {
        guard let path = value("DECREE_TRACE") else { return await body(options) }
        let lines = Lines()
        var options = options
        options.sink = { lines.add($0) }
        defer { try? lines.text.write(toFile: path, atomically: true, encoding: .utf8) }
        return await body(options)
    }

    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        func add(_ line: TraceLine) { lines.withLock { $0.append(line.description) } }
        var text: String { lines.withLock { $0.joined(separator: "\n") + "\n" } }
    }
}
