import Foundation

/// Ports of the loopback interface that nobody listens on now.
///
/// They lie below those the system hands to outgoing connections. From among those, somebody who keeps
/// connecting to a node that is down would one day be given the node's own port for his end, reach himself,
/// and the node could not come back.
enum LoopbackPorts {
    /// `count` different ones.
    static func free(_ count: Int) throws -> [Int] {
        var descriptors: [Int32] = []
        defer { for descriptor in descriptors { close(descriptor) } }
        var ports: [Int] = []
        for _ in 0..<attempts where ports.count < count {
            let port = Int.random(in: 10_000..<firstOutgoing)
            let descriptor = tcpSocket()
            guard descriptor >= 0 else { break }
            descriptors.append(descriptor)
            if bind(descriptor, to: port) { ports.append(port) }
        }
        guard ports.count == count else {
            throw ToolError(
                .usage,
                "no \(count) free ports on 127.0.0.1 (\(String(cString: strerror(errno)))); stop what listens there"
            )
        }
        return ports
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

    private static func tcpSocket() -> Int32 {
        #if canImport(Darwin)
            socket(AF_INET, SOCK_STREAM, 0)
        #else
            socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #endif
    }

    private static func bind(_ descriptor: Int32, to port: Int) -> Bool {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
