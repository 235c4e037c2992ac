import ArgumentParser
import Foundation
import UnixSignals

/// What `append` and `bank run` have in common: how a run ends.
struct RunOptions: ParsableArguments {
    @Flag(
        help: """
            Exit with 0 whatever became of the lines, as long as each was given a result: for those who look at the results.
            """)
    var ignoreOutcomes = false

    static let exitCodes = """
        EXIT CODES
          0    every line was done, or rejected by what the nodes run
          1    of some lines it is not known whether they were done, or they failed
               (--ignore-outcomes: that is 0); or the results could not be written
          2    a line was not what is read here (the others were done), the input
               cannot be read, or wrong usage
          3    no node could be reached at the start: nothing was read
          130, 143
               SIGINT or SIGTERM came: no more was read, and what was in flight has
               its results. The same signal again ends the run at once
        """

    /// Runs the pipeline until the input is over, or a signal asks for the end; counts the outcomes on standard error, and
    /// throws what the exit code is to say.
    func run(_ pipeline: RunPipeline, then finish: () async -> Void) async throws {
        // After the first of them the system's own way holds again.
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let watcher = Task {
            for await signal in signals {
                guard !Task.isCancelled else { return }
                Foundation.signal(signal.rawValue, SIG_DFL)
                pipeline.stop(by: signal.rawValue)
            }
        }
        var summary = await pipeline.run(input: 0, output: .standardOutput)
        watcher.cancel()
        await finish()
        summary.ignoresOutcomes = ignoreOutcomes
        FileHandle.standardError.write(Data("decree: \(summary)\n".utf8))
        try summary.judge()
    }
}
