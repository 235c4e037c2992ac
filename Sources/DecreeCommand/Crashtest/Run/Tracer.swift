import Foundation

/// strace: it starts a node, and kills it just before its n-th call of one kind (SIGKILL, at the entry of the
/// call, which is not made).
///
/// It traces from a process of its own, a grandchild (`-D`): the node is our child as ever, is stopped and
/// killed as ever, and the tracer ends with it.
struct Tracer: Sendable {
    private let path: String
    private let directory: String

    /// - Throws: `ToolError` if there is no strace, or it may not trace.
    init(directory: String) throws {
        self.directory = directory
        guard let path = Self.find() else {
            throw ToolError(
                .usage,
                "--boundary-kills needs strace, which stands nowhere on the PATH: install it (on Debian and "
                    + "Ubuntu: apt-get install strace), or leave the option out")
        }
        self.path = path
        try Self.probe(path)
    }

    private static func find() -> String? {
        let folders = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin"
        return folders.split(separator: ":").map { "\($0)/strace" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Traces a process that does nothing: containers may forbid it, and old ones do not inject.
    private static func probe(_ path: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = [
            "-D", "-f", "-y", "-q", "-o", "/dev/null", "-e", "trace=exit_group", "-e",
            "inject=exit_group:signal=SIGKILL:when=1", path, "-V",
        ]
        let errors = Pipe()
        process.standardOutput = FileHandle.nullDevice
        process.standardError = errors
        try process.run()
        try errors.fileHandleForWriting.close()
        let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationReason == .uncaughtSignal, process.terminationStatus == SIGKILL else {
            throw ToolError(
                .usage,
                "--boundary-kills needs strace, and \(path) cannot kill a process at a system call here; it "
                    + "needs version 5.0 or newer and the right to trace (CAP_SYS_PTRACE in a container). It "
                    + "said: \(said.trimmingCharacters(in: .whitespacesAndNewlines))")
        }
    }

    private func file(of node: Int) -> String { "\(directory)/node-\(node).trace" }

    /// What runs a node so that it dies at the boundary.
    func command(_ node: Int, _ boundary: Boundary) -> [String] {
        let call = boundary.call.rawValue
        return [
            path, "-D", "-f", "-y", "-q", "-s", "0", "-o", file(of: node), "-e", "trace=\(call)", "-e",
            "signal=kill", "-e", "inject=\(call):signal=SIGKILL:when=\(boundary.number)",
        ]
    }

    /// What the tracer wrote down of a node that has ended; nil as long as it has not written the end.
    func trace(of node: Int) -> CallTrace? {
        guard let text = try? String(contentsOfFile: file(of: node), encoding: .utf8) else { return nil }
        let trace = CallTrace(text)
        return trace.isComplete ? trace : nil
    }
}

/// The calls of a node's threads, as strace wrote them.
struct CallTrace {
    /// Each thread's calls, by what they were about: a file's name, or `socket`.
    private var calls: [Substring: [(call: Substring, target: String)]] = [:]
    /// Whether the tracer saw the process end.
    private(set) var isComplete = false

    init(_ text: String) {
        for line in text.split(separator: "\n") {
            guard let space = line.firstIndex(of: " ") else { continue }
            let rest = line[space...].drop { $0 == " " }
            if rest.hasPrefix("+++ killed by ") || rest.hasPrefix("+++ exited with ") {
                isComplete = true
            } else if !rest.hasPrefix("<..."), let open = rest.firstIndex(of: "(") {
                calls[line[..<space], default: []].append((rest[..<open], Self.target(rest[open...])))
            }
        }
    }

    /// Where the boundary lay; nil if no thread got there, so that something else ended the process.
    func visit(_ boundary: Boundary) -> Boundary.Visit? {
        for thread in calls.values {
            let own = thread.filter { $0.call == boundary.call.rawValue }
            if own.count >= boundary.number {
                return Boundary.Visit(boundary: boundary, target: own[boundary.number - 1].target)
            }
        }
        return nil
    }

    /// `(7</data/node.db-wal>, …` and `(9<socket:[123]>, …`.
    private static func target(_ text: Substring) -> String {
        guard let less = text.firstIndex(of: "<"), let greater = text[less...].firstIndex(of: ">") else {
            return "something"
        }
        let name = text[text.index(after: less)..<greater]
        if name.hasPrefix("socket:") || name.hasPrefix("TCP") { return "socket" }
        if name.hasSuffix("[eventfd]") { return "another thread" }
        let last = name.split(separator: "/").last.map(String.init) ?? "/"
        // A node's own directory and log carry its number; above lie those of the run.
        if last.hasSuffix(".log") { return "log" }
        return last.hasPrefix("node.") ? last : "directory"
    }
}

extension Boundary {
    /// A node died there.
    struct Visit: Hashable, Sendable {
        let boundary: Boundary
        /// What the call was about: the name of a file, `socket`, `another thread`.
        let target: String
    }
}
