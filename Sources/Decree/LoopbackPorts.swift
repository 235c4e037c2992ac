import Foundation
import Synchronization

/// Ports of the loopback interface for nodes on this machine: what the tool's own clusters and the tests' listen on.
///
/// They lie below those the system hands to outgoing connections. From among those, somebody who keeps
/// connecting to a node that is down would one day be given the node's own port for his end, reach himself,
/// and the node could not come back.
///
/// A port is given to nobody else who asks here, in this process or another, until this process ends: a node that was
/// killed comes back to its port however many other clusters are started meanwhile. What says so is a UDP socket of the
/// same number, which no node needs.
package enum LoopbackPorts {
    /// Held until the process ends.
    private static let claims = Mutex<[Int32]>([])

    /// `count` different ones that nobody listens on now.
    ///
    /// - Throws: `ConfigurationError` if there are not so many.
    package static func free(_ count: Int) throws(ConfigurationError) -> [Int] {
        var claimed: [(port: Int, claim: Int32)] = []
        for _ in 0..<attempts where claimed.count < count {
            let port = Int.random(in: 10_000..<firstOutgoing)
            guard let claim = claim(port) else { continue }
            claimed.append((port, claim))
        }
        guard claimed.count == count else {
            let reason = String(cString: strerror(errno))
            for (_, claim) in claimed { close(claim) }
            throw ConfigurationError(
                "no \(count) free ports on 127.0.0.1 (\(reason)); stop what listens there, or allow more open files"
            )
        }
        claims.withLock { $0 += claimed.map(\.claim) }
        return claimed.map(\.port)
    }

    /// What keeps a port until it is closed; nil if somebody has it.
    package static func claim(_ port: Int) -> Int32? {
        guard let claim = socket(datagram, boundTo: port) else { return nil }
        guard let probe = socket(stream, boundTo: port) else {
            close(claim)
            return nil
        }
        close(probe)
        return claim
    }

    /// How often to try: each port that is taken costs one.
    private static let attempts = 200

    /// The lowest port that outgoing connections are given.
    private static var firstOutgoing: Int {
        let range = try? String(contentsOfFile: "/proc/sys/net/ipv4/ip_local_port_range", encoding: .utf8)
        let first = range?.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }
        // Where it does not say, it is what Linux begins with; the range of others lies above.
        guard let first, first > 11_000 else { return 32_768 }
        return min(first, 65_536)
    }

    #if canImport(Darwin)
        private static let (stream, datagram) = (SOCK_STREAM, SOCK_DGRAM)
    #else
        // Set with the socket: a child that is started in between would keep the port for its own life.
        private static let (stream, datagram) = (
            Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue),
            Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue)
        )
    #endif

    /// A socket on a port, which child processes do not inherit; nil if the port is taken.
    private static func socket(_ type: Int32, boundTo port: Int) -> Int32? {
        let descriptor = Foundation.socket(AF_INET, type, 0)
        guard descriptor >= 0 else { return nil }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isBound else {
            close(descriptor)
            return nil
        }
        return descriptor
    }
}
