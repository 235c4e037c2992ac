import Paxos

/// What is wrong with a slot's row.
struct RowFlaw: Error, Equatable {
    /// The table.
    let place: String
    let group: GroupID
    let slot: Slot
    let detail: String
    /// Whether it is known which slot the row is of, and nothing else: then the value can be had from other nodes.
    /// A row that is missing, out of order, of no slot, or of another one says nothing of what else is lost.
    var isRepairable = false
    /// Of a chosen slot whose own row is sound, and whose value is not: the chain through it.
    var chain: Digest?

    static let differs = "the row differs from its checksum"

    var error: StoreError { .corrupt(place: place, group: group, slot: slot, detail: detail) }
}

extension RowKey {
    /// Whether one of the keys that differ from this one in a bit or two fits: what a row's key was, if those flipped.
    /// One that differs in more breaks the order of the keys, but for a chance.
    func hasNeighbour(where fits: (RowKey) -> Bool) -> Bool {
        for first in 0..<63 {
            for second in first..<63 {
                let flips: Int64 = first == second ? 1 << first : 1 << first | 1 << second
                let key = stored ^ flips
                if let group = RowKey.group(in: key), fits(RowKey(group, RowKey.slot(in: key))) {
                    return true
                }
            }
        }
        return false
    }
}
