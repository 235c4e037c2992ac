package import DecreeStore
package import DecreeWire
package import Paxos

/// What a cluster is to be founded with, the same on all nodes that found it but for who is asked.
package struct FoundingPlan: Hashable, Sendable {
    /// The cluster's name.
    package let cluster: String
    /// This node.
    package let node: NodeID
    /// All that are to found it, ascending.
    package let nodes: [FoundingClaim.Listed]
    /// The digest of what the cluster is to be created with.
    package let list: Digest

    /// A plan.
    package init(cluster: String, node: NodeID, nodes: [FoundingClaim.Listed], groups: [StoreGroup]) {
        self.cluster = cluster
        self.node = node
        self.nodes = nodes.sorted { $0.node < $1.node }
        list = StoreGroup.list(groups, of: cluster)
    }

    /// Where a node stands in the list; nil for others.
    func place(of node: NodeID) -> Int? { nodes.firstIndex { $0.node == node } }

    /// Where a node is reached; empty for others.
    package func address(of node: NodeID) -> String { nodes.first { $0.node == node }?.address ?? "" }

    /// How another's list differs from this one.
    func difference(from claim: FoundingClaim) -> String {
        let (theirs, ours) = (claim.nodes.map(\.node), nodes.map(\.node))
        guard theirs == ours else {
            return "its \"nodes\" lists \(Self.words(theirs)), and this node's lists \(Self.words(ours))"
        }
        return "it lists the same nodes, and runs another state machine, or other groups"
    }

    /// Where another's list says that nodes are reached elsewhere. That keeps no node from founding, for ids are what a
    /// cluster is created with, and is seldom meant.
    package func otherAddresses(in claim: FoundingClaim) -> [String] {
        guard claim.list == list else { return [] }
        // A node that listens at all addresses of its machine names none for itself.
        return claim.nodes.filter {
            let own = address(of: $0.node)
            return $0.address != own && !$0.address.isEmpty && !own.isEmpty
        }.map {
            "node \(claim.node) lists node \($0.node) at \($0.address), and this node at \(address(of: $0.node))"
        }
    }

    private static func words(_ nodes: [NodeID]) -> String {
        nodes.isEmpty ? "none" : nodes.map(\.description).joined(separator: ", ")
    }
}

/// Why a node must not found a cluster: it exists already.
package struct FoundingRefusal: Hashable, Sendable {
    /// The cluster's name.
    package let cluster: String
    /// The node whose directory is empty.
    package let node: NodeID
    /// A node that belongs to the cluster.
    package let member: NodeID
    /// Where that was reached.
    package let address: String
    /// What that knows of the empty one.
    package let standing: FoundingClaim.Standing

    /// A refusal.
    package init(
        cluster: String, node: NodeID, member: NodeID, address: String, standing: FoundingClaim.Standing
    ) {
        self.cluster = cluster
        self.node = node
        self.member = member
        self.address = address
        self.standing = standing
    }

    /// Whether the node is a member whose store is not there.
    package var isMember: Bool { standing == .member }

    /// What is wrong, and what to do.
    ///
    /// - Parameter directory: the node's, which is empty.
    package func description(of directory: String) -> String {
        let place = address.isEmpty ? "" : " at \(address)"
        guard isMember else {
            return "cluster \"\(cluster)\" exists already: node \(member)\(place) belongs to it, and "
                + (standing == .removed
                    ? "node \(node) was removed from it, and its id is never given again"
                    : "its log knows no node \(node)")
                + ". A node comes into a cluster that exists with `decree node --join "
                + "\(address.isEmpty ? "HOST:PORT" : address) --listen HOST:PORT --data-directory DIR`, and no file"
        }
        return
            "node \(node) is a member of cluster \"\(cluster)\", as node \(member)\(place) says, and \(directory) "
            + "holds no store. If its disk is not mounted, mount it. If the store is lost, a node that lost its disk joins "
            + "again under a new id: run `decree member replace \(node) HOST:PORT --nodes …`, then start the node with an "
            + "empty directory and `decree node --join HOST:PORT`"
    }
}
