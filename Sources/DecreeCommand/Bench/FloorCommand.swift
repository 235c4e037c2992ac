import ArgumentParser
import Foundation

/// `decree bench-floor`: what `decree bench` starts in processes of its own to measure the floor.
struct FloorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-floor", abstract: "A helper of `decree bench`.", shouldDisplay: false,
        subcommands: [Commit.self, Echo.self])

    struct Commit: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Says `ready`, waits for a line, commits row by row, says the p50 in microseconds and how many a second."
        )

        @Argument(help: "Where to make a store.")
        var directory: String

        @Option(help: "Bytes of the command in a row.")
        var valueBytes = 256

        @Option(help: "How long.")
        var seconds = 1.5

        func run() throws {
            var floor = try CommitFloor(directory: directory, valueBytes: valueBytes)
            let (median, perSecond) = try floor.measure(seconds: seconds) {
                FileHandle.standardOutput.write(Data("ready\n".utf8))
                _ = readLine()
            }
            FileHandle.standardOutput.write(Data("\(median) \(perSecond)\n".utf8))
        }
    }

    struct Echo: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Says its port, and sends back what one connection sends, 64 bytes at a time.")

        func run() throws { try LoopbackFloor.echo() }
    }
}
