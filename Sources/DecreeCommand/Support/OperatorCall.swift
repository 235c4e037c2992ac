import Decree
import DecreeClient
import Foundation
import Paxos

/// What a command asks of a running cluster, until its time is up.
struct OperatorCall: Sendable {
    let client: DecreeClient
    let nodes: [NodeAddress]
    let end: ContinuousClock.Instant

    private static let pollTime = Duration.milliseconds(50)
    /// In which a leader that was just elected hears from all members that are up.
    private static let electionTime = Duration.seconds(1)

    /// What is left of the time.
    var left: Duration { max(.zero, end - ContinuousClock.now) }

    // MARK: Looking

    /// How the groups stand, ascending: each as its leader sees it, or else the node that has executed most.
    func groups() async throws -> [GroupView] {
        let report = await gather()
        guard report.isAnyReachable else {
            let troubles = report.rows.map { "\($0.address): \($0.trouble)" }
            throw ToolError(
                .unreachable,
                "no node can be reached, and nothing was done: " + troubles.joined(separator: "; "))
        }
        if let mixture = report.mixture { throw ToolError(.usage, mixture) }
        return GroupView.all(in: report)
    }

    /// What the nodes say of themselves, and the leader, though it was not named.
    private func gather() async -> StatusReport {
        let time = min(.seconds(2), max(.milliseconds(100), left))
        let report = await StatusReport.gather(nodes, from: client, within: time)
        let missing = GroupView.all(in: report).compactMap(\.missingLeader).filter { !nodes.contains($0) }
        guard !missing.isEmpty else { return report }
        let more = await StatusReport.gather(Array(Set(missing)), from: client, within: time)
        return StatusReport(rows: report.rows + more.rows)
    }

    /// Looks again and again until a group is as it should be.
    ///
    /// - Returns: how it stands; nil if the time is up.
    func wait(for group: GroupID, until isSo: (GroupView) -> Bool) async throws -> GroupView? {
        repeat {
            if let view = try? await groups().first(where: { $0.group == group }), isSo(view) { return view }
            try await Task.sleep(for: Self.pollTime)
        } while left > .zero
        return nil
    }

    // MARK: Asking

    func ask(
        _ request: AdminRequest, group: GroupID, of address: NodeAddress? = nil
    ) async throws(AdminError) -> AdminResponse {
        try await client.admin(request, group: group, to: address, deadline: left)
    }

    /// Makes a change, when the one before it is in force. A member that votes is promoted already.
    func change(_ change: ConfigurationChange, in group: GroupID) async throws -> ConfigurationOutcome {
        let begin = ContinuousClock.now
        while true {
            do throws(AdminError) {
                guard case .changed(let outcome) = try await ask(.change(change), group: group) else {
                    throw .noAnswer
                }
                return outcome
            } catch {
                if case .promote(let node) = change, error == .changeRefused(.alreadyVoter) {
                    return ConfigurationOutcome(node: node, from: nil)
                }
                let mayPass =
                    switch error {
                    case .changeRefused(.changeInFlight): true
                    case .changeRefused(.wouldLoseQuorum): ContinuousClock.now - begin < Self.electionTime
                    default: false
                    }
                guard mayPass, left > Self.pollTime else { throw error.toolError }
            }
            try await Task.sleep(for: Self.pollTime)
        }
    }
}

extension StatusReport.Row {
    /// Why the node said nothing.
    var trouble: String {
        if case .failure(let silence) = answer { silence.reason } else { "" }
    }
}

/// How a group stands, as one node sees it.
struct GroupView: Sendable {
    let group: GroupID
    /// Whether the node leads: it alone knows how far the others are.
    let isLeaders: Bool
    let leader: NodeID?
    let ballot: [UInt64]
    let chosenThrough: UInt64
    let executedThrough: UInt64
    let members: [NodeStatus.Group.Member]
    /// The slot from which the members are in force, if they are not yet.
    let membersFrom: UInt64?
    /// The cluster's version.
    let version: Int?

    static func all(in report: StatusReport) -> [GroupView] {
        var views: [GroupID: GroupView] = [:]
        for status in report.statuses {
            for group in status.groups {
                guard let view = GroupView(group) else { continue }
                guard let known = views[view.group] else {
                    views[view.group] = view
                    continue
                }
                if view.rank > known.rank { views[view.group] = view }
            }
        }
        return views.values.sorted { $0.group < $1.group }
    }

    private init?(_ status: NodeStatus.Group) {
        guard let group = GroupID(rawValue: status.group) else { return nil }
        self.group = group
        isLeaders = status.role == "leader"
        leader = status.leader.flatMap { UInt16(exactly: $0) }.flatMap(NodeID.init(rawValue:))
        ballot = status.ballot
        chosenThrough = status.chosenThrough
        executedThrough = status.executedThrough
        members = status.members ?? []
        membersFrom = status.membersFrom
        version = status.version
    }

    /// Two nodes may take themselves for the leader: the higher ballot knows better.
    private var rank: (Int, UInt64, UInt64) {
        (isLeaders ? 1 : 0, isLeaders ? ballot.first ?? 0 : 0, executedThrough)
    }

    func member(_ node: NodeID) -> NodeStatus.Group.Member? {
        members.first { $0.node == Int(node.rawValue) }
    }

    func member(at address: NodeAddress) -> NodeStatus.Group.Member? {
        members.first { $0.address == "\(address)" }
    }

    /// Where the leader is, if that is none of the nodes that answered.
    var missingLeader: NodeAddress? {
        isLeaders ? nil : leader.flatMap { member($0)?.address }.flatMap { NodeAddress($0) }
    }
}

extension NodeStatus.Group.Member {
    var id: NodeID? { UInt16(exactly: node).flatMap(NodeID.init(rawValue:)) }

    /// The role in words: "joining for 2".
    var roleText: String { role + (replaces.map { " for \($0)" } ?? "") }
}
