import Foundation

/// What the machine takes for work that never changes: thresholds are ratios to it, and so hold on a fast machine and
/// on a slow one. None of it is the product's code, which is to become faster without a threshold moving.
enum Calibration {
    /// Sixty-four KiB, a word at a time, in a chain of multiplications: the processor.
    static func mixing(_ stopwatch: inout Stopwatch, _ sink: Sink) {
        let words = (0..<8_192).map { UInt64($0) &* 0x9E37_79B9_7F4A_7C15 }
        stopwatch.measure("calibration: mix 64 KiB") {
            var mixed: UInt64 = 1
            for word in words {
                mixed = (mixed ^ word) &* 0xC2B2_AE3D_27D4_EB4F
                mixed ^= mixed >> 29
            }
            sink.take(mixed)
        }
    }

    /// A look-up among a million keys in no order: the memory.
    static func lookingUp(_ stopwatch: inout Stopwatch, _ sink: Sink) {
        let count: UInt64 = 1_000_000
        var table: [UInt64: UInt64] = [:]
        table.reserveCapacity(Int(count))
        for number in 0..<count { table[number &* 0x9E37_79B9_7F4A_7C15] = number }
        var number: UInt64 = 0
        stopwatch.measure("calibration: dictionary look-up") {
            number = (number &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407)
            sink.take(table[(number >> 20) % count &* 0x9E37_79B9_7F4A_7C15] ?? 0)
        }
    }
}

/// Four KiB into a file whose blocks are there already, and fdatasync: the disk.
struct DiskCalibration: ~Copyable {
    private let file: Int32
    private let page = [UInt8](repeating: 0x5a, count: Self.pageBytes)
    private var number = 0

    private static let pageBytes = 4_096
    private static let pages = 1_024

    init(directory: String) throws {
        file = open(directory + "/preallocated", O_RDWR | O_CREAT | O_TRUNC, 0o644)
        guard file >= 0 else { throw BenchmarkFailure("cannot open a file in \(directory)") }
        for _ in 0..<Self.pages { try write() }
        fsync(file)
    }

    deinit { close(file) }

    /// What one takes, in nanoseconds.
    mutating func sample() throws -> UInt64 {
        let begin = Stopwatch.now
        try write()
        guard synchronize() == 0 else { throw BenchmarkFailure("cannot sync a file") }
        return Stopwatch.now - begin
    }

    private mutating func write() throws {
        let offset = off_t(number % Self.pages * Self.pageBytes)
        guard pwrite(file, page, Self.pageBytes, offset) == Self.pageBytes else {
            throw BenchmarkFailure("cannot write a file")
        }
        number += 1
    }

    private borrowing func synchronize() -> Int32 {
        #if canImport(Darwin)
            fcntl(file, F_FULLFSYNC)
        #else
            fdatasync(file)
        #endif
    }
}
