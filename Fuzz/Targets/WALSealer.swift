/// Makes any bytes a log whose header, salts and checksums are sound, but for the frames that are to be left
/// as they are.
enum WALSealer {
    /// Which frames are left alone: a mask by the frame's number modulo 8.
    struct Plan {
        var isBigEndian = false
        /// Whether a frame runs on from what its predecessor says its checksum is, and not from what it should
        /// have said.
        var runsOnFromStored = false
        var keepsHeaderChecksum = false
        var pageBytes = 512
        var unsealed: UInt8 = 0
        var foreign: UInt8 = 0

        init() {}

        /// The plan of an input's first four bytes.
        init(_ input: [UInt8]) {
            isBigEndian = input[0] & 4 != 0
            runsOnFromStored = input[1] & 1 != 0
            keepsHeaderChecksum = input[0] & 8 != 0
            // Twice 4,096, the size of ours; large ones leave no room for a frame in an input.
            pageBytes = [512, 512, 512, 512, 1_024, 2_048, 4_096, 4_096][Int(input[0] >> 5)]
            unsealed = input[2]
            foreign = input[3]
        }
    }

    static func sealed(_ raw: [UInt8], as plan: Plan) -> [UInt8] {
        var bytes = raw
        guard bytes.count >= 32 else { return bytes }
        let sums = WALSums(isBigEndian: plan.isBigEndian)
        bytes.setBig(plan.isBigEndian ? 0x377f_0683 : 0x377f_0682, at: 0)
        bytes.setBig(3_007_000, at: 4)
        bytes.setBig(UInt32(plan.pageBytes), at: 8)
        var running = sums.sum(bytes[0..<24], after: [0, 0])
        if !plan.keepsHeaderChecksum { bytes.setBig(running, at: 24) }
        var start = 32
        var frame = 1
        while bytes.count - start >= 24 + plan.pageBytes {
            let bit: UInt8 = 1 << UInt8(frame & 7)
            if plan.foreign & bit == 0 { bytes.replaceSubrange(start + 8..<start + 16, with: bytes[16..<24]) }
            running = sums.sum(bytes[start..<start + 8], after: running)
            running = sums.sum(bytes[start + 24..<start + 24 + plan.pageBytes], after: running)
            if plan.unsealed & bit == 0 {
                bytes.setBig(running, at: start + 16)
            } else if plan.runsOnFromStored {
                running = [bytes.bigWord(at: start + 16), bytes.bigWord(at: start + 20)]
            }
            start += 24 + plan.pageBytes
            frame += 1
        }
        return bytes
    }
}

extension [UInt8] {
    mutating func setBig(_ value: UInt32, at offset: Int) { set(value.bigEndian, at: offset) }

    mutating func setBig(_ sums: [UInt32], at offset: Int) {
        setBig(sums[0], at: offset)
        setBig(sums[1], at: offset + 4)
    }
}
