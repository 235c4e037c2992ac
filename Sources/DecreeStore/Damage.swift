package import Paxos

/// A row that is not what was written, and whose value other nodes have: it is told, and mended when the value comes
/// from them.
package struct Damage: Equatable, Sendable, CustomStringConvertible {
    /// The group.
    package let group: GroupID
    /// The slot; of a snapshot its last.
    package let slot: Slot
    /// The table.
    package let place: String
    /// What is wrong with the row.
    package let detail: String

    /// `place group g slot s: detail`.
    package var description: String { "\(place) group \(group) slot \(slot): \(detail)" }

    static let snapshotPlace = "snapshot_chunk"
}

extension Store {
    /// Damage that is remembered: more is found again when this is mended.
    package static let damageLimit = 1_024

    func note(_ found: Damage) {
        guard damage.count < Self.damageLimit,
            !damage.contains(where: {
                $0.group == found.group && $0.slot == found.slot && $0.place == found.place
            })
        else { return }
        damage.append(found)
    }

    func note(_ flaw: RowFlaw) {
        note(Damage(group: flaw.group, slot: flaw.slot, place: flaw.place, detail: flaw.detail))
    }

    /// Forgets the damage that durable rows have mended: a value written once more with the fact that it is chosen, a
    /// floor above it, a later snapshot.
    func noteMended(by rows: [Write]) {
        guard !damage.isEmpty else { return }
        for row in rows {
            guard case .chosen(let group, let slot, _, _, _) = row else { continue }
            damage.removeAll {
                $0.group == group && $0.slot == slot && $0.place != Damage.snapshotPlace
            }
        }
        damage.removeAll {
            $0.place == Damage.snapshotPlace
                ? $0.slot < lifecycle.latest($0.group)?.header.slot ?? .zero
                : $0.slot <= lifecycle.floor($0.group)
        }
    }
}
