import Foundation
import Testing

@testable import DecreeCommand

/// `decree bench` as a script runs it, for no longer than it takes to see that it measures.
@Suite(.serialized) struct BenchRunTests {
    private func run(_ arguments: [String]) throws -> (code: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try DecreeExecutable.path())
        process.arguments = ["bench"] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    @Test func aLineOfJSONForEachNumberOfClients() throws {
        let (code, output) = try run([
            "--clients", "1,4", "--accounts", "100", "--seconds", "0.5", "--warmup", "0.2", "--json",
        ])
        #expect(code == 0)
        let lines = output.split(separator: "\n")
        #expect(lines.count == 2)
        for (line, clients) in zip(lines, [1, 4]) {
            let row = try JSONDecoder().decode(BenchRow.self, from: Data(line.utf8))
            #expect(row.clients == clients && row.connections == 8 && row.work == .bank && row.errors == 0)
            #expect(row.commandsPerSecond > 0 && row.fsyncsPerCommand > 0)
            #expect(0 < row.p50Microseconds && row.p50Microseconds <= row.p99Microseconds)
            #expect(row.p99Microseconds <= row.p999Microseconds)
            #expect(row.p999Microseconds <= row.maxMicroseconds)
            #expect(row.cpuMicrosecondsPerCommand.keys.sorted() == ["1", "2", "3"])
            let floor = try #require(row.floor)
            #expect(floor.processes == 3 && floor.commandMicroseconds > floor.concurrentCommitMicroseconds)
        }
    }

    @Test(arguments: [
        ["--work", "append", "--value-bytes", "1000"], ["--work", "read", "--accounts", "50"],
        ["--work", "append", "--rate", "200"], ["--batch", "20", "--accounts", "50"],
        ["--work", "append", "--batch", "20"], ["--embedded", "--accounts", "50"],
        ["--embedded", "--work", "append", "--batch", "20"],
    ])
    func everyWorkRunsInATable(work: [String]) throws {
        let (code, output) = try run(
            work + ["--local", "1", "--clients", "2", "--seconds", "0.3", "--warmup", "0.1", "--skip-floor"])
        #expect(code == 0)
        #expect(output.contains("CPU time each") && !output.contains("floor"))
    }

    @Test(arguments: [
        ["--local", "10"], ["--clients", "0"], ["--clients", "1,,2"], ["--nodes", "nowhere"],
        ["--rate", "0"], ["--local", "3", "--nodes", "127.0.0.1:7001"], ["--work", "sleep"],
        ["--value-bytes", "2000000"], ["--batch", "0"], ["--batch", "65536"],
        ["--work", "read", "--batch", "2"],
        ["--work", "append", "--batch", "5000"], ["--embedded", "--prove"],
        ["--embedded", "--nodes", "127.0.0.1:7001"],
    ])
    func whatMakesNoSenseIsWrongUsage(arguments: [String]) throws {
        #expect(try run(arguments).code == ExitStatus.usage.rawValue)
    }

    @Test func noClusterIsUnreachable() throws {
        let code = try run(["--nodes", "127.0.0.1:1", "--seconds", "0.1"]).code
        #expect(code == ExitStatus.unreachable.rawValue)
    }
}
