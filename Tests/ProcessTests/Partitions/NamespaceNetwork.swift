#if os(Linux)
    import Foundation
    import Synchronization

    /// Machines on one switch, each a network namespace: nodes 1, 2, 3 and so on, and a client. The switch has
    /// a namespace of its own, so that nothing of it is seen outside, and all is gone with the namespaces.
    final class NamespaceNetwork {
        let nodes: [Int]
        private let prefix: String
        private static let count = Atomic<Int>(0)

        /// The client's place.
        static let client = 100

        init(nodes count: Int) throws {
            nodes = Array(1...count)
            let number = Self.count.add(1, ordering: .relaxed).newValue
            prefix = "decree-\(ProcessInfo.processInfo.processIdentifier)-\(number)"
            do {
                var script = [
                    "ip netns add \(hub)",
                    "ip -n \(hub) link add switch type bridge stp_state 0 forward_delay 0",
                    "ip -n \(hub) link set switch up",
                ]
                for machine in nodes + [Self.client] {
                    let own = namespace(machine)
                    script += [
                        "ip netns add \(own)",
                        "ip -n \(hub) link add port\(machine) type veth peer name eth0 netns \(own)",
                        "ip -n \(hub) link set port\(machine) master switch up",
                        "ip -n \(own) link set lo up",
                        "ip -n \(own) addr add \(address(machine))/24 dev eth0",
                        "ip -n \(own) link set eth0 up",
                    ]
                }
                try Self.run(script)
            } catch {
                remove()
                throw error
            }
        }

        deinit { remove() }

        func address(_ machine: Int) -> String { "10.77.0.\(machine)" }

        /// What runs a program on a machine, in the process it is given.
        func runner(_ machine: Int) -> [String] {
            ["/usr/bin/env", "ip", "netns", "exec", namespace(machine)]
        }

        // MARK: Partitions

        /// From now on nothing gets from these nodes to those, though it may the other way: what they send is
        /// addressed to a card that nobody has, and is lost without a word.
        ///
        /// Not by a blackhole route: that makes calls on sockets fail with EINVAL, at which NIO ends the process.
        func cut(from some: [Int], to others: [Int]) throws {
            try Self.run(
                some.flatMap { from in
                    others.filter { $0 != from }.map {
                        "ip -n \(namespace(from)) neigh replace \(address($0)) lladdr \(Self.nobody) dev eth0 "
                            + "nud permanent"
                    }
                })
        }

        /// Nothing gets from these nodes to those, nor back.
        func cut(_ some: [Int], _ others: [Int]) throws {
            try cut(from: some, to: others)
            try cut(from: others, to: some)
        }

        /// Every cut is mended, whichever there were.
        func heal() throws {
            try Self.run(nodes.map { "ip -n \(namespace($0)) neigh flush dev eth0 nud permanent" })
        }

        private static let nobody = "02:00:00:00:ff:ff"

        /// Pulls a machine's cable out of the switch.
        func unplug(_ machine: Int) throws { try Self.run(["ip -n \(hub) link set port\(machine) down"]) }

        /// Puts it back.
        func plug(_ machine: Int) throws { try Self.run(["ip -n \(hub) link set port\(machine) up"]) }

        // MARK: Namespaces

        private var hub: String { "\(prefix)-switch" }

        private func namespace(_ machine: Int) -> String { "\(prefix)-\(machine)" }

        private func remove() {
            // Each by itself: some may never have been made.
            for name in [hub] + (nodes + [Self.client]).map(namespace) {
                try? Self.run(["ip netns del \(name) 2>/dev/null || true"])
            }
        }

        private struct Failure: Error, CustomStringConvertible {
            let description: String
        }

        private static func run(_ script: [String]) throws {
            let shell = Process()
            shell.executableURL = URL(fileURLWithPath: "/bin/sh")
            shell.arguments = ["-e", "-c", script.joined(separator: "\n")]
            let errors = Pipe()
            shell.standardOutput = FileHandle.nullDevice
            shell.standardError = errors
            try shell.run()
            try errors.fileHandleForWriting.close()
            let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            shell.waitUntilExit()
            guard shell.terminationStatus == 0 else { throw Failure(description: said) }
        }

        /// Whether there can be networks here: that needs iproute2, and the rights of an administrator.
        static let isPossible: Bool = {
            let name = "decree-\(ProcessInfo.processInfo.processIdentifier)-probe"
            do {
                try run([
                    "ip netns add \(name)", "ip -n \(name) link add switch type bridge",
                    "ip netns exec \(name) true", "ip netns del \(name)",
                ])
                return true
            } catch {
                try? run(["ip netns del \(name) 2>/dev/null || true"])
                return false
            }
        }()
    }
#endif
