import Foundation

/// This very tool in another process, spoken to line by line.
final class HelperProcess {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var received: [UInt8] = []

    init(arguments: [String]) throws {
        guard let executable = Bundle.main.executablePath else {
            throw ToolError(.usage, "cannot find the decree executable to start helpers with")
        }
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    /// The next line it says.
    func readLine() throws -> String {
        while true {
            if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                defer { received.removeSubrange(...end) }
                return String(decoding: received[..<end], as: UTF8.self)
            }
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else {
                process.waitUntilExit()
                throw ToolError(
                    .checkFailed,
                    "cannot measure the floor: a helper process ended with code \(process.terminationStatus)")
            }
            received.append(contentsOf: data)
        }
    }

    func writeLine(_ line: String) throws {
        try input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
    }

    /// Ends its input, and waits until it is gone.
    func finish() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}
