import DecreeStore
import Paxos

/// The write-ahead log, as three kinds of bytes by the first: any; any with headers and checksums made sound,
/// but for the frames that a mask leaves out; and a log that was written in earnest and then torn or damaged in
/// a known way, so that the scan's verdict is known as well.
enum WALTarget {
    static func run(_ input: [UInt8]) throws(FuzzFailure) {
        guard input.count >= 4 else { return }
        switch input[0] & 3 {
        case 0: try judge(Array(input.dropFirst()))
        case 1: try judge(WALSealer.sealed(Array(input.dropFirst(4)), as: WALSealer.Plan(input)))
        default: try WALStory(input).judge()
        }
    }

    static let seeds: [[UInt8]] =
        [[0] + WALStory.log(transactions: [1, 2], olderFrames: 1, pageBytes: 512, seed: 1)]
        + [[1, 0, 0, 0], [1, 2, 0, 0], [1, 2, 2, 0], [1, 0, 0, 5], [1, 3, 3, 9]].map {
            $0 + WALStory.log(transactions: [1, 1, 1], olderFrames: 1, pageBytes: 512, seed: 2)
        }
        + [
            [2, 3, 0x12, 0, 0xff, 0x00], [2, 2, 0x31, 0xaa, 0x55, 0x0f], [2, 1, 0x03, 0xff, 0xff, 0xff],
            [3, 3, 0x12, 1, 0, 5, 0], [3, 2, 0x21, 0, 3, 200, 7],
        ]

    /// What holds for any bytes: the live part is there, it is a log by itself and a sound one, and it is what
    /// the format says it is, read in the plainest way.
    @discardableResult
    static func judge(_ bytes: [UInt8]) throws(FuzzFailure) -> WALScan {
        let scan = WALScan.scan(bytes)
        let plain = WALReading(of: bytes)
        try require(
            scan.liveFrames == plain.liveFrames && scan.liveBytes == plain.liveBytes
                && scan.transactions == plain.transactions, "scanned \(scan), read \(plain)")
        try require((0...bytes.count).contains(scan.liveBytes), "\(scan) of \(bytes.count) bytes")
        try require(scan.transactions <= scan.liveFrames, "more transactions than frames: \(scan)")
        if let rot = scan.rot {
            try require(
                rot.frame == 0 ? scan.liveFrames == 0 : rot.frame > scan.liveFrames,
                "rot within the live frames: \(scan)")
        }
        let live = WALScan.scan(Array(bytes.prefix(scan.liveBytes)))
        try require(
            live.rot == nil && live.liveFrames == scan.liveFrames && live.liveBytes == scan.liveBytes
                && live.transactions == scan.transactions, "\(scan), but of its live part \(live)")
        return scan
    }
}

/// The live part of a log as sqlite.org/fileformat2.html, section 4, defines it, and no more: slow, and written
/// without a look at the scanner.
struct WALReading: Equatable {
    private(set) var liveFrames = 0
    private(set) var liveBytes = 0
    private(set) var transactions = 0

    init(of bytes: [UInt8]) {
        guard bytes.count >= 32 else { return }
        let magic = bytes.bigWord(at: 0)
        let pageBytes = Int(bytes.bigWord(at: 8))
        let sums = WALSums(isBigEndian: magic == 0x377f_0683)
        var running = sums.sum(bytes[0..<24], after: [0, 0])
        guard magic == 0x377f_0682 || magic == 0x377f_0683, bytes.bigWord(at: 4) == 3_007_000,
            [512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536].contains(pageBytes),
            running == [bytes.bigWord(at: 24), bytes.bigWord(at: 28)]
        else { return }
        var frame = 0
        var start = 32
        while bytes.count - start >= 24 + pageBytes {
            running = sums.sum(bytes[start..<start + 8], after: running)
            running = sums.sum(bytes[start + 24..<start + 24 + pageBytes], after: running)
            guard bytes[start + 8..<start + 16] == bytes[16..<24], bytes.bigWord(at: start) != 0,
                running == [bytes.bigWord(at: start + 16), bytes.bigWord(at: start + 20)]
            else { return }
            frame += 1
            if bytes.bigWord(at: start + 4) != 0 {
                liveFrames = frame
                liveBytes = start + 24 + pageBytes
                transactions += 1
            }
            start += 24 + pageBytes
        }
    }
}

/// SQLite's checksum of a log.
struct WALSums {
    let isBigEndian: Bool

    func sum(_ bytes: ArraySlice<UInt8>, after: [UInt32]) -> [UInt32] {
        var first = after[0]
        var second = after[1]
        bytes.withUnsafeBytes { memory in
            for offset in stride(from: 0, to: memory.count, by: 8) {
                let left = memory.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
                let right = memory.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
                first = first &+ (isBigEndian ? left.bigEndian : left.littleEndian) &+ second
                second = second &+ (isBigEndian ? right.bigEndian : right.littleEndian) &+ first
            }
        }
        return [first, second]
    }
}

extension [UInt8] {
    /// The big-endian integer at an offset.
    func bigWord(at offset: Int) -> UInt32 { word(at: offset).byteSwapped }
}
