import Foundation

/// The tool the tests run: built beside them, unless the environment names another.
enum DecreeExecutable {
    /// `DECREE_EXECUTABLE` if set, else `decree` in the folder of the tests' own binary.
    static func path() throws -> String {
        if let path = ProcessInfo.processInfo.environment["DECREE_EXECUTABLE"] { return path }
        let tests = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        let path = tests.deletingLastPathComponent().appendingPathComponent("decree").path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw MissingExecutable(description: "there is no decree at \(path): run swift build first")
        }
        return path
    }

    struct MissingExecutable: Error, CustomStringConvertible {
        let description: String
    }
}
