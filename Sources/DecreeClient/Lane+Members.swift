import DecreeWire
import Foundation
import Logging
import NIOCore
import Paxos

/// What a lane asks to find nodes that it was not told of. A client that lives long may see all the nodes it was
/// given leave, one after another.
struct MemberSearch {
    /// Members are asked for after this time at the latest.
    static let period = TimeAmount.seconds(30)
    /// And no more often than this.
    static let pause = TimeAmount.milliseconds(200)
    /// No session gives its attempts such a number: its kind is none of theirs.
    static let id: UInt64 = 3 << 4

    /// Whether a response is to a search, and no session's.
    static func isMeant(by id: UInt64) -> Bool { id == Self.id }

    /// The leader that nobody leads to.
    var wanted: NodeID?
    /// Nothing is asked before.
    var pausedUntil = NIODeadline.uptimeNanoseconds(0)
}

extension Lane {
    /// A node names a leader that no link leads to: it is asked where that one is.
    func lookFor(_ leader: NodeID, askingAt link: Link) {
        search.wanted = leader
        ask(link)
    }

    /// A link is down: perhaps for good, and others have come.
    func lookForMembers() {
        if let link = linkOfNode.min(by: { $0.key < $1.key })?.value { ask(link) }
    }

    /// Members come and go while nobody of them is missed.
    func scheduleSearch() {
        eventLoop.assumeIsolated().scheduleTask(in: MemberSearch.period) { [weak self] in
            guard let self, !self.isClosed else { return }
            self.turn { self.lookForMembers() }
            self.scheduleSearch()
        }
    }

    private func ask(_ link: Link) {
        let now = NIODeadline.now()
        guard !isClosed, now >= search.pausedUntil else { return }
        search.pausedUntil = now + MemberSearch.pause
        // A node that knows no such request has members that do not change.
        link.send(.request(id: MemberSearch.id, group: configuration.group, .admin(.describeLog)))
    }

    /// A node says who belongs to the group.
    func learn(from response: ClientResponse, by link: Link) {
        guard case .admin(.described(let log)) = response else { return }
        let members = log.configuration.members
        for member in members { learn(member.node, at: NodeAddress(member.address)) }
        let addresses = Set(members.compactMap { NodeAddress($0.address) })
        for link in links {
            guard link.node == nil, let node = link.lastNode, log.configuration.isRetired(node),
                !addresses.contains(link.address)
            else { continue }
            forget(link)
        }
        guard let wanted = search.wanted, let member = log.configuration.member(wanted) else { return }
        guard member.address.isEmpty, linkOfNode[wanted] == nil else {
            search.wanted = nil
            return
        }
        // Nodes of the beginning have no address in the log, and the others know them from their own settings.
        link.send(.statusRequest(id: MemberSearch.id))
    }

    func received(status json: [UInt8]) {
        guard let wanted = search.wanted else { return }
        search.wanted = nil
        learn(wanted, at: MemberAddresses(status: json)[wanted, in: configuration.group])
    }

    /// Says why a leader could not be reached, as far as the links know.
    func explained(_ outcome: Outcome) -> Outcome {
        switch outcome {
        case .failed(.deadlinePassed(let obstacle)): .failed(.deadlinePassed(explained(obstacle)))
        case .unknown(.deadlinePassed(let obstacle), let receipt):
            .unknown(.deadlinePassed(explained(obstacle)), receipt)
        default: outcome
        }
    }

    private func explained(_ obstacle: Obstacle) -> Obstacle {
        guard case .leaderUnreachable(let leader, nil) = obstacle else { return obstacle }
        // One that was never reached is known by its address alone, if a node has told it.
        let links = links.filter { $0.node == nil && ($0.lastNode ?? $0.learntNode ?? leader) == leader }
        let reasons = links.compactMap { link in link.trouble.map { "\(link.address): \($0)" } }
        return .leaderUnreachable(leader, reason: reasons.isEmpty ? nil : reasons.joined(separator: "; "))
    }

    private func learn(_ node: NodeID, at address: NodeAddress?) {
        guard !isClosed, let address, linkOfNode[node] == nil,
            !links.contains(where: { $0.address == address }),
            links.count(where: \.isLearnt) < Paxos.Configuration.maximumMembers
        else { return }
        logger.debug("learnt of a node", metadata: ["node": "\(node)", "address": "\(address)"])
        let link = Link(address: address, lane: self, learntNode: node)
        links.append(link)
        link.connect()
    }

    /// The last link is kept: who is left alone asks where it asked before.
    func forget(_ link: Link) {
        guard links.count > 1 else { return }
        links.removeAll { $0 === link }
        link.abandon()
    }
}

/// Where a node's status says the members are. What else it says is for others.
struct MemberAddresses {
    private struct Status: Decodable {
        let groups: [Group]
    }
    private struct Group: Decodable {
        let group: UInt32
        let members: [Member]?
    }
    private struct Member: Decodable {
        let node: UInt16
        let address: String?
    }

    private let groups: [Group]

    /// Nobody, if the status is not understood.
    init(status json: [UInt8]) {
        groups = (try? JSONDecoder().decode(Status.self, from: Data(json)))?.groups ?? []
    }

    subscript(node: NodeID, in group: GroupID) -> NodeAddress? {
        let members = groups.first { $0.group == group.rawValue }?.members ?? []
        return members.first { $0.node == node.rawValue }?.address.flatMap { NodeAddress($0) }
    }
}
