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
    /// The keys that differ from a stored one in a bit: what a row's key was, if a bit of it flipped. One that differs
    /// in more is out of order, but for a chance that quick_check leaves.
    static func neighbours(of key: Int64) -> [RowKey] {
        (0..<63).compactMap { bit in
            let flipped = key ^ (1 << bit)
            return group(in: flipped).map { RowKey($0, slot(in: flipped)) }
        }
    }
}
