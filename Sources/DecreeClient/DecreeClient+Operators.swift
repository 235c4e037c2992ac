package import DecreeWire
import NIOCore
public import Paxos

/// What operators ask, over connections of its own: of one node, or of whoever leads.
extension DecreeClient {
    /// A node's own account of itself, as JSON.
    public func status(
        of address: NodeAddress, within time: Duration = .seconds(2)
    ) async throws(ClientError) -> [UInt8] {
        let frame = try await ask(.statusRequest(id: ClientFrame.questionID), address, within: time)
        guard case .statusResponse(_, let json)? = frame else {
            throw .unreachable([.init(address: address, reason: "it knows no status")])
        }
        return json
    }

    /// Asks until there is an answer or the deadline passes. Changes and handovers go to the leader, wherever it
    /// is; anything else to the node that is named, or any.
    ///
    /// - Parameters:
    ///   - group: the configuration's if nil.
    ///   - address: whom to ask; whom to ask first, if it is for the leader.
    ///   - deadline: from now; the configuration's if nil.
    /// - Returns: the answer, never `AdminResponse.changeRefused`.
    public func admin(
        _ request: AdminRequest, group: GroupID? = nil, to address: NodeAddress? = nil,
        deadline: Duration? = nil
    ) async throws(AdminError) -> AdminResponse {
        var call = AdminCall(
            request: request, group: group ?? configuration.group, named: address, nodes: configuration.nodes,
            cluster: configuration.cluster, deadline: .now() + TimeAmount(deadline ?? configuration.deadline),
            eventLoop: self.group.next(), conversations: conversations)
        return try await call.run()
    }

    /// What a node that joins must know. Any node tells it.
    package func welcome(
        from address: NodeAddress, within time: Duration = .seconds(5)
    ) async throws(AdminError) -> Welcome {
        let frame: ClientFrame?
        do throws(ClientError) {
            frame = try await ask(.join(id: ClientFrame.questionID), address, within: time)
        } catch {
            throw .unreachable(error)
        }
        guard case .welcome(_, let welcome)? = frame else { throw .outdated(address) }
        return welcome
    }

    private func ask(
        _ question: ClientFrame, _ address: NodeAddress, within time: Duration
    ) async throws(ClientError) -> ClientFrame? {
        let deadline = NIODeadline.now() + TimeAmount(time)
        let conversation = try await Conversation(
            with: address, cluster: configuration.cluster, by: deadline, on: group.next())
        defer { conversation.close() }
        return try await conversation.ask(question, by: deadline)
    }
}
