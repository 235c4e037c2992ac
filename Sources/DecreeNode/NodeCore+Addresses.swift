package import Paxos

/// Where others are, and where to dial next: decided here, so that a simulated network dials as a real one does.
extension NodeCore {
    /// Whom to keep a connection to: the members, and whom the configuration lists, for who has just joined, or was
    /// away for long, may know less of the members than those who wrote its file.
    package var contacts: [NodeID] {
        let listed = addresses.listed.filter { other in
            other != node && !isGone(other) && !peers.contains { $0.node == other }
        }
        return (peers.map(\.node) + listed).sorted()
    }

    /// Where to dial a peer next; nil if this node was not told. After a failure it is another address, if there is one.
    package func nextAddress(of peer: NodeID) -> String? { addresses.next(of: peer) }

    /// Whether a peer is said to be elsewhere than where it was dialled last.
    package func hasNewAddress(of peer: NodeID) -> Bool { addresses.hasNews(of: peer) }

    /// A dial to `nextAddress` ended in a connection.
    package func reached(_ peer: NodeID) {
        addresses.reached(peer)
        startFlow(to: peer)
    }

    /// It did not.
    package func failedToReach(_ peer: NodeID) { addresses.failed(peer) }

    /// Where a member is reached, as far as this node knows.
    package func address(of other: NodeID) -> String? {
        guard other != node else { return address.isEmpty ? nil : address }
        return addresses.address(of: other)
    }

    /// Whether a change names an address at which another member is reached, as far as this node knows: of the members
    /// of the beginning the log tells no address, so the group cannot see it. The leader alone says so, for a change is
    /// asked of it alone, and others may know less.
    func isAddressInUse(by change: ConfigurationChange, in group: GroupID) -> Bool {
        guard let index = index(of: group), groups[index].isLeading else { return false }
        return groups[index].configurations.latest.locating { address(of: $0) }.isAddressInUse(by: change)
    }
}
