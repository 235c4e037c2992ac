import Testing

@testable import DecreeStore
@testable import Paxos

/// Rot: what a write-ahead log tells before SQLite sees it.
@Suite struct WALScanTests {
    /// Ends of the transactions of a real log, in frames, and its bytes.
    private struct Log {
        var bytes: [UInt8]
        var ends: [Int]

        /// A log of `transactions` commits; below it lie frames of an older generation, as in any log that
        /// has been in use for a while.
        init(transactions: Int) throws {
            let directory = try TemporaryDirectory()
            let store = try openStore(directory)
            try store.fill((1...8).map { "an older generation \($0)" })
            try store.checkpointIfIdle()
            ends = []
            bytes = []
            for index in 0..<transactions {
                let rows = (0...UInt64(index % 2)).map {
                    Write.accepted(
                        group, vote(100 + UInt64(index) * 2 + $0, String(repeating: "v", count: 1_500)))
                }
                try store.expectCommit(step(rows))
                bytes = try directory.bytes(of: directory.log)
                ends.append(WALScan.scan(bytes).liveFrames)
            }
        }

        /// The transaction a frame belongs to, from 0.
        func transaction(of frame: Int) -> Int { ends.firstIndex { frame <= $0 } ?? ends.count }

        func offset(_ frame: Int) -> Int { 32 + (frame - 1) * 4_120 }

        func flipping(_ offset: Int, bit: Int) -> [UInt8] {
            var flipped = bytes
            flipped[offset] ^= 1 << UInt8(bit)
            return flipped
        }
    }

    @Test func aSoundLogIsLiveToItsLastCommitAndNoFurther() throws {
        let log = try Log(transactions: 5)
        let scan = WALScan.scan(log.bytes)
        #expect(scan.rot == nil)
        #expect(scan.transactions == 5)
        #expect(scan.liveFrames == log.ends.last)
        #expect(scan.liveBytes == log.offset(scan.liveFrames + 1))
        #expect(log.bytes.count > scan.liveBytes, "there are stale frames to be told apart")
    }

    @Test func nothingAtAllIsALogWithoutAFrame() {
        for count in [0, 1, 31, 32, 500, 9_000] {
            #expect(WALScan.scan([UInt8](repeating: 0, count: count)) == .empty)
        }
    }

    @Test func aFlippedBitAnywhereInAnyTransactionButTheLastIsRot() throws {
        let log = try Log(transactions: 5)
        let places = Array(0..<24) + [24, 700, 2_048, 4_000, 4_119]
        for frame in 1...log.ends[3] {
            for place in places {
                let bit = (place * 3 + frame) % 8
                let scan = WALScan.scan(log.flipping(log.offset(frame) + place, bit: bit))
                #expect(scan.rot?.frame == frame, "frame \(frame), byte \(place), bit \(bit)")
            }
        }
    }

    @Test func aFlippedBitInTheLastTransactionCannotBeToldFromATornTail() throws {
        let log = try Log(transactions: 4)
        for frame in log.ends[2] + 1...log.ends[3] {
            let scan = WALScan.scan(log.flipping(log.offset(frame) + 1_000, bit: 1))
            #expect(scan.rot == nil)
            #expect(scan.liveFrames == log.ends[2])
        }
    }

    /// The size of the database is what marks a frame as the end of its transaction. A power of two has a
    /// single bit to lose.
    @Test func aMarkOfOneBitThatRotsIsFoundByWhatTheFrameWouldBeWithIt() throws {
        var log = try Log(transactions: 2)
        let end = log.ends[0]
        let mark = log.offset(end) + 4
        // Writes the log again with 16 pages as that mark, its checksums following.
        log.bytes.replaceSubrange(mark..<mark + 4, with: [0, 0, 0, 16])
        log.bytes = resealed(log.bytes, frames: log.ends[1])
        try #require(WALScan.scan(log.bytes).transactions == 2)
        let scan = WALScan.scan(log.flipping(mark + 3, bit: 4))
        #expect(scan.rot?.frame == end)
    }

    @Test func aFlippedBitInTheHeaderIsRotAsSoonAsAFrameStandsBehindIt() throws {
        for transactions in [1, 3] {
            let log = try Log(transactions: transactions)
            for place in 0..<32 {
                let bit = place * 5 % 8
                #expect(WALScan.scan(log.flipping(place, bit: bit)).rot?.frame == 0, "byte \(place)")
            }
        }
    }

    @Test func aHeaderThatIsGoneIsRotAsSoonAsTwoFramesStandBehindIt() throws {
        var log = try Log(transactions: 1)
        log.bytes.replaceSubrange(0..<32, with: [UInt8](repeating: 0, count: 32))
        #expect(WALScan.scan(log.bytes).rot?.frame == 0)
    }

    /// Any part of the sectors of a transaction may be missing when the power goes before its fsync ends.
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func aTornTailIsNeverTakenForRot(seed: UInt64) throws {
        let directory = try TemporaryDirectory()
        let store = try openStore(directory)
        try store.fill((1...30).map { "an older generation \($0)" })
        try store.checkpointIfIdle()
        var random = SplitMix(state: seed)
        for index in 0..<UInt64.random(in: 1...6, using: &random) {
            try store.expectCommit(step(.accepted(group, vote(100 + index, "durable"))))
        }
        let durable = try directory.bytes(of: directory.log)
        let rows = (0..<UInt64.random(in: 1...9, using: &random)).map {
            Write.accepted(group, vote(200 + $0, String(repeating: "t", count: 2_000)))
        }
        try store.expectCommit(step(rows))
        let written = try directory.bytes(of: directory.log)
        for _ in 0..<8 {
            var torn = durable + [UInt8](repeating: 0, count: written.count - durable.count)
            // From a few sectors missing to half of them.
            let lossPercent = [1, 3, 10, 50].randomElement(using: &random) ?? 50
            for sector in stride(from: 0, to: written.count, by: 512)
            where Int.random(in: 0..<100, using: &random) >= lossPercent {
                let range = sector..<min(sector + 512, written.count)
                torn.replaceSubrange(range, with: written[range])
            }
            let scan = WALScan.scan(torn)
            #expect(scan.rot == nil, "seed \(seed)")
            #expect(scan.transactions >= WALScan.scan(durable).transactions, "seed \(seed)")
        }
    }

    /// The checksum is a sum: in its highest bit, a flip of the page may look like a flip of the mark.
    @Test func aFlippedHighBitOfAPageIsNotTakenForALostMark() throws {
        let log = try Log(transactions: 3)
        let frame = log.ends[1] + 1
        try #require(frame < log.ends[2])
        for word in 0..<1_024 {
            let scan = WALScan.scan(log.flipping(log.offset(frame) + 24 + word * 4 + 3, bit: 7))
            #expect(scan.rot == nil, "word \(word)")
        }
    }

    /// The log with the checksums that belong to its first `frames` frames.
    private func resealed(_ bytes: [UInt8], frames: Int) -> [UInt8] {
        var sealed = bytes
        for frame in 1...frames {
            let checksum = sealed.withUnsafeBytes { buffer in
                let format = WALFormat(bytes: buffer, pageBytes: 4_096, isBigEndian: buffer[3] & 1 == 1)
                return format.computedChecksum(
                    frame, seed: frame == 1 ? format.checksum(at: 24) : format.storedChecksum(frame - 1))
            }
            let at = 32 + (frame - 1) * 4_120 + 16
            withUnsafeBytes(of: (checksum.first.bigEndian, checksum.second.bigEndian)) {
                sealed.replaceSubrange(at..<at + 8, with: $0)
            }
        }
        return sealed
    }
}

/// Vigna's splitmix64: the same numbers for the same seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed &>> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed &>> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed &>> 31
    }
}
