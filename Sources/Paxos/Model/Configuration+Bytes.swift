/// A configuration as bytes, the same on every node: stored, sent with snapshots, and digested into the cluster's
/// genesis. A configuration of nothing but ids has the first format, which is what clusters were created with
/// before members could change; that of a cluster restored from a backup has the third; all others have the second.
/// These three are of version 1, and say so by saying nothing. From the next version on all have the fourth.
extension Configuration {
    private enum Format {
        static let ids: UInt8 = 1
        static let members: UInt8 = 2
        /// As `members`, then the origin.
        static let restored: UInt8 = 3
        /// As `members`, then whether there is an origin, the origin, and the version.
        static let versioned: UInt8 = 4
    }

    private var format: UInt8 {
        if version > .first { return Format.versioned }
        if origin != nil { return Format.restored }
        return retired.isEmpty && members.allSatisfy(\.isPlain) ? Format.ids : Format.members
    }

    /// The bytes.
    public var bytes: [UInt8] {
        let format = format
        let isPlain = format == Format.ids
        var bytes: [UInt8] = [format]
        bytes.appendInteger(alpha)
        bytes.appendInteger(sessionLimit)
        bytes.appendInteger(sessionWindow)
        bytes.appendInteger(replyBytes)
        bytes.appendInteger(UInt16(members.count))
        for member in members {
            bytes.appendInteger(member.node.rawValue)
            if !isPlain { member.appendDetails(to: &bytes) }
        }
        guard !isPlain else { return bytes }
        bytes.appendInteger(UInt16(retired.count))
        for node in retired { bytes.appendInteger(node.rawValue) }
        if format == Format.versioned { bytes.append(origin == nil ? 0 : 1) }
        if let origin { bytes.appendInteger(origin.rawValue) }
        if format == Format.versioned { bytes.appendInteger(version.rawValue) }
        return bytes
    }

    /// Reads what `bytes` wrote; nil for anything else, also if it says the same: equal configurations are equal
    /// bytes, for they are digested.
    public init?(bytes: [UInt8]) {
        var reader = ByteReader(bytes[...])
        guard let format = reader.readInteger(UInt8.self), (Format.ids...Format.versioned).contains(format),
            let alpha = reader.readInteger(UInt32.self), alpha > 0,
            let sessionLimit = reader.readInteger(UInt32.self), sessionLimit > 0,
            let sessionWindow = reader.readInteger(UInt32.self), sessionWindow > 0,
            let replyBytes = reader.readInteger(UInt64.self), replyBytes > 0,
            let count = reader.readInteger(UInt16.self), (1...Self.maximumMembers).contains(Int(count))
        else { return nil }
        var members: [Member] = []
        for _ in 0..<count {
            guard let node = Self.node(&reader), members.last.map({ $0.node < node }) ?? true else {
                return nil
            }
            guard format != Format.ids else {
                members.append(Member(node: node))
                continue
            }
            guard let details = Member.Details(from: &reader) else { return nil }
            members.append(
                Member(node: node, role: details.role, store: details.store, address: details.address))
        }
        var retired: [NodeID] = []
        if format != Format.ids {
            guard let count = reader.readInteger(UInt16.self) else { return nil }
            for _ in 0..<count {
                guard let node = Self.node(&reader), retired.last.map({ $0 < node }) ?? true else {
                    return nil
                }
                retired.append(node)
            }
        }
        guard let hasOrigin = Self.hasOrigin(format, &reader) else { return nil }
        var origin: Digest?
        if hasOrigin {
            guard let digest = reader.readInteger(UInt64.self) else { return nil }
            origin = Digest(rawValue: digest)
        }
        var version = ClusterVersion.first
        if format == Format.versioned {
            guard let told = reader.readInteger(UInt16.self).flatMap(ClusterVersion.init(rawValue:)),
                told > .first
            else { return nil }
            version = told
        }
        let voters = members.count { $0.role == .voter }
        guard reader.isAtEnd, (1...Self.maximumVoters).contains(voters),
            !members.contains(where: { retired.contains($0.node) }),
            format != Format.members || !retired.isEmpty || !members.allSatisfy(\.isPlain)
        else { return nil }
        self.init(
            members: members, retired: retired, alpha: alpha, sessionLimit: sessionLimit,
            sessionWindow: sessionWindow, replyBytes: replyBytes, origin: origin, version: version)
    }

    private static func hasOrigin(_ format: UInt8, _ reader: inout ByteReader) -> Bool? {
        guard format == Format.versioned else { return format == Format.restored }
        switch reader.readInteger(UInt8.self) {
        case 0: return false
        case 1: return true
        default: return nil
        }
    }

    private static func node(_ reader: inout ByteReader) -> NodeID? {
        reader.readInteger(UInt16.self).flatMap(NodeID.init(rawValue:))
    }
}

extension Member {
    /// What is known of a member beside its id: role, store and address.
    struct Details {
        let role: Role
        let store: StoreID?
        let address: String
    }

    func appendDetails(to bytes: inout [UInt8]) {
        Details(role: role, store: store, address: address).append(to: &bytes)
    }
}

extension Member.Details {
    private enum RoleByte {
        static let voter: UInt8 = 0
        static let nonVoter: UInt8 = 1
        static let joining: UInt8 = 2
    }

    func append(to bytes: inout [UInt8]) {
        switch role {
        case .voter: bytes.append(RoleByte.voter)
        case .nonVoter: bytes.append(RoleByte.nonVoter)
        case .joining(let replaced):
            bytes.append(RoleByte.joining)
            bytes.appendInteger(replaced?.rawValue ?? 0)
        }
        bytes.append(store == nil ? 0 : 1)
        if let store { bytes.appendInteger(store.rawValue) }
        bytes.appendAddress(address)
    }

    init?(from reader: inout ByteReader) {
        switch reader.readInteger(UInt8.self) {
        case RoleByte.voter: role = .voter
        case RoleByte.nonVoter: role = .nonVoter
        case RoleByte.joining:
            guard let replaced = reader.readInteger(UInt16.self) else { return nil }
            if replaced == 0 {
                role = .joining(replacing: nil)
            } else {
                guard let replaced = NodeID(rawValue: replaced) else { return nil }
                role = .joining(replacing: replaced)
            }
        default: return nil
        }
        switch reader.readInteger(UInt8.self) {
        case 0: store = nil
        case 1:
            guard let raw = reader.readInteger(UInt64.self), raw >> 63 == 0 else { return nil }
            store = StoreID(rawValue: raw)
        default: return nil
        }
        guard let address = reader.readAddress() else { return nil }
        self.address = address
    }
}

extension Array where Element == UInt8 {
    mutating func appendAddress(_ address: String) {
        appendInteger(UInt16(address.utf8.count))
        append(contentsOf: address.utf8)
    }
}

extension ByteReader {
    mutating func readAddress() -> String? {
        guard let length = readInteger(UInt16.self), length <= Member.maximumAddressBytes,
            let address = readBytes(Int(length))
        else { return nil }
        return String(validating: address, as: UTF8.self)
    }
}

/// A change as bytes: in the log, and on its way there. Kind (0 add, 1 promote, 2 remove, 3 move, 4 raise), the node (0
/// for the next one) or the version, then what the kind needs.
extension ConfigurationChange {
    private enum Kind {
        static let add: UInt8 = 0
        static let promote: UInt8 = 1
        static let remove: UInt8 = 2
        static let move: UInt8 = 3
        static let raise: UInt8 = 4
    }

    /// Appends the change.
    package func append(to bytes: inout [UInt8]) {
        switch self {
        case .add(let node, let role, let store, let address):
            bytes.append(Kind.add)
            bytes.appendInteger(node?.rawValue ?? 0)
            Member.Details(role: role, store: store, address: address).append(to: &bytes)
        case .promote(let node):
            bytes.append(Kind.promote)
            bytes.appendInteger(node.rawValue)
        case .remove(let node):
            bytes.append(Kind.remove)
            bytes.appendInteger(node.rawValue)
        case .move(let node, let address):
            bytes.append(Kind.move)
            bytes.appendInteger(node.rawValue)
            bytes.appendAddress(address)
        case .raise(let version):
            bytes.append(Kind.raise)
            bytes.appendInteger(version.rawValue)
        }
    }

    /// Reads what `append` wrote; nil for anything else.
    package init?(from reader: inout ByteReader) {
        guard let kind = reader.readInteger(UInt8.self), let raw = reader.readInteger(UInt16.self) else {
            return nil
        }
        let node = NodeID(rawValue: raw)
        if kind == Kind.add {
            guard raw == 0 || node != nil, let details = Member.Details(from: &reader) else { return nil }
            self = .add(node: node, role: details.role, store: details.store, address: details.address)
            return
        }
        if kind == Kind.raise {
            // There is no raise to what a log begins with.
            guard let version = ClusterVersion(rawValue: raw), version > .first else { return nil }
            self = .raise(to: version)
            return
        }
        guard let node else { return nil }
        switch kind {
        case Kind.promote: self = .promote(node)
        case Kind.remove: self = .remove(node)
        case Kind.move:
            guard let address = reader.readAddress() else { return nil }
            self = .move(node, address: address)
        default: return nil
        }
    }
}
