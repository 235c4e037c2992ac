import DecreeWire
import Foundation
import NIOCore

/// A blocking socket that sends whatever bytes a test wants a node to survive.
final class RawConnection {
    private let descriptor: Int32
    private var decoder = FrameDecoder(version: WireVersion.maximum)

    init(port: Int) throws {
        #if canImport(Darwin)
            descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #else
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw CocoaError(.fileReadUnknown) }
        // Whatever is waited for comes within this time, or the test fails.
        var timeout = timeval(tv_sec: 15, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    func send(_ frame: Frame) throws {
        var buffer = ByteBuffer()
        _ = try frame.write(version: WireVersion.maximum, into: &buffer)
        send(Array(buffer.readableBytesView))
    }

    /// The next frame; nil when the node has closed the connection.
    func receive() throws -> Frame? {
        while true {
            if let frame = try decoder.next() { return frame }
            var bytes = [UInt8](repeating: 0, count: 65_536)
            let count = recv(descriptor, &bytes, bytes.count, 0)
            if count < 0, errno == EAGAIN || errno == EWOULDBLOCK { throw CocoaError(.fileReadUnknown) }
            guard count > 0 else { return nil }
            decoder.append(ByteBuffer(bytes: bytes[..<count]))
        }
    }

    /// Whether the node closes the connection, whatever it says before.
    func isClosedByNode() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &bytes, bytes.count, 0)
            if count > 0 { continue }
            return count == 0 || errno == ECONNRESET
        }
    }
}
