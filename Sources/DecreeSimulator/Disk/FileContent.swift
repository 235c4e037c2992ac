/// A file's bytes, in pages that copies share until one of them writes: an image of a disk costs next to
/// nothing.
struct FileContent: Sendable {
    static let pageBytes = 4_096
    private static let zeros = [UInt8](repeating: 0, count: pageBytes)

    /// Whole pages; zeros behind the end.
    private var pages: [[UInt8]] = []
    private(set) var count = 0

    /// All the bytes.
    var bytes: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = read(at: 0, into: UnsafeMutableRawBufferPointer(buffer))
        }
    }

    /// Fills `buffer` as far as the file goes. Returns how far.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let length = max(0, min(buffer.count, count - offset))
        Self.forEachPage(offset, length) { page, range, start in
            pages[page].withUnsafeBytes {
                (buffer.baseAddress! + start).copyMemory(
                    from: $0.baseAddress! + range.lowerBound, byteCount: range.count)
            }
        }
        return length
    }

    /// Writes `bytes` at `offset`, with zeros before it where the file was shorter.
    mutating func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        guard !bytes.isEmpty else { return }
        if count < offset + bytes.count { resize(to: offset + bytes.count) }
        Self.forEachPage(offset, bytes.count) { page, range, start in
            pages[page].withUnsafeMutableBytes {
                ($0.baseAddress! + range.lowerBound).copyMemory(
                    from: bytes.baseAddress! + start, byteCount: range.count)
            }
        }
    }

    mutating func resize(to size: Int) {
        let needed = (size + Self.pageBytes - 1) / Self.pageBytes
        if needed < pages.count { pages.removeLast(pages.count - needed) }
        while pages.count < needed { pages.append(Self.zeros) }
        let tail = size % Self.pageBytes
        if size < count, tail > 0 {
            pages[needed - 1].withUnsafeMutableBytes { page in
                Self.zeros.withUnsafeBytes {
                    (page.baseAddress! + tail).copyMemory(
                        from: $0.baseAddress!, byteCount: Self.pageBytes - tail)
                }
            }
        }
        count = size
    }

    mutating func flipBit(_ bit: Int, ofByteAt offset: Int) {
        pages[offset / Self.pageBytes][offset % Self.pageBytes] ^= 1 << UInt8(bit)
    }

    mutating func apply(_ change: FileChange) {
        switch change {
        case .write(let offset, let bytes): bytes.withUnsafeBytes { write($0, at: offset) }
        case .resize(let size): resize(to: size)
        case .extend(let size): if size > count { resize(to: size) }
        }
    }

    /// The pages that `length` bytes at `offset` lie in: each with the range within it, and where that
    /// range starts within the bytes.
    private static func forEachPage(
        _ offset: Int, _ length: Int, _ body: (_ page: Int, _ range: Range<Int>, _ start: Int) -> Void
    ) {
        var start = 0
        while start < length {
            let within = (offset + start) % pageBytes
            let part = min(length - start, pageBytes - within)
            body((offset + start) / pageBytes, within..<within + part, start)
            start += part
        }
    }
}

extension [UInt8] {
    /// Copies memory, at once even where the compiler does not optimize.
    init(copying bytes: UnsafeRawBufferPointer) {
        self.init(unsafeUninitializedCapacity: bytes.count) { buffer, initialized in
            if let address = bytes.baseAddress {
                UnsafeMutableRawPointer(buffer.baseAddress!).copyMemory(from: address, byteCount: bytes.count)
            }
            initialized = bytes.count
        }
    }
}
