import Decree
import DecreeClient
import Foundation
import Testing

/// Addresses where somebody listens and says nothing, and names that no server resolves.
@Suite(.serialized, .timeLimit(.minutes(4))) struct SilenceTests {
    /// A socket that the system accepts connections on, or takes datagrams for, and that no process reads.
    private final class SilentSocket {
        private let descriptor: Int32

        init(host: String = "127.0.0.1", port: Int, isStream: Bool = true) throws {
            #if canImport(Glibc)
                let kind = Int32((isStream ? SOCK_STREAM : SOCK_DGRAM).rawValue)
            #else
                let kind = isStream ? SOCK_STREAM : SOCK_DGRAM
            #endif
            descriptor = socket(AF_INET, kind, 0)
            var yes: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = inet_addr(host)
            address.sin_port = in_port_t(UInt16(port).bigEndian)
            let isBound = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            try #require(isBound && (!isStream || listen(descriptor, 128) == 0), "\(errno)")
        }

        deinit { close(descriptor) }
    }

    /// Where node 3 was, something accepts every connection. The node itself is elsewhere by now, and its announcement,
    /// or the log's, is heeded at once.
    @Test(arguments: [true, false]) func aSilentListenerHoldsUpNobody(isMoved: Bool) async throws {
        let cluster = try ProcessCluster()
        try await cluster.startAndWait()
        #expect(try await cluster.tool("bank", "open", "a", "3").status == 0)
        try await cluster.kill(3)
        let silent = try SilentSocket(port: cluster.configurations[0].nodes[2].port)
        defer { withExtendedLifetime(silent) {} }
        #expect(try await cluster.says(1, "it does not answer a greeting"))
        let port = try LoopbackPorts.free(1)[0]
        if isMoved {
            let two = cluster.configurations[0].nodes.prefix(2).map { "\($0.host):\($0.port)" }
            let moved = try await Tool.run(
                ["member", "move", "3", "127.0.0.1:\(port)", "--nodes", two.joined(separator: ",")])
            #expect(moved.status == 0, "\(moved.error)")
        }
        try cluster.edit(3) { $0.nodes[2].port = port }
        let start = ContinuousClock.now
        try cluster.start([3])
        try cluster.edit(1) { $0.nodes[2].port = port }
        let isWhole = try await eventually {
            let statuses = try await cluster.statuses()
            return statuses.count == 3 && statuses.allSatisfy { $0.connectedPeers.count == 2 }
        }
        #expect(isWhole, "\(cluster.log(of: 1))")
        #expect(ContinuousClock.now - start < .seconds(5))
        try await cluster.converge()
        #expect(try await cluster.stop() == [0, 0, 0])
    }

    #if os(Linux)
        /// The other two are known by their IP addresses: they lead each other as if nothing were wrong.
        @Test(.enabled(if: OwnMounts.arePossible)) func aSilentNameServerHoldsUpItsOwnNamesAlone()
            async throws
        {
            let cluster = try ProcessCluster()
            try await cluster.startAndWait()
            #expect(try await cluster.tool("bank", "open", "a", "3").status == 0)
            #expect(try await cluster.stop() == [0, 0, 0])
            let server = try SilentSocket(host: "127.9.8.7", port: 53, isStream: false)
            defer { withExtendedLifetime(server) {} }
            let resolver = try cluster.directory.write("nameserver 127.9.8.7\n", to: "resolv.conf")
            let script = "mount --bind '\(resolver)' /etc/resolv.conf && exec \"$@\""
            for id in [1, 2] { try cluster.edit(id) { $0.nodes[2].host = "localhost.example.net" } }
            let start = ContinuousClock.now
            try cluster.start([1, 2], runner: ["/usr/bin/unshare", "-m", "/bin/sh", "-c", script, "sh"])
            let isLed = try await eventually {
                try await cluster.statuses().contains { $0.groups.contains { $0.role == "leader" } }
            }
            #expect(isLed, "\(cluster.log(of: 1))")
            #expect(ContinuousClock.now - start < .seconds(5))
            #expect(try await cluster.balance() == "a holds 3\n")
            #expect(
                try await cluster.says(
                    1, "cannot connect: its name cannot be resolved: the name server does not answer"),
                "\(cluster.log(of: 1))")
            #expect(try await cluster.stop() == [0, 0])
        }
    #endif
}
