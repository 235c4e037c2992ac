import Foundation

/// A worker, as its supervisor sees it: seeds go in as arguments, results come out as lines, and if it dies the
/// seed it was at is known.
final class WorkerProcess {
    /// What a worker said.
    enum Event {
        case began(UInt64)
        case ended(SeedResult)
        /// It has run all its seeds.
        case finished
        /// It died. The seed it was at, if it was at one, and the last it said on standard error.
        case gone(at: UInt64?, last: String)
    }

    private let process = Process()
    private let output = Pipe()
    private let complaints: URL
    private var received: [UInt8] = []
    private var current: UInt64?

    init(seeds: SeedRange, step: UInt64, choices: [String], environment: [String: String] = [:]) throws {
        guard let executable = Bundle.main.executablePath else {
            throw ToolError(.usage, "cannot find the decree executable to start workers with")
        }
        complaints = FileManager.default.temporaryDirectory
            .appendingPathComponent("decree-simulate-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: complaints.path, contents: nil)
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments =
            ["simulate-worker", "--seeds", "\(seeds)", "--step", "\(step)"] + choices
        // A trap says what it has to say in one line; a backtrace of an optimised build adds seconds and no sense.
        process.environment = ProcessInfo.processInfo.environment
            .merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = try FileHandle(forWritingTo: complaints)
        try process.run()
    }

    deinit { try? FileManager.default.removeItem(at: complaints) }

    /// Waits for what it says next. After `finished` and `gone` there is nothing more.
    func next() throws -> Event {
        while true {
            if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: received[..<end], as: UTF8.self)
                received.removeSubrange(...end)
                if let event = try event(line) { return event }
                continue
            }
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { return gone() }
            received.append(contentsOf: data)
        }
    }

    private func event(_ line: String) throws -> Event? {
        if line.hasPrefix("begin "), let seed = UInt64(line.dropFirst(6)) {
            current = seed
            return .began(seed)
        }
        guard line.hasPrefix("end ") else { return nil }
        current = nil
        return .ended(try JSONDecoder().decode(SeedResult.self, from: Data(line.dropFirst(4).utf8)))
    }

    private func gone() -> Event {
        process.waitUntilExit()
        let text = (try? String(contentsOf: complaints, encoding: .utf8)) ?? ""
        let last = text.split(separator: "\n").last { !$0.isEmpty }.map(String.init)
        let isFine = process.terminationReason == .exit && process.terminationStatus == 0
        let how =
            process.terminationReason == .uncaughtSignal
            ? "signal \(process.terminationStatus)" : "code \(process.terminationStatus)"
        guard !isFine || current != nil else { return .finished }
        return .gone(at: current, last: last ?? "the process ended with \(how)")
    }

    func stop() {
        if process.isRunning { process.terminate() }
    }
}
