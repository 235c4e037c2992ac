#if os(Linux)
    import Bank
    import DecreeClient
    import Decree
    import Foundation
    import Paxos
    import Testing

    /// Invariant PersistBeforeSend, seen from outside: strace tells what a real node wrote to its disk and
    /// to its sockets, and in what order.
    @Suite(.serialized, .timeLimit(.minutes(3))) struct PersistBeforeSendTests {
        @Test func noPromiseAndNoVoteLeavesBeforeItsFsync() async throws {
            let cluster = try TracedCluster()
            defer { cluster.remove() }
            try cluster.start()
            let client = DecreeClient(
                cluster: "traced", nodes: cluster.ports.map { NodeAddress(host: "127.0.0.1", port: $0) })
            let session = client.session()
            // One at a time, so that each stands in a slot of its own; its name is found again in the log.
            for index in 0..<40 {
                let command = BankCommand.open(try AccountName("account-\(index)-\(UUID())"), balance: 1)
                let outcome = await session.submit(command.bytes, deadline: .seconds(60))
                #expect(outcome.isAnswered, "\(outcome)")
            }
            await client.close()
            try cluster.stop()

            var accepted = 0
            var promises = 0
            var prepares = 0
            for trace in try cluster.traces() {
                let audit = try PersistenceAudit(trace)
                #expect(audit.violations.isEmpty, "\(audit.violations.joined(separator: "\n"))")
                accepted += audit.accepted
                promises += audit.promises
                prepares += audit.prepares

                // The audit finds a node that does not sync.
                let unsynced = try PersistenceAudit(trace.without("fdatasync"))
                #expect(unsynced.violations.count == audit.accepted + audit.promises + audit.prepares)
            }
            // The leader's own votes travel over no socket: two followers, 40 commands and the session.
            #expect(accepted >= 41)
            #expect(promises >= 1)
            #expect(prepares >= 1)
        }
    }

    /// Three node processes, each under strace.
    private final class TracedCluster {
        let directory: URL
        let ports: [Int]
        private var tracers: [Process] = []

        init() throws {
            directory = FileManager.default.temporaryDirectory.appendingPathComponent(
                "decree-traced-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            ports = try LoopbackPorts.free(3)
        }

        func start() throws {
            let members = ports.enumerated().map {
                #"{"id": \#($0.offset + 1), "host": "127.0.0.1", "port": \#($0.element)}"#
            }.joined(separator: ", ")
            for id in 1...3 {
                let configuration = path("node-\(id).json")
                let json = """
                    {"cluster": "traced", "node": \(id), "dataDirectory": "\(path("\(id)"))", "nodes": [\(members)]}
                    """
                try Data(json.utf8).write(to: URL(fileURLWithPath: configuration))
                let process = Process()
                process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
                let calls = "read,recvfrom,recvmsg,write,writev,sendto,sendmsg,pwrite64,fdatasync,fsync"
                process.arguments = [
                    "strace", "-f", "-y", "-xx", "-s", "5000000", "-e", "trace=\(calls)", "-o",
                    path("trace-\(id)"),
                    try DecreeExecutable.path(), "node", "--config", configuration, "--log-level", "error",
                ]
                process.environment = ProcessInfo.processInfo.environment.merging(
                    ["SWIFT_BACKTRACE": "enable=no"]) { $1 }
                try process.run()
                tracers.append(process)
            }
        }

        private func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

        /// SIGTERM to the nodes themselves; their tracers end with them.
        func stop() throws {
            for tracer in tracers {
                let children = "/proc/\(tracer.processIdentifier)/task/\(tracer.processIdentifier)/children"
                let ids = try String(contentsOfFile: children, encoding: .utf8).split(separator: " ")
                for id in ids.compactMap({ Int32($0) }) { kill(id, SIGTERM) }
                tracer.waitUntilExit()
                #expect(tracer.terminationStatus == 0)
            }
        }

        func traces() throws -> [SystemCallTrace] {
            try (1...3).map {
                SystemCallTrace(try String(contentsOfFile: path("trace-\($0)"), encoding: .utf8))
            }
        }

        func remove() {
            for tracer in tracers where tracer.isRunning { kill(tracer.processIdentifier, SIGKILL) }
            try? FileManager.default.removeItem(at: directory)
        }
    }
#endif
