import DecreeStore
import Paxos

/// A log that was written, and what became of it: the sectors of its last transaction that reached the disk
/// before the power went, or one bit that rotted. Pages are noise drawn from the input, for a checksum that is
/// a sum tells accidents, not a fuzzer that makes pages to fit.
struct WALStory {
    /// The sizes of pages and sectors that a store's log has.
    private static let pageBytes = 4_096
    private static let sectorBytes = 512
    /// So few that no frame's header lies across two sectors, where its mark is not trusted.
    private static let maximumFrames = 18

    private let rots: Bool
    /// Frames of each transaction.
    private let transactions: [Int]
    private let olderFrames: Int
    private let seed: UInt64
    /// What the rest of the input says: sectors that were written, or the bit that rots.
    private let choices: [UInt8]

    init(_ input: [UInt8]) {
        rots = input[0] & 3 == 3
        var sizes = input[1]
        var transactions: [Int] = []
        for _ in 0..<2 + Int(input[1] & 3) {
            transactions.append(1 + Int(sizes & 3))
            sizes >>= 2
        }
        self.transactions = transactions
        olderFrames = min(Int(input[2] & 15), Self.maximumFrames - transactions.reduce(0, +))
        seed = UInt64(input[2]) << 8 | UInt64(input[3])
        choices = Array(input.dropFirst(4))
    }

    func judge() throws(FuzzFailure) {
        let whole = Self.log(
            transactions: transactions, olderFrames: max(0, olderFrames), pageBytes: Self.pageBytes,
            seed: seed)
        let scan = try WALTarget.judge(whole)
        try require(
            scan.transactions == transactions.count && scan.rot == nil, "a sound log is \(scan)")
        if rots { try judgeRot(of: whole) } else { try judgeTear(of: whole) }
    }

    /// SAFETY, section 1, "Rot": a torn tail is never taken for rot, and loses no transaction before it.
    private func judgeTear(of whole: [UInt8]) throws(FuzzFailure) {
        let before = transactions.dropLast()
        var torn = Self.log(
            transactions: Array(before), olderFrames: max(0, olderFrames) + transactions[before.count],
            pageBytes: Self.pageBytes, seed: seed)
        torn += [UInt8](repeating: 0, count: max(0, whole.count - torn.count))
        guard !choices.isEmpty else { return }
        for sector in 0..<(whole.count + Self.sectorBytes - 1) / Self.sectorBytes {
            let place = sector % (choices.count * 8)
            guard choices[place / 8] & 1 << UInt8(place % 8) != 0 else { continue }
            let range = sector * Self.sectorBytes..<min((sector + 1) * Self.sectorBytes, whole.count)
            torn.replaceSubrange(range, with: whole[range])
        }
        let scan = try WALTarget.judge(torn)
        try require(scan.rot == nil, "a torn tail is taken for rot: \(scan)")
        try require(scan.transactions >= before.count, "a torn tail takes with it what was durable: \(scan)")
    }

    /// A bit that flips anywhere in any transaction but the last is found, where it is.
    private func judgeRot(of whole: [UInt8]) throws(FuzzFailure) {
        guard choices.count >= 3 else { return }
        let frames = transactions.dropLast().reduce(0, +)
        let frame = Int(choices[0]) % frames
        let frameBytes = 24 + Self.pageBytes
        let bit = (Int(choices[1]) << 8 | Int(choices[2])) % (frameBytes * 8)
        var rotten = whole
        rotten[32 + frame * frameBytes + bit / 8] ^= 1 << UInt8(bit % 8)
        let scan = try WALTarget.judge(rotten)
        try require(scan.rot?.frame == frame + 1, "bit \(bit) of frame \(frame + 1) flipped gives \(scan)")
    }

    /// A log of an older generation with a newer one over its beginning. The same seed gives the same frames,
    /// whatever lies behind them.
    static func log(transactions: [Int], olderFrames: Int, pageBytes: Int, seed: UInt64) -> [UInt8] {
        var plan = WALSealer.Plan()
        plan.pageBytes = pageBytes
        let frames = transactions.reduce(0, +)
        let older = generation(1, sizes: [frames + olderFrames], pageBytes: pageBytes, seed: ~seed)
        let newer = generation(2, sizes: transactions, pageBytes: pageBytes, seed: seed)
        let written = WALSealer.sealed(newer, as: plan)
        return written + WALSealer.sealed(older, as: plan).dropFirst(written.count)
    }

    private static func generation(
        _ generation: UInt8, sizes: [Int], pageBytes: Int, seed: UInt64
    ) -> [UInt8] {
        var noise = SeededGenerator(seed: seed)
        let frameBytes = 24 + pageBytes
        var bytes = [UInt8](repeating: 0, count: 32 + sizes.reduce(0, +) * frameBytes)
        // Two salts of this generation.
        bytes.replaceSubrange(16..<24, with: repeatElement(generation, count: 8))
        var start = 32
        // The database grows by a page with every transaction.
        var pages: UInt32 = 5
        for size in sizes {
            pages += 1
            for frame in 1...size {
                bytes.setBig(1 + UInt32(noise.below(Int(pages))), at: start)
                bytes.setBig(frame == size ? pages : 0, at: start + 4)
                bytes.withUnsafeMutableBytes { memory in
                    for offset in stride(from: start + 24, to: start + frameBytes, by: 8) {
                        memory.storeBytes(of: noise.next(), toByteOffset: offset, as: UInt64.self)
                    }
                }
                start += frameBytes
            }
        }
        return bytes
    }
}
