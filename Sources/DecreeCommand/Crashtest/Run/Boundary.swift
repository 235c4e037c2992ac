import Paxos

/// A moment in a node's life: just before it calls the operating system for the n-th time in one way.
struct Boundary: Hashable, Sendable, CustomStringConvertible {
    /// What a node asks of the operating system where it matters when it dies: that by which SQLite, and what
    /// prepares its files, reach the disk, and that by which NIO sends: `writev` where more has piled up.
    /// `write` also wakes another thread, as after a commit, and logs.
    enum Call: String, CaseIterable, Sendable {
        case pwrite64, fdatasync, write, ftruncate, fsync, writev

        /// Whether a node makes it as long as it works, and not only while it starts.
        fileprivate var isEverywhere: Bool {
            switch self {
            case .pwrite64, .fdatasync, .write: true
            case .ftruncate, .fsync, .writev: false
            }
        }
    }

    let call: Call
    /// From 1; every thread counts for itself.
    let number: Int

    var description: String { "\(call.rawValue) number \(number)" }
}

/// Which boundary comes next: of each call in turn, the first ones one after the other, which are those of
/// starting and recovering, and in between one far on, among commits, checkpoints and votes, where there is any. The same seed,
/// the same walk; no boundary comes twice while there are others.
struct BoundaryWalk {
    /// Farther on a node is not followed: it would take seconds to get there.
    static let last = 400

    private struct Track {
        let call: Boundary.Call
        /// Numbers below it are tried.
        var dense = 1
        var isFarNext = false
        var tried: Set<Int> = []
        var limit = BoundaryWalk.last
    }

    private var generator: SeededGenerator
    private var tracks = Boundary.Call.allCases.map { Track(call: $0) }
    private var turn = 0

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func next() -> Boundary {
        // A call that the nodes never make is soon out of the walk.
        for _ in tracks.indices {
            defer { turn = (turn + 1) % tracks.count }
            guard tracks[turn].tried.count < tracks[turn].limit else { continue }
            return Boundary(call: tracks[turn].call, number: number(on: turn))
        }
        tracks = Boundary.Call.allCases.map { Track(call: $0) }
        return Boundary(call: tracks[0].call, number: number(on: 0))
    }

    private mutating func number(on index: Int) -> Int {
        // Drawn whether or not it is used: what came of one boundary changes no other.
        let far = Int(Double(Self.last) * Double.random(in: 0.1...1, using: &generator).squared)
        let isFar =
            tracks[index].call.isEverywhere && tracks[index].isFarNext && far <= tracks[index].limit
            && !tracks[index].tried.contains(far)
        tracks[index].isFarNext.toggle()
        while tracks[index].tried.contains(tracks[index].dense) { tracks[index].dense += 1 }
        let number = isFar ? far : tracks[index].dense
        tracks[index].tried.insert(number)
        return number
    }

    /// A node lived on and on without getting there: nobody is sent as far again.
    mutating func unreached(_ boundary: Boundary) {
        guard let index = tracks.firstIndex(where: { $0.call == boundary.call }) else { return }
        tracks[index].limit = min(tracks[index].limit, boundary.number - 1)
        tracks[index].tried = tracks[index].tried.filter { $0 <= tracks[index].limit }
    }
}

extension Double {
    fileprivate var squared: Double { self * self }
}
