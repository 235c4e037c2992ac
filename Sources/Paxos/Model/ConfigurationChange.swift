/// An entry that changes who belongs to a group. It is judged when it is executed, by what all replicas know alike,
/// and comes into force `alpha` slots later (invariant ConfigAtSlot).
public enum ConfigurationChange: Hashable, Sendable {
    /// Admits a node as one that does not vote, or learns of it what is not known yet. `node` is its id, or nil
    /// for the next that was never given. Told again for the same store or the same address, it changes nothing.
    case add(node: NodeID?, role: Member.Role, store: StoreID?, address: String)
    /// Makes a member a voter; if it joins in the place of another, that one leaves with the same step.
    case promote(NodeID)
    /// Takes a member out; its id is never given again. Told again, it changes nothing.
    case remove(NodeID)
    /// A member is reached somewhere else from now on.
    case move(NodeID, address: String)
    /// The log may hold the entries of that version from now on. The leader alone says so, when all members understand
    /// them.
    case raise(to: ClusterVersion)
}

extension ConfigurationChange: CustomStringConvertible {
    /// The change in words.
    public var description: String {
        switch self {
        case .add(let node, let role, let store, let address):
            "add \(node.map { "node \($0)" } ?? "a node") at \(address), \(role)"
                + (store.map { ", store \($0)" } ?? "")
        case .promote(let node): "promote node \(node)"
        case .remove(let node): "remove node \(node)"
        case .move(let node, let address): "move node \(node) to \(address)"
        case .raise(let version): "raise the cluster's version to \(version)"
        }
    }
}

extension Member.Role: CustomStringConvertible {
    /// The role in words.
    public var description: String {
        switch self {
        case .voter: "voter"
        case .nonVoter: "non-voter"
        case .joining(nil): "joining"
        case .joining(let replaced?): "joining for node \(replaced)"
        }
    }
}

/// What a change led to.
public struct ConfigurationOutcome: Hashable, Sendable {
    /// Whom it was about; where it was about all members, the first voter.
    public let node: NodeID
    /// The first slot that the changed configuration governs; nil if there was nothing to change.
    public let from: Slot?
    /// An outcome.
    public init(node: NodeID, from: Slot?) {
        self.node = node
        self.from = from
    }
}

/// Why the members do not change. Numbers are never given twice.
public enum ConfigurationRefusal: UInt8, Error, Hashable, Sendable, CaseIterable {
    /// An earlier change is not in force yet.
    case changeInFlight = 1
    /// No member has that id.
    case unknownMember = 2
    /// The id was used before.
    case idUsed = 3
    /// Another member is reached at that address.
    case addressInUse = 4
    /// There are as many voters, or members, as there may be.
    case tooMany = 5
    /// It is the last voter.
    case lastVoter = 6
    /// It votes already.
    case alreadyVoter = 7
    /// With that change, too few of the voters would be up to go on.
    case wouldLoseQuorum = 8
    /// It is too far behind to vote, or was not heard of.
    case notCaughtUp = 9
    /// The address is none, or too long; or the role is none a node starts with.
    case malformed = 10
    /// Another node joins in that one's place.
    case replacementPending = 11
    /// The id is that of what belongs to no member.
    case idReserved = 12
    /// It is a member without a vote, and none takes its place.
    case notVoter = 13
    /// Every id was given once.
    case noIDLeft = 14
}

extension ConfigurationRefusal: CustomStringConvertible {
    /// The reason, and what to do.
    public var description: String {
        switch self {
        case .changeInFlight: "another change is not in force yet: try again in a moment"
        case .unknownMember: "no member has that id: see the list of members"
        case .idUsed: "that id was used before, and is never given again: choose another, or none"
        case .addressInUse: "another member has that address: remove it first, or choose another address"
        case .tooMany: "there are as many voters (9) or members (32) as there may be: remove one first"
        case .lastVoter: "it is the last voter: add another first"
        case .alreadyVoter: "it votes already"
        case .wouldLoseQuorum:
            "too few of the voters that would remain are up: bring them up first, or the cluster could not go on"
        case .notCaughtUp: "it is too far behind, or not heard of: wait until it has caught up"
        case .malformed: "the address must be HOST:PORT of at most 255 bytes"
        case .replacementPending: "another node already joins in its place: remove that one first"
        case .idReserved:
            "that id is reserved for backups: choose one of 1 through \(NodeID.maximumMember), or none"
        case .notVoter: "it does not vote, so nobody takes its place: remove it, and add the other"
        case .noIDLeft: "every id was given once, and none is given again: begin a new cluster from a backup"
        }
    }
}

extension Configuration {
    /// The configuration after `change`, and whom it was about. A pure function: every replica judges alike.
    func applying(
        _ change: ConfigurationChange
    ) throws(ConfigurationRefusal) -> (configuration: Configuration, node: NodeID) {
        switch change {
        case .add(let node, let role, let store, let address): try adding(node, role, store, address)
        case .promote(let node): (try promoting(node), node)
        case .remove(let node): (try removing(node), node)
        case .move(let node, let address): (try moving(node, to: address), node)
        case .raise(let version): (version > self.version ? with(version: version) : self, voters[0])
        }
    }

    private func adding(
        _ wanted: NodeID?, _ role: Member.Role, _ store: StoreID?, _ address: String
    ) throws(ConfigurationRefusal) -> (configuration: Configuration, node: NodeID) {
        try Self.judge(address)
        // Who asks again, for the answer was lost, is the same.
        if let store, let known = members.first(where: { $0.store == store }) { return (self, known.node) }
        // Admitted before it came, and now it has; or the admission itself is told again.
        let atAddress = members.filter { $0.address == address }
        if let known = atAddress.first(where: { $0.store == nil && $0.role != .voter }),
            wanted == nil || wanted == known.node
        {
            guard let store else { return (self, known.node) }
            return (replacing(known.node) { $0.store = store }, known.node)
        }
        // Whoever takes another's place may take its address, too.
        guard atAddress.allSatisfy({ role == .joining(replacing: $0.node) }) else { throw .addressInUse }
        guard members.count < Self.maximumMembers else { throw .tooMany }
        switch role {
        case .voter: throw .malformed
        case .nonVoter, .joining(nil): break
        case .joining(let replaced?):
            guard member(replaced) != nil else { throw .unknownMember }
            guard index(of: replaced) != nil else { throw .notVoter }
            guard !members.contains(where: { $0.role == role }) else { throw .replacementPending }
        }
        if let wanted, member(wanted) != nil || isRetired(wanted) { throw .idUsed }
        guard wanted?.rawValue ?? 0 <= NodeID.maximumMember else { throw .idReserved }
        guard let node = wanted ?? nextID else { throw .noIDLeft }
        let member = Member(node: node, role: role, store: store, address: address)
        return (with(members: members + [member], retired: retired), node)
    }

    /// The id for whoever asks for none: above all that were given, so that ids tell who came later; when somebody chose
    /// the highest, the lowest that was never given.
    private var nextID: NodeID? {
        let highest = max(members.last?.node.rawValue ?? 0, retired.last?.rawValue ?? 0)
        if highest < NodeID.maximumMember { return NodeID(highest + 1) }
        var free: UInt16 = 1
        for given in (members.map(\.node) + retired).sorted() {
            guard given.rawValue == free else { break }
            free += 1
        }
        return free <= NodeID.maximumMember ? NodeID(free) : nil
    }

    private func promoting(_ node: NodeID) throws(ConfigurationRefusal) -> Configuration {
        guard let member = member(node) else { throw .unknownMember }
        guard member.role != .voter else { throw .alreadyVoter }
        var left: NodeID?
        if case .joining(let replaced?) = member.role, index(of: replaced) != nil { left = replaced }
        // Counted before, for a configuration of too many is none.
        guard left != nil || voters.count < Self.maximumVoters else { throw .tooMany }
        let promoted = members.filter { $0.node != left }.map { member in
            guard member.node == node else { return member }
            var member = member
            member.role = .voter
            return member
        }
        return with(members: promoted, retired: left.map { retired + [$0] } ?? retired)
    }

    private func removing(_ node: NodeID) throws(ConfigurationRefusal) -> Configuration {
        if isRetired(node) { return self }
        guard member(node) != nil else { throw .unknownMember }
        guard voters != [node] else { throw .lastVoter }
        let left = members.filter { $0.node != node }.map { member in
            // Whoever was to come in its place comes all the same.
            guard member.role == .joining(replacing: node) else { return member }
            var member = member
            member.role = .joining(replacing: nil)
            return member
        }
        return with(members: left, retired: retired + [node])
    }

    private func moving(_ node: NodeID, to address: String) throws(ConfigurationRefusal) -> Configuration {
        try Self.judge(address)
        guard let member = member(node) else { throw .unknownMember }
        guard member.address != address else { return self }
        guard !members.contains(where: { $0.address == address }) else { throw .addressInUse }
        return replacing(node) { $0.address = address }
    }

    /// Whether another member is reached where `change` says that its node is.
    package func isAddressInUse(by change: ConfigurationChange) -> Bool {
        do throws(ConfigurationRefusal) {
            _ = try applying(change)
            return false
        } catch {
            return error == .addressInUse
        }
    }

    private static func judge(_ address: String) throws(ConfigurationRefusal) {
        guard address.utf8.count <= Member.maximumAddressBytes, let colon = address.lastIndex(of: ":"),
            colon > address.startIndex,
            UInt16(address[address.index(after: colon)...]).map({ $0 > 0 }) ?? false
        else { throw .malformed }
    }

    private func replacing(_ node: NodeID, _ change: (inout Member) -> Void) -> Configuration {
        with(members: members(changing: node, change), retired: retired)
    }

    private func members(changing node: NodeID, _ change: (inout Member) -> Void) -> [Member] {
        members.map { member in
            guard member.node == node else { return member }
            var member = member
            change(&member)
            return member
        }
    }
}
