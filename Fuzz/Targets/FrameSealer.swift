import DecreeWire
import Paxos

/// Makes lengths and checksums of frames what they should be, so that damage is found by what reads the body
/// and not by a checksum before it. It knows the layout from `FrameHeader`'s comment and from the order of the
/// fields alone: it is no part of what it tries.
enum FrameSealer {
    /// The stream with its frames made sound, each as long as it says as far as there are bytes; or all of it
    /// as one frame.
    static func sealed(_ stream: [UInt8], asOneFrame: Bool) -> [UInt8] {
        var bytes = stream
        var start = 0
        while bytes.count - start >= FrameHeader.bytes {
            let available = bytes.count - start - FrameHeader.bytes
            let stated = Int(bytes.word(at: start)) - (FrameHeader.bytes - 4)
            let bodyBytes = asOneFrame ? available : min(max(0, stated), available)
            let end = start + FrameHeader.bytes + bodyBytes
            bytes.set(UInt32(FrameHeader.bytes - 4 + bodyBytes), at: start)
            sealProposals(&bytes, frame: start..<end)
            bytes.set(Digest(of: bytes[start + 12..<end]).rawValue, at: start + 4)
            start = end
        }
        return bytes
    }

    /// Gives the proposals of an accept, a promise, a decisions message, or of slots that an operator is
    /// answered, the digests that they have.
    private static func sealProposals(_ bytes: inout [UInt8], frame: Range<Int>) {
        let fields = frame.lowerBound + FrameHeader.bytes
        switch (bytes[frame.lowerBound + 12], bytes[frame.lowerBound + 13]) {
        // Persist sequence, ballot, slot, chosenThrough.
        case (1, 5): _ = sealProposal(&bytes, at: fields + 32, end: frame.upperBound)
        // Persist sequence, ballot, part, parts, chosenThrough, floor, count.
        case (1, 4): sealVotes(&bytes, from: fields + 44, end: frame.upperBound)
        // Persist sequence, chosenThrough, count.
        case (1, 11): sealVotes(&bytes, from: fields + 20, end: frame.upperBound)
        // Id, kind of response, kind of answer, chosenThrough, count.
        case (2, 2) where bytes[fields...].prefix(10).suffix(2) == [9, 5]:
            sealVotes(&bytes, from: fields + 22, end: frame.upperBound)
        default: break
        }
    }

    /// Each vote is a slot, a ballot and a proposal.
    private static func sealVotes(_ bytes: inout [UInt8], from first: Int, end: Int) {
        var vote = first
        while let next = sealProposal(&bytes, at: vote + 16, end: end) { vote = next }
    }

    /// A proposal is a digest, a length and its bytes. Returns where it ends; nil if it is not all there.
    private static func sealProposal(_ bytes: inout [UInt8], at start: Int, end: Int) -> Int? {
        let first = start + 12
        guard first <= end else { return nil }
        let count = Int(bytes.word(at: start + 8))
        guard count <= end - first else { return nil }
        bytes.set(Digest(of: bytes[first..<first + count]).rawValue, at: start)
        return first + count
    }
}

extension [UInt8] {
    /// The little-endian integer at an offset.
    func word(at offset: Int) -> UInt32 {
        withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) }
    }

    /// Overwrites with a little-endian integer.
    mutating func set<Integer: FixedWidthInteger>(_ value: Integer, at offset: Int) {
        withUnsafeMutableBytes {
            $0.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Integer.self)
        }
    }
}
