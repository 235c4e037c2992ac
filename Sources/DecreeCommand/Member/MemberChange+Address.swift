import Decree
import DecreeClient
import Foundation
import Paxos

/// Addresses that no change may name.
extension MemberChange {
    /// Refuses an address that the others cannot reach, or at which another node answers already, which may have another
    /// name in the log.
    ///
    /// - Parameter node: who is to be reached there, if it has an id.
    func judge(_ address: NodeAddress, of node: NodeID? = nil) async throws {
        guard !address.isWildcard else {
            throw ToolError(
                .usage, "\(address) stands for all addresses of a machine, and reaches none: name one of them"
            )
        }
        let members = groups.flatMap(\.members)
        let others = members.filter { $0.id != node }.compactMap { $0.address.flatMap { NodeAddress($0) } }
        if address.isLoopback, let other = others.first(where: { !$0.isLoopback }) {
            throw ToolError(
                .usage,
                "\(address) is each machine itself, and another member is at \(other): name an address at which the "
                    + "others reach the node")
        }
        guard !members.contains(where: { $0.address == "\(address)" }),
            let json = try? await call.client.status(of: address, within: min(.seconds(1), call.left)),
            let status = try? JSONDecoder().decode(NodeStatus.self, from: Data(json)),
            status.node != node.map({ Int($0.rawValue) })
        else { return }
        throw ToolError(
            .checkFailed,
            "refused: node \(status.node) of cluster \"\(status.cluster)\" answers at \(address): name an address of the "
                + "node's own")
    }
}
