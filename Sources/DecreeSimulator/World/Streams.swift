import Paxos

/// The seeded generators of a simulation, one for each purpose: a draw more in one shifts nothing in
/// another, so that a fault left out leaves the rest as it was.
struct Streams {
    private let seed: UInt64

    init(seed: UInt64) { self.seed = seed }

    /// The generator for `purpose`, and for one of those that share it.
    func stream(_ purpose: Purpose, _ number: Int = 0) -> SeededGenerator {
        SeededGenerator(seed: Digest(of: seed, purpose.rawValue, UInt64(number), 0).rawValue)
    }

    enum Purpose: UInt64 {
        case settings = 1
        case swarm, fault, network, disk, latency, node, client, workload, heal, steward, lifecycle, upgrade,
            limits, groups, residents, visitors, links
    }
}
