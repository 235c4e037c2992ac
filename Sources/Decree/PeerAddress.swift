import Paxos

/// Where a node is reached.
struct PeerAddress: Hashable, CustomStringConvertible {
    let host: String
    let port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads "host:port"; nil for anything else.
    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), colon > text.startIndex,
            let port = UInt16(text[text.index(after: colon)...]), port > 0
        else { return nil }
        var host = String(text[..<colon])
        // An IPv6 address stands in brackets.
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        self.init(host: host, port: Int(port))
    }

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// Where the other nodes are reached. A node says itself where it is when it connects; before that, this node's own
/// configuration counts, and then what the members' configuration says.
struct AddressBook {
    private var told: [NodeID: PeerAddress] = [:]
    private var configured: [NodeID: PeerAddress] = [:]

    init(_ configuration: NodeConfiguration) {
        for member in configuration.nodes {
            configured[NodeID(UInt16(member.id))] = PeerAddress(host: member.host, port: member.port)
        }
    }

    /// A node has said where it is reached.
    mutating func note(_ node: NodeID, at address: String) {
        if let address = PeerAddress(address) { told[node] = address }
    }

    func address(of node: NodeID, member: Member?) -> PeerAddress? {
        told[node] ?? configured[node] ?? member.flatMap { PeerAddress($0.address) }
    }
}
