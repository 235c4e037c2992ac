import DecreeClient
import Paxos

/// Where the other nodes are reached. A node says itself where it is when it connects; before that, this node's own
/// configuration counts, and then what the members' configuration says.
struct AddressBook {
    private var told: [NodeID: NodeAddress] = [:]
    private var configured: [NodeID: NodeAddress] = [:]

    init(_ configuration: NodeConfiguration) {
        for member in configuration.nodes {
            configured[NodeID(UInt16(member.id))] = NodeAddress(host: member.host, port: member.port)
        }
    }

    /// A node has said where it is reached.
    mutating func note(_ node: NodeID, at address: String) {
        if let address = NodeAddress(address) { told[node] = address }
    }

    func address(of node: NodeID, member: Member?) -> NodeAddress? {
        told[node] ?? configured[node] ?? member.flatMap { NodeAddress($0.address) }
    }
}
