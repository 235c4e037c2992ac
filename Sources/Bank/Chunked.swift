/// An array in chunks: what is written first after a copy copies one chunk, and not a million elements.
struct Chunked<Element: Sendable>: Sendable {
    private var chunks: [ContiguousArray<Element>] = []
    private(set) var count = 0

    /// Elements of a chunk: 32 KiB of accounts, a few microseconds to copy.
    private static var chunkBits: Int { 10 }
    private static var chunkCount: Int { 1 << chunkBits }

    mutating func append(_ element: Element) {
        if count & (Self.chunkCount - 1) == 0 {
            chunks.append([])
            chunks[chunks.count - 1].reserveCapacity(Self.chunkCount)
        }
        chunks[chunks.count - 1].append(element)
        count += 1
    }

    @inline(__always)
    subscript(_ place: Int) -> Element {
        _read { yield chunks[place >> Self.chunkBits][place & (Self.chunkCount - 1)] }
        _modify { yield &chunks[place >> Self.chunkBits][place & (Self.chunkCount - 1)] }
    }
}
