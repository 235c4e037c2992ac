import DecreeWire
import Logging
import Paxos

extension Lane {
    /// Why a node cannot be used, if it belongs to another cluster than the nodes that are in use. A cluster that was
    /// restored or recovered has the name of the one before, and names its sessions alike; what it was created with
    /// tells the two apart. While a node of the known one is connected, the other is a stranger. Once none is, the
    /// lane goes over to the other, and takes no session along.
    func estrangement(of identity: NodeIdentity) -> String? {
        guard let genesis else {
            genesis = identity.genesis
            turn { withEachSession { client, _, _ in client.log = log } }
            return nil
        }
        guard identity.genesis != genesis else { return nil }
        guard linkOfNode.isEmpty else {
            return
                "it belongs to another cluster of that name: it was created as \(identity.genesis), and that of the "
                + "nodes in use as \(genesis); check the addresses"
        }
        goOver(to: identity)
        return nil
    }

    /// The log that sessions are of.
    var log: LogID? { genesis.map { LogID(genesis: $0, group: configuration.group) } }

    private func goOver(to identity: NodeIdentity) {
        logger.warning(
            "another cluster of that name stands here now: sessions begin anew",
            metadata: ["cluster": "\(identity.cluster)", "genesis": "\(identity.genesis)"])
        genesis = identity.genesis
        // What is known of nodes is known of those of the cluster before.
        search.wanted = nil
        for link in links { link.forgetNode() }
        turn { withEachSession { client, _, actions in client.clusterReplaced(by: log, into: &actions) } }
    }
}
