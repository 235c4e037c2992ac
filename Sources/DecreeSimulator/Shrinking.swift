/// Finds a small part of a seed's schedule that still fails: halves, quarters and so on are left out, as long
/// as it fails without them. (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input",
/// 2002.) Each fault draws from a stream of its own, so that leaving one out leaves the others as they were.
public struct Shrinking {
    private let fails: ([Int]) async throws -> Bool
    private let progress: (_ attempt: Int, _ left: Int) -> Void
    private let mostAttempts: Int

    /// Shrinking by trial.
    ///
    /// - Parameters:
    ///   - mostAttempts: where to stop, with what is left by then.
    ///   - progress: is told of each step.
    ///   - fails: runs the seed with these faults only, and says whether it fails.
    public init(
        mostAttempts: Int = 400, progress: @escaping (_ attempt: Int, _ left: Int) -> Void = { _, _ in },
        fails: @escaping ([Int]) async throws -> Bool
    ) {
        self.mostAttempts = mostAttempts
        self.progress = progress
        self.fails = fails
    }

    /// The faults that are left, from those that fail together.
    public func shrink(_ faults: [Int]) async throws -> [Int] {
        var attempts = 0
        func fails(_ candidate: [Int]) async throws -> Bool {
            attempts += 1
            return try await self.fails(candidate)
        }
        if try await fails([]) { return [] }
        var left = faults
        var pieces = 2
        while left.count > 1, attempts < mostAttempts {
            let size = (left.count + pieces - 1) / pieces
            var isSmaller = false
            for start in stride(from: 0, to: left.count, by: size) {
                let rest = Array(left[..<start] + left[min(left.count, start + size)...])
                guard !rest.isEmpty, try await fails(rest) else { continue }
                left = rest
                pieces = max(2, pieces - 1)
                isSmaller = true
                progress(attempts, left.count)
                break
            }
            if !isSmaller {
                guard pieces < left.count else { break }
                pieces = min(left.count, pieces * 2)
            }
        }
        return left
    }
}
