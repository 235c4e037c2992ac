/// Why a peer was not reached, and where, since it was reached last: each is told once. A peer that is down is dialled at all
/// of its addresses in turn, about once a second, and for ever.
struct LinkTroubles {
    private struct Trouble: Hashable {
        let reason: String
        let address: String
    }

    private var told: Set<Trouble> = []

    /// More are forgotten all, and told again: reasons may hold numbers that grow.
    static let limit = 64

    /// Whether there are none.
    var isEmpty: Bool { told.isEmpty }

    /// Notes one. Returns whether it is to be told.
    mutating func add(_ reason: String, at address: String) -> Bool {
        if told.count == Self.limit { told = [] }
        return told.insert(Trouble(reason: reason, address: address)).inserted
    }
}
