import DecreeStore
import Paxos

/// Whether a store has the same log as another, as far as both go.
struct Comparison {
    enum Result {
        case equal(through: Slot)
        case differs(at: Slot)
        /// The slots of one end before those that the other has kept begin.
        case apart(endsAt: Slot, keptFrom: Slot)
        /// The stores have nothing to do with one another, or cannot be read.
        case impossible(String)
    }

    /// nil where not even the groups could be compared.
    let group: GroupID?
    let directory: String
    let reference: String
    let result: Result

    /// Whether no difference was found.
    var isEqual: Bool {
        switch result {
        case .equal, .apart: true
        case .differs, .impossible: false
        }
    }

    /// Holds each sound store against the one with the longest log, group by group: whoever agrees with
    /// that one agrees with all. In an unsound one, digests do not speak for values.
    static func all(of stores: [VerifiedStore]) -> [Comparison] {
        let sound = stores.filter(\.report.isHealthy)
        guard let first = sound.first, sound.count > 1 else { return [] }
        do throws(StoreError) {
            let strangers = sound.filter { $0.node?.genesis != first.node?.genesis }
            guard strangers.isEmpty else { return strangers.map { Self.between($0, and: first) } }
            var comparisons: [Comparison] = []
            for (group, _) in try first.inspector.groups() {
                comparisons += try compare(group, sound)
            }
            return comparisons
        } catch {
            return [
                Comparison(
                    group: nil, directory: first.directory, reference: first.directory,
                    result: .impossible(error.description))
            ]
        }
    }

    /// Two stores of which one is a stranger.
    private static func between(_ stranger: VerifiedStore, and first: VerifiedStore) -> Comparison {
        let names = [stranger, first].map { "\"\($0.node?.cluster ?? "")\"" }
        let reason =
            names[0] == names[1]
            ? "clusters of the name \(names[0]) that were created with other nodes or groups"
            : "clusters \(names[0]) and \(names[1])"
        return Comparison(
            group: nil, directory: stranger.directory, reference: first.directory,
            result: .impossible("they are of \(reason), which have no log in common"))
    }

    private static func compare(
        _ group: GroupID, _ stores: [VerifiedStore]
    ) throws(StoreError) -> [Comparison] {
        var ends: [(store: VerifiedStore, through: Slot)] = []
        for store in stores { ends.append((store, try store.inspector.chosenThrough(of: group))) }
        guard let longest = ends.indices.max(by: { ends[$0].through < ends[$1].through }) else { return [] }
        let reference = ends.remove(at: longest).store
        var comparisons: [Comparison] = []
        for (store, through) in ends {
            comparisons.append(
                Comparison(
                    group: group, directory: store.directory, reference: reference.directory,
                    result: try compare(group, through: through, store.inspector, reference.inspector)))
        }
        return comparisons
    }

    /// Equal chains at a slot mean equal logs through it. Where they differ there, the first slot that
    /// does is searched for by halves, among those that both have kept.
    static func compare(
        _ group: GroupID, through: Slot, _ left: StoreInspector, _ right: StoreInspector
    ) throws(StoreError) -> Result {
        func areEqual(at slot: Slot) throws(StoreError) -> Bool {
            guard slot != .zero else { return true }
            return try left.chain(of: group, at: slot) == right.chain(of: group, at: slot)
        }
        let floor = max(try left.floor(of: group), try right.floor(of: group))
        // What stands at the floor is told by a snapshot, if at all.
        guard through > floor else {
            if let one = try left.chain(of: group, at: through),
                one == (try right.chain(of: group, at: through))
            {
                return .equal(through: through)
            }
            return .apart(endsAt: through, keptFrom: floor.next)
        }
        guard try !areEqual(at: through) else { return .equal(through: through) }
        var (equal, different) = (floor, through)
        while equal.next < different {
            let middle = Slot((equal.rawValue + different.rawValue) / 2)
            if try areEqual(at: middle) { equal = middle } else { different = middle }
        }
        return .differs(at: different)
    }

    // MARK: In words

    var text: String {
        let place = group.map { "group \($0): " } ?? ""
        let pair = "\(directory) and \(reference)"
        return switch result {
        case .equal(let through): "\(place)\(pair) have the same log through slot \(through)"
        case .differs(let slot): "FINDING \(place)\(pair) have different logs from slot \(slot) on"
        case .apart(let end, let first):
            "\(place)\(pair) have no slot in common: one ends at slot \(end), of the other those from \(first) on are kept"
        case .impossible(let reason): "FINDING \(pair) cannot be compared: \(reason)"
        }
    }

    var json: String {
        var line = JSONWriter()
        line.line {
            if let group { $0.add("group", group.rawValue) }
            $0.add("directory", directory)
            $0.add("against", reference)
            switch result {
            case .equal(let through): $0.add("comparedThrough", through.rawValue)
            case .differs(let slot): $0.add("differsAt", slot.rawValue)
            case .apart(let end, let first):
                $0.add("endsAt", end.rawValue)
                $0.add("keptFrom", first.rawValue)
            case .impossible(let reason): $0.add("reason", reason)
            }
            $0.add("equal", isEqual)
        }
        return line.text
    }
}
