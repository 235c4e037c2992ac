import DecreeClient
import Paxos

/// Where nodes listen, and where they are reached.
extension NodeConfiguration {
    /// Refuses what reaches no other node: of others, whom this one is to reach.
    func judgeAddresses() throws(ConfigurationError) {
        if let listen {
            guard NodeAddress(listen) != nil else {
                throw ConfigurationError(
                    "\"listen\" must be HOST:PORT, such as 0.0.0.0:7001, not \"\(listen)\"")
            }
        }
        for member in nodes where member.id != node {
            guard !member.address.isWildcard else {
                throw ConfigurationError(
                    "node \(member.id)'s host \(member.host) stands for all addresses of a machine, and reaches none: "
                        + "write where the others reach it; where it listens, \"listen\" in its own file says"
                )
            }
            guard !member.address.isLoopback || isOnOneMachine else {
                throw ConfigurationError(
                    "node \(member.id)'s host \(member.host) is each machine itself, and other nodes are elsewhere: "
                        + "write where the others reach it")
            }
        }
    }

    /// Whether all nodes are reached over loopback.
    private var isOnOneMachine: Bool { nodes.allSatisfy { $0.address.isLoopback || $0.address.isWildcard } }

    /// Whether this node's own entry tells the others nothing.
    private var isOwnEntryUseless: Bool {
        guard let own = address?.address else { return true }
        return own.isWildcard || own.isLoopback && !isOnOneMachine
    }

    /// What is legal, and keeps the others from reaching this node.
    var addressWarnings: [String] {
        guard isOwnEntryUseless, nodes.count > 1, let own = address?.address else { return [] }
        return [
            "no node is told that this one is at \(own), for that reaches no other machine: write in \"nodes\" where the "
                + "others reach it; where it listens, \"listen\" says"
        ]
    }

    /// Where this node listens.
    var listening: NodeAddress {
        get throws(NodeError) {
            guard let address else {
                throw .configuration(ConfigurationError("this node is not listed in \"nodes\""))
            }
            return listen.flatMap { NodeAddress($0) } ?? address.address
        }
    }

    /// Where this node tells its peers that it is reached; empty for an address that means nothing elsewhere.
    var announcedAddress: String {
        guard let address, !isOwnEntryUseless else { return "" }
        return address.address.description
    }

    /// Where all nodes of the list are.
    var memberAddresses: [NodeID: String] {
        var addresses: [NodeID: String] = [:]
        for member in nodes { addresses[NodeID(UInt16(member.id))] = member.address.description }
        return addresses
    }
}

extension NodeConfiguration.Member {
    var address: NodeAddress { NodeAddress(host: host, port: port) }
}
