/// What a write-ahead log holds, found out before SQLite is let near it.
///
/// SQLite takes the log up to the first frame that does not check out for all there ever was. After a
/// crash that is right: a tail that was not synced may be torn. But a bit that rots in the middle makes it
/// forget every commit after it without a word, and a node that forgot a vote must not vote again. So
/// we look beyond the first bad frame ourselves.
package struct WALScan: Equatable, Sendable {
    /// Frames up to the end of the last whole transaction: what SQLite will use.
    package let liveFrames: Int
    /// Bytes of the header and the live frames; 0 when there are none.
    package let liveBytes: Int
    /// Transactions among the live frames.
    package let transactions: Int
    /// Whether the log was tampered with by anything but a crash; says where.
    package let rot: Rot?

    /// A place where something that was durable is no more.
    package struct Rot: Equatable, Sendable {
        /// The frame, from 1; 0 for the log's header.
        package let frame: Int
        /// What gave it away.
        package let detail: String
    }

    /// A log without a live frame.
    static let empty = WALScan(liveFrames: 0, liveBytes: 0, transactions: 0, rot: nil)

    private static func rotten(header detail: String) -> WALScan {
        WALScan(liveFrames: 0, liveBytes: 0, transactions: 0, rot: Rot(frame: 0, detail: detail))
    }

    /// Scans the bytes of a `-wal` file.
    package static func scan(_ bytes: [UInt8]) -> WALScan {
        bytes.withUnsafeBytes { scan($0) }
    }

    private static func scan(_ bytes: UnsafeRawBufferPointer) -> WALScan {
        // Shorter than its header: the first commit ever was cut off, before any frame.
        guard bytes.count >= WALFormat.headerBytes else { return .empty }
        let guess = WALFormat(bytes: bytes, pageBytes: 4_096, isBigEndian: false)
        let magic = guess.word(0)
        let pageBytes = Int(guess.word(8))
        let format = WALFormat(
            bytes: bytes, pageBytes: isPageSize(pageBytes) ? pageBytes : 4_096,
            isBigEndian: magic & 1 == 1)
        guard magic & ~1 == 0x377f_0682, format.word(4) == 3_007_000, isPageSize(pageBytes),
            format.sum(0..<24, seed: .zero) == format.checksum(at: 24)
        else {
            // SQLite syncs the header before it writes a frame behind it, and 32 bytes at the beginning of
            // a file are written whole or not at all. So a bad header with frames behind it is rot.
            return holdsFrames(behindBadHeader: bytes)
                ? rotten(header: "the header does not check out, yet frames stand behind it") : .empty
        }
        return scanFrames(format)
    }

    private static func isPageSize(_ bytes: Int) -> Bool {
        (512...65_536).contains(bytes) && bytes.nonzeroBitCount == 1
    }

    private static func scanFrames(_ format: WALFormat) -> WALScan {
        let salts = format.salts(at: 16)
        let count = format.frameCount
        var running = format.checksum(at: 24)
        var live = 0
        var transactions = 0
        var frame = 1
        while frame <= count, format.salts(frame) == salts, format.page(frame) != 0 {
            let computed = format.computedChecksum(frame, seed: running)
            guard computed == format.storedChecksum(frame) else { break }
            running = computed
            if format.commitSize(frame) != 0 {
                live = frame
                transactions += 1
            }
            frame += 1
        }
        return WALScan(
            liveFrames: live, liveBytes: live == 0 ? 0 : format.offset(of: live + 1),
            transactions: transactions,
            rot: rot(in: format, from: frame, after: live, seed: running))
    }

    /// Judges the first frame that does not check out. It belongs to a transaction; if that is the last
    /// one, it is torn, and was never answered for. But the next transaction is begun only when this one
    /// is durable, so a plausible frame beyond this one's end is proof that the bad frame was good once.
    private static func rot(
        in format: WALFormat, from bad: Int, after live: Int, seed: WALFormat.Checksum
    ) -> Rot? {
        let salts = format.salts(at: 16)
        let count = format.frameCount
        // Plausible: it carries the salts and runs on from what its predecessor says its checksum is. For
        // the first frame behind the bad one also from what that should be: its checksum may be what rots.
        func isPlausible(_ frame: Int) -> Bool {
            guard format.salts(frame) == salts, format.page(frame) != 0 else { return false }
            if runsOn(format, frame) { return true }
            guard frame == bad + 1 else { return false }
            let repaired = format.computedChecksum(bad, seed: seed)
            return format.computedChecksum(frame, seed: repaired) == format.storedChecksum(frame)
        }
        guard bad < count else { return nil }
        let next = isPlausible(bad + 1)
        // The bad frame is of this generation if it has the salts, or if the next runs on from it; then its
        // own mark says whether it ends its transaction. Not where its header lies across two sectors: a
        // torn write may then have left an older frame's mark beside this one's salts or checksum.
        let isCurrent = format.salts(bad) == salts || next
        let isAcross = (format.offset(of: bad) & 511) + WALFormat.frameHeaderBytes > 512
        let isMarked = format.commitSize(bad) != 0 && !isAcross
        var isEnded = isCurrent && (isMarked || lostItsMark(format, bad, after: live, seed: seed))
        for frame in bad + 1...count where frame == bad + 1 ? next : isPlausible(frame) {
            if isEnded {
                return Rot(
                    frame: bad,
                    detail: "the frame does not check out, yet a later transaction stands at frame \(frame)")
            }
            isEnded = format.commitSize(frame) != 0
        }
        return nil
    }

    /// Whether a frame checks out as one that ends its transaction but for one bit: the only one of its
    /// mark, a size of the database that is a power of two.
    ///
    /// Only sizes the database can have had are tried (it does not shrink, and grows by a page a frame at
    /// most): the checksum is a sum, and there are bits of the page whose flip it cannot tell from that of
    /// another size's.
    private static func lostItsMark(
        _ format: WALFormat, _ frame: Int, after live: Int, seed: WALFormat.Checksum
    ) -> Bool {
        guard format.commitSize(frame) == 0 else { return false }
        let before = live == 0 ? 0 : Int(format.commitSize(live))
        let least = max(before, Int(format.page(frame)))
        let most = live == 0 ? Int(UInt32.max) : before + frame - live
        return (0..<32).contains { bit in
            (least...max(least, most)).contains(1 << bit)
                && format.computedChecksum(frame, seed: seed, commitSize: 1 << bit)
                    == format.storedChecksum(frame)
        }
    }

    /// Whether a frame's checksum runs on from the one its predecessor says it has.
    private static func runsOn(_ format: WALFormat, _ frame: Int) -> Bool {
        format.computedChecksum(frame, seed: format.storedChecksum(frame - 1))
            == format.storedChecksum(frame)
    }

    /// Whether frames follow one another though the header is bad: the first runs on from the header's
    /// checksum (as it stands, or as it should be), or any later one from its predecessor. Neither the
    /// order of words nor the page size can be trusted then: both orders are tried, our page size taken.
    private static func holdsFrames(behindBadHeader bytes: UnsafeRawBufferPointer) -> Bool {
        for isBigEndian in [false, true] {
            let format = WALFormat(bytes: bytes, pageBytes: 4_096, isBigEndian: isBigEndian)
            guard format.frameCount > 0 else { return false }
            for seed in [format.checksum(at: 24), format.sum(0..<24, seed: .zero)]
            where format.page(1) != 0
                && format.computedChecksum(1, seed: seed) == format.storedChecksum(1)
            {
                return true
            }
            for frame in 1..<format.frameCount
            where format.page(frame + 1) != 0 && format.salts(frame) == format.salts(frame + 1)
                && runsOn(format, frame + 1)
            {
                return true
            }
        }
        return false
    }
}
