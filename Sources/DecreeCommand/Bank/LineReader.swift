import Foundation

/// Reads lines from a file as they arrive, and keeps no more of one than the limit.
struct LineReader {
    enum Line {
        /// A line without its break.
        case whole(ArraySlice<UInt8>)
        /// A line over the limit, which was skipped.
        case tooLong
    }

    /// Why there is nothing more to read.
    struct Failure: Error {
        let reason: String
    }

    /// What the lines are.
    struct Form {
        /// The longest line.
        let limitBytes: Int
        /// Whether lines of blanks alone say nothing.
        let skipsBlank: Bool

        /// An operation has at most some hundreds of bytes, and its id.
        static let operations = Form(limitBytes: 1 << 16, skipsBlank: true)
    }

    private let form: Form
    private let descriptor: Int32
    private var buffer: [UInt8]
    /// What was read and not yet given out: `buffer[start..<end]`, without a line break before `searched`.
    private var start = 0
    private var searched = 0
    private var end = 0
    private var isAtEnd = false
    /// The number of the line given out last, from 1; blank lines count.
    private(set) var number = 0

    init(descriptor: Int32, form: Form = .operations) {
        self.descriptor = descriptor
        self.form = form
        buffer = [UInt8](repeating: 0, count: 2 * form.limitBytes)
    }

    /// The next line, or the next that is not blank; nil at the end of the file. A last line needs no break.
    mutating func next() throws(Failure) -> Line? {
        while let line = try nextOfAny() {
            number += 1
            if form.skipsBlank, case .whole(let bytes) = line, bytes.allSatisfy(Self.isBlank) { continue }
            return line
        }
        return nil
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d }

    private mutating func nextOfAny() throws(Failure) -> Line? {
        var isTooLong = false
        while true {
            if let lineBreak = nextBreak() {
                let line = start..<lineBreak
                start = lineBreak + 1
                searched = start
                return isTooLong || line.count > form.limitBytes ? .tooLong : .whole(buffer[line])
            }
            if end - start > form.limitBytes {
                isTooLong = true
                start = end
            }
            if isAtEnd {
                guard isTooLong || start < end else { return nil }
                defer { start = end }
                return isTooLong ? .tooLong : .whole(buffer[start..<end])
            }
            try read()
        }
    }

    private mutating func nextBreak() -> Int? {
        let found = buffer.withUnsafeBytes { bytes -> Int? in
            guard let base = bytes.baseAddress, searched < end,
                let place = memchr(base + searched, Int32(UInt8(ascii: "\n")), end - searched)
            else { return nil }
            return base.distance(to: UnsafeRawPointer(place))
        }
        searched = found ?? end
        return found
    }

    /// Adds what has arrived behind what is there, which is moved to the front first.
    private mutating func read() throws(Failure) {
        if start > 0 {
            let (first, last) = (start, end)
            buffer.withUnsafeMutableBytes { bytes in
                guard let base = bytes.baseAddress else { return }
                _ = memmove(base, base + first, last - first)
            }
            (start, searched, end) = (0, searched - first, last - first)
        }
        while true {
            let (descriptor, end) = (descriptor, end)
            let count = buffer.withUnsafeMutableBytes { bytes in
                Foundation.read(descriptor, bytes.baseAddress.map { $0 + end }, bytes.count - end)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Failure(reason: String(cString: strerror(errno))) }
            self.end += count
            isAtEnd = count == 0
            return
        }
    }
}
