package import Paxos

/// The id of a request that a node asks a peer for one of its own clients, or for one of others. The peer hands it back: the
/// group's place stands in the 16 bits that a request's id leaves free. The group itself would not fit there.
package struct ForwardedID: Equatable, Sendable {
    /// Where the group stands among those that the node hosts.
    package let place: Int
    /// The request of that group's client.
    package let request: RequestID

    /// Stands where the place would, of what is passed on for a client that cannot reach the leader.
    private static let relayed = 1 << (64 - RequestID.bits) - 1

    /// Whether it was passed on for a client that cannot reach the leader.
    package var isRelayed: Bool { place == Self.relayed }

    /// The id of what is passed on: the number that it has among such.
    init(relayed number: UInt64) {
        place = Self.relayed
        request = RequestID(rawValue: number)
    }

    /// The id of a group's request. Traps where a node hosts fewer groups.
    package init(place: Int, request: RequestID) {
        precondition((0..<Self.relayed).contains(place), "a node hosts fewer groups")
        self.place = place
        self.request = request
    }

    /// Takes an id apart that came back.
    package init(rawValue: UInt64) {
        place = Int(rawValue >> RequestID.bits)
        request = RequestID(rawValue: rawValue)
    }

    /// The id.
    package var rawValue: UInt64 { UInt64(place) << RequestID.bits | request.rawValue }
}
