import Paxos

/// Which of the changes that were never synced a power cut leaves on the medium. A disk promises nothing
/// about them: neither which, nor in what order, nor that a write survives whole.
public enum Survival: Hashable, Sendable {
    /// None.
    case nothing
    /// All of them.
    case everything
    /// The first few, in the order they were made.
    case prefix
    /// Any of them, each whole: reordered by the cache.
    case anySubset
    /// Any 4 KiB pages of any of them.
    case tornPages
    /// Any 512-byte sectors of any of them.
    case tornSectors
    /// One of the above, drawn for each file.
    case anything
    /// All 512-byte sectors but the n-th, from 0: for trying each in turn.
    case allButSector(Int)

    /// What a power cut can be tried with when chance is to choose the details.
    public static let drawable: [Survival] = [
        .nothing, .everything, .prefix, .anySubset, .tornPages, .tornSectors,
    ]

    /// The bytes that survive or fall together; nil where a write is not torn.
    private var pieceBytes: Int? {
        switch self {
        case .tornPages: 4_096
        case .tornSectors, .allButSector: 512
        case .nothing, .everything, .prefix, .anySubset, .anything: nil
        }
    }

    /// `anything` made definite.
    func drawn(_ generator: inout SeededGenerator) -> Survival {
        guard self == .anything else { return self }
        return Self.drawable[generator.below(Self.drawable.count)]
    }

    /// For `count` changes made one after another: which survive.
    func drawSurvivors(of count: Int, _ generator: inout SeededGenerator) -> [Bool] {
        switch self {
        case .nothing: [Bool](repeating: false, count: count)
        case .everything: [Bool](repeating: true, count: count)
        case .prefix:
            { through in (0..<count).map { $0 < through } }(generator.below(count + 1))
        case .anySubset, .tornPages, .tornSectors, .anything:
            // Half of them, a few, or a single one is lost: each finds what the others do not.
            switch generator.below(3) {
            case 0: (0..<count).map { _ in generator.chance(1, in: 2) }
            case 1: (0..<count).map { _ in !generator.chance(1, in: 16) }
            default: { lost in (0..<count).map { $0 != lost } }(generator.below(count))
            }
        case .allButSector(let lost): (0..<count).map { $0 != lost }
        }
    }

    /// The changes in the pieces that may survive apart.
    func pieces(of changes: [FileChange]) -> [FileChange] {
        guard let pieceBytes else { return changes }
        return changes.flatMap { $0.pieces(of: pieceBytes) }
    }
}

/// What was done to a file and not yet synced.
enum FileChange: Hashable, Sendable {
    /// Bytes stand at an offset.
    case write(at: Int, [UInt8])
    /// The file has this size.
    case resize(to: Int)
    /// The file has at least this size, and zeros where nothing was written: what is left of a write whose
    /// sync failed, since the size is metadata and is not forgotten.
    case extend(to: Int)

    /// A write's pieces between multiples of `size`.
    func pieces(of size: Int) -> [FileChange] {
        guard case .write(let offset, let bytes) = self else { return [self] }
        var pieces: [FileChange] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + size - (offset + start) % size)
            pieces.append(
                .write(
                    at: offset + start,
                    bytes.withUnsafeBytes { [UInt8](copying: .init(rebasing: $0[start..<end])) }))
            start = end
        }
        return pieces
    }

    /// What a failed sync leaves of a change that did not reach the medium.
    var forgotten: FileChange {
        guard case .write(let offset, let bytes) = self else { return self }
        return .extend(to: offset + bytes.count)
    }
}
