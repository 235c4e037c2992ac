import DecreeNode

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// The connections that others opened to this node, and who may have how many of them: strangers, who have yet to say what
/// they are, cannot keep anybody out, and clients can keep out neither nodes nor operators.
struct Places {
    /// What a connection may be used for.
    enum Admission: Equatable {
        case everything
        /// The clients' places are taken: this one is for an operator, who asks little, and goes.
        case operators
        case refused
    }

    private(set) var all: [ConnectionID: InboundConnection] = [:]
    private var lastID: UInt64 = 0
    /// Those that have not introduced themselves, the oldest first.
    private var strangers: [ConnectionID] = []
    private var clients: Set<ConnectionID> = []

    /// Clients that are served at once.
    let clientLimit: Int
    /// Connections that may have to introduce themselves yet. The oldest is closed for another: those that mean it take
    /// no time, though a thousand clients that lost their leader may all come at once.
    let strangerLimit: Int

    /// Clients served at once where the process may open as many descriptors.
    static let maximumClients = 4_096
    private static let maximumStrangers = 512
    /// Beyond the clients'.
    static let operators = 16
    /// Descriptors for nodes, on both sides of their links, for the store, and for its files.
    private static let ownDescriptors = 192

    /// - Parameter descriptors: how many the process may have open.
    init(descriptors: Int = Places.descriptors()) {
        strangerLimit = max(16, min(Self.maximumStrangers, descriptors / 8))
        let available = descriptors - strangerLimit - Self.operators - Self.ownDescriptors
        clientLimit = max(16, min(Self.maximumClients, available))
    }

    subscript(id: ConnectionID) -> InboundConnection? { all[id] }

    /// Names a connection, and counts it in. Returns the one that is to be closed in its favour, if any.
    mutating func add(_ connection: InboundConnection) -> InboundConnection? {
        all[connection.id] = connection
        strangers.append(connection.id)
        guard strangers.count > strangerLimit else { return nil }
        return all[strangers.removeFirst()]
    }

    mutating func nextID() -> ConnectionID {
        lastID += 1
        return ConnectionID(rawValue: lastID)
    }

    /// It has said that it is a node.
    mutating func admitNode(_ id: ConnectionID) { strangers.removeAll { $0 == id } }

    /// It has said that it is a client.
    mutating func admitClient(_ id: ConnectionID) -> Admission {
        strangers.removeAll { $0 == id }
        guard clients.count < clientLimit + Self.operators else { return .refused }
        clients.insert(id)
        return clients.count > clientLimit ? .operators : .everything
    }

    mutating func remove(_ id: ConnectionID) {
        all[id] = nil
        clients.remove(id)
        strangers.removeAll { $0 == id }
    }

    private static func descriptors() -> Int {
        var limit = rlimit()
        #if canImport(Darwin)
            let resource = RLIMIT_NOFILE
        #else
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #endif
        guard getrlimit(resource, &limit) == 0 else { return 2 * maximumClients }
        return Int(clamping: limit.rlim_cur)
    }
}
