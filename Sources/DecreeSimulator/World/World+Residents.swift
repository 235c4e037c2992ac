import DecreeNode
import DecreeWire
import NIOCore
import Paxos

/// Clients within a node's process: they ask their own node without a connection, and another over the link that the node
/// has dialled to it. They come with the process, and end with it.
extension World {
    private func residents(of node: SimulatedNode) -> [SimulatedClient] {
        clients.filter { $0.home == node.index }
    }

    /// The node runs: the client that lives in its process comes.
    func startResidents(of node: SimulatedNode) {
        for client in residents(of: node) {
            plan(.clientStarts(client: client.number), in: VirtualTime.millisecond)
        }
    }

    /// The process is gone, and all that was asked within it.
    func endResidents(of node: SimulatedNode) {
        for client in residents(of: node) where client.isUp { client.vanish(self) }
    }

    /// Tells a client within a process to which nodes its own has a link now, and to which no more: with every tick, as a
    /// server does.
    func reviewLinks(of client: SimulatedClient, in node: SimulatedNode) {
        for other in nodes where other !== node && other.identity != nil {
            let isUp = node.links[other.index].isUp
            guard isUp != client.links[other.index].isUp else { continue }
            client.links[other.index].state = isUp ? .up(life: other.life) : .down
            if isUp {
                client.connected(other.id, world: self)
            } else {
                client.disconnected(other.id, world: self)
            }
        }
    }

    /// A request from within a process. Returns false if the node that is asked does not know it.
    func send(
        _ request: ClientRequest, _ id: RequestID, isRelayed: Bool, of client: SimulatedClient,
        in node: SimulatedNode, to target: NodeID
    ) -> Bool {
        guard target != node.id else {
            node.take(request, id: id, of: client)
            return true
        }
        guard let place = place(of: target), let group = hostedGroups.firstIndex(of: client.group) else {
            return true
        }
        let forwarded = ForwardedID(place: group, request: id).rawValue
        let frame =
            isRelayed
            ? ClientFrame.relay(id: forwarded, group: client.group, request)
            : ClientFrame.request(id: forwarded, group: client.group, request)
        return send(frame, from: node, to: place) != .unknownToPeer
    }

    /// A request over the link that a node has dialled.
    func send(_ frame: ClientFrame, from node: SimulatedNode, to place: Int) -> RequestSending {
        guard node.links[place].isUp else { return .unreachable }
        var bytes = ByteBufferAllocator().buffer(capacity: 128)
        do throws(WireError) {
            guard try frame.write(version: node.links[place].version, into: &bytes) else {
                return .unknownToPeer
            }
        } catch {
            violate(.invariant, "a request cannot be encoded: \(error)")
        }
        send(bytes, from: node.index, to: place, isRequest: true)
        return .sent
    }

    /// What a peer answers to a client within this node's process, over the link that the node dialled.
    func tellResident(
        _ response: ClientResponse, _ forwarded: ForwardedID, from peer: Endpoint, in node: SimulatedNode
    ) {
        guard !forwarded.isRelayed else {
            node.core?.relayed(response, forwarded, from: nodes[peer].id)
            return
        }
        guard hostedGroups.indices.contains(forwarded.place) else { return }
        for client in residents(of: node) where client.group == hostedGroups[forwarded.place] {
            client.receive(response, to: forwarded.request, from: nodes[peer].id, world: self)
        }
    }
}
