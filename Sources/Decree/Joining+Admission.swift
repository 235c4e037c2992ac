import DecreeClient
import DecreeStore
import DecreeWire
import Foundation
import Logging
import Paxos

/// Asking in.
extension Joining {
    func welcome(_ client: DecreeClient) async throws(NodeError) -> Welcome {
        var reasons: [String] = []
        var isAnyBeyondReach = false
        for address in cluster {
            do throws(AdminError) {
                return try await client.welcome(from: address)
            } catch {
                reasons.append("\(error)")
                if case .unavailable = Refusal(error) { isAnyBeyondReach = true }
            }
        }
        let reason = reasons.joined(separator: "; ")
        throw isAnyBeyondReach ? .clusterUnavailable(reason) : .notAdmitted(reason)
    }

    private var role: Member.Role {
        guard isVoter else { return .nonVoter }
        return .joining(replacing: replaced.flatMap { UInt16(exactly: $0) }.flatMap(NodeID.init(rawValue:)))
    }

    private func change(as id: NodeID?, _ name: StoreID) -> ConfigurationChange {
        .add(node: id, role: role, store: name, address: "\(address)")
    }

    /// Looks whether another member is reached at this node's address, before it asks in: of the members of the beginning
    /// the log tells no address, and the nodes that do know it may be of an earlier version.
    func judgeAddress(_ client: DecreeClient, _ group: GroupID, _ name: StoreID) async throws(NodeError) {
        let members = try await describe(client, group).configuration
        let elsewhere = members.members.compactMap { NodeAddress($0.address) }.filter { !$0.isLoopback }
        if address.isLoopback, let other = elsewhere.first {
            throw NodeError.configuration(
                ConfigurationError(
                    "the others cannot reach this node at \(address), for one of them is at \(other): "
                        + "say with --advertise HOST:PORT where they reach it"))
        }
        try await lookForAnother(client)
        guard members.isAddressInUse(by: change(as: nil, name)) else { return }
        throw addressInUse(members)
    }

    /// Looks whether another node answers at the address that the others would be told, which may have another name in
    /// the log: the joining node does not listen yet.
    private func lookForAnother(_ client: DecreeClient) async throws(NodeError) {
        guard let json = try? await client.status(of: address, within: .seconds(1)),
            let status = try? JSONDecoder().decode(NodeStatus.self, from: Data(json))
        else { return }
        throw .notAdmitted(
            "node \(status.node) of cluster \"\(status.cluster)\" answers at \(address): let this node listen at an address "
                + "of its own, and name that with --advertise if the others reach it elsewhere")
    }

    func admit(
        _ client: DecreeClient, _ group: GroupID, as id: NodeID?, _ name: StoreID
    ) async throws(NodeError) -> NodeID {
        do throws(AdminError) {
            return try await ask(client, change(as: id, name), group)
        } catch {
            if error == .changeRefused(.addressInUse),
                let members = try? await describe(client, group).configuration
            {
                throw addressInUse(members, isSinceAsked: true)
            }
            throw NodeError(error)
        }
    }

    /// Asks until it is admitted, refused, or the time is up. Asking again is harmless: it is the same node by its name.
    /// Each attempt has a time of its own, so that what keeps it waiting is told at once, and in the end as it is then.
    private func ask(
        _ client: DecreeClient, _ change: ConfigurationChange, _ group: GroupID
    ) async throws(AdminError) -> NodeID {
        let end = ContinuousClock.now + deadline
        var patience = Duration.seconds(1)
        var told: AdminError?
        while true {
            let refusal: AdminError
            do throws(AdminError) {
                let answer = try await client.admin(
                    .change(change), group: group, deadline: min(patience, end - .now))
                guard case .changed(let outcome) = answer else { throw .noAnswer }
                return outcome.node
            } catch {
                refusal = error
            }
            guard case .unavailable = Refusal(refusal), !Task.isCancelled, end - .now > Self.leastTime else {
                throw refusal
            }
            if refusal != told {
                logger.info("not admitted yet, and it goes on asking: \(refusal)")
                told = refusal
            }
            // One change at a time: another has to come into force first.
            if case .changeRefused = refusal { try? await Task.sleep(for: Self.leastTime) }
            patience *= 2
        }
    }

    /// There is no point in asking for less.
    private static var leastTime: Duration { .milliseconds(100) }

    /// How the log stands, with the members where the node that is asked knows them.
    func describe(_ client: DecreeClient, _ group: GroupID?) async throws(NodeError) -> LogDescription {
        do throws(AdminError) {
            let answer = try await client.admin(.describeLog, group: group, deadline: deadline)
            guard case .described(let log) = answer else { throw .noAnswer }
            return log
        } catch {
            throw NodeError(error)
        }
    }

    // MARK: Refusals

    /// - Parameter isSinceAsked: whether no member was there a moment ago: then it is none that lost its disk.
    func addressInUse(_ members: Configuration, isSinceAsked: Bool = false) -> NodeError {
        let others = members.members.filter { $0.address == "\(address)" }
        guard let other = others.first(where: { Int($0.node.rawValue) != replaced }) else {
            return .notAdmitted("\(ConfigurationRefusal.addressInUse)")
        }
        if isSinceAsked {
            return .notAdmitted(
                "another node, node \(other.node), has just been admitted at \(address): let this node listen at an "
                    + "address of its own")
        }
        guard other.store == nil else {
            return .fenced(
                "node \(other.node) of this address was known with another store. If this node was never node "
                    + "\(other.node), another has joined there: let this one listen at an address of its own. Otherwise: "
                    + Self.replacement(of: "\(other.node)"))
        }
        return .notAdmitted(
            "node \(other.node) is reached at \(address): let this node listen at an address of its own, or, if it is to "
                + "take the place of node \(other.node), join with `--replace \(other.node)`")
    }

    /// How a node whose store is lost comes back.
    static func replacement(of lost: String) -> String {
        "a node that lost its disk joins again under a new id: run `decree member replace \(lost) HOST:PORT --nodes …`, "
            + "then start the node with an empty directory and `decree node --join HOST:PORT --replace \(lost)`, "
            + "listening at a new address"
    }

    // MARK: What it was admitted as

    /// An operator may have admitted it before it asked, and then that counts. Returns what was asked for in vain, and
    /// what it is instead; nil if it is what was asked for, or nothing was.
    func otherAdmission(of id: NodeID, in members: Configuration) -> String? {
        guard let admitted = members.member(id)?.role, admitted != role else { return nil }
        let wanted = isVoter ? replaced.map { "--replace \($0)" } : "--non-voter"
        guard let wanted,
            replaced.map({ id in members.members.contains { Int($0.node.rawValue) == id } }) ?? true
        else { return nil }
        let place =
            switch admitted {
            case .voter, .joining(replacing: nil): "to vote"
            case .joining(let replaced?): "to take the place of node \(replaced)"
            case .nonVoter: "to learn, and not to vote"
            }
        return
            "this node was admitted before \(place), and that counts, not \(wanted). If it is not meant, stop "
            + "this node, run `decree member remove \(id) --nodes …`, and join with an empty directory"
    }

    // MARK: Settings

    /// Takes its snapshots when the others do, and has their patience: one that waited less for a leader would want
    /// to lead too soon.
    func adoptSettings(_ client: DecreeClient, _ configuration: inout NodeConfiguration) async {
        for address in cluster {
            guard let json = try? await client.status(of: address),
                let status = try? JSONDecoder().decode(NodeStatus.self, from: Data(json))
            else { continue }
            configuration.snapshotMebibytes = status.snapshotMebibytes ?? configuration.snapshotMebibytes
            configuration.snapshotCommands = status.snapshotCommands ?? configuration.snapshotCommands
            configuration.heartbeatMilliseconds =
                status.heartbeatMilliseconds ?? configuration.heartbeatMilliseconds
            configuration.electionTimeoutMilliseconds =
                status.electionTimeoutMilliseconds ?? configuration.electionTimeoutMilliseconds
            return
        }
    }
}

/// What it means that the cluster did not take a node in.
private enum Refusal {
    /// It may be so now, and not a moment later.
    case unavailable
    case forGood

    init(_ error: AdminError) {
        self =
            switch error {
            case .changeRefused(.changeInFlight), .noLeader, .busy, .noAnswer, .unreachable: .unavailable
            case .changeRefused, .refused, .outdated: .forGood
            }
    }
}

extension NodeError {
    fileprivate init(_ error: AdminError) {
        self =
            switch Refusal(error) {
            case .unavailable: .clusterUnavailable("\(error)")
            case .forGood: .notAdmitted("\(error)")
            }
    }
}
