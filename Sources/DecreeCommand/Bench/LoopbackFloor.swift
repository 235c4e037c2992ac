import Foundation

/// Sixty-four bytes to another process over loopback TCP, and back.
enum LoopbackFloor {
    private static let bytes = 64

    /// The median round trip in microseconds.
    static func measure(seconds: Double) throws -> Double {
        let helper = try HelperProcess(arguments: ["bench-floor", "echo"])
        defer { helper.finish() }
        guard let port = UInt16(try helper.readLine()) else { throw FileFloor.failure("echo") }
        let connection = try makeSocket()
        defer { close(connection) }
        var address = loopback(port: port)
        guard withSocketAddress(&address, { connect(connection, $0, $1) }) == 0 else {
            throw FileFloor.failure("connect")
        }
        noDelay(connection)
        var latencies = Latencies()
        var message = [UInt8](repeating: 0x5a, count: bytes)
        let end = LoadSchedule.now + UInt64(seconds * 1e9)
        var begin = LoadSchedule.now
        while begin < end {
            guard write(connection, message, bytes) == bytes, readAll(connection, &message) else {
                throw FileFloor.failure("round trip")
            }
            let done = LoadSchedule.now
            latencies.record(nanoseconds: done - begin)
            begin = done
        }
        return latencies.microseconds(at: 50)
    }

    /// The other process: says its port, serves one connection.
    static func echo() throws {
        let listener = try makeSocket()
        defer { close(listener) }
        var address = loopback(port: 0)
        guard withSocketAddress(&address, { bind(listener, $0, $1) }) == 0, listen(listener, 1) == 0 else {
            throw FileFloor.failure("listen")
        }
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let found = withSocketAddress(&address) { pointer, _ in
            getsockname(listener, UnsafeMutablePointer(mutating: pointer), &length)
        }
        guard found == 0 else { throw FileFloor.failure("getsockname") }
        FileHandle.standardOutput.write(Data("\(UInt16(bigEndian: address.sin_port))\n".utf8))
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { throw FileFloor.failure("accept") }
        defer { close(connection) }
        noDelay(connection)
        var message = [UInt8](repeating: 0, count: bytes)
        while readAll(connection, &message) {
            guard write(connection, message, bytes) == bytes else { return }
        }
    }

    private static func makeSocket() throws -> Int32 {
        #if canImport(Darwin)
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #else
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        guard descriptor >= 0 else { throw FileFloor.failure("socket") }
        return descriptor
    }

    private static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = port.bigEndian
        return address
    }

    private static func withSocketAddress(
        _ address: inout sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private static func noDelay(_ socket: Int32) {
        var yes: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Fills `message`; false at the end of the stream.
    private static func readAll(_ socket: Int32, _ message: inout [UInt8]) -> Bool {
        var count = 0
        while count < message.count {
            let more = message.withUnsafeMutableBytes {
                read(socket, $0.baseAddress! + count, $0.count - count)
            }
            guard more > 0 else { return false }
            count += more
        }
        return true
    }
}
