import Dispatch
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Why a name led to no address, in words.
enum LookupError: Error, Equatable, CustomStringConvertible {
    /// The name server, or the system, says so.
    case failed(String)
    /// No answer has come in time.
    case silent
    /// As many other names are being looked up as may be.
    case tooMany

    var description: String {
        switch self {
        case .failed(let reason): "its name cannot be resolved: \(reason)"
        case .silent: "its name cannot be resolved: the name server does not answer"
        case .tooMany: "its name cannot be resolved: too many other names are being looked up"
        }
    }
}

/// Looks up host names beside the event loops, each name at most once at a time: a name server that is silent holds up
/// those who ask for its names alone. `getaddrinfo` cannot be called off, so the thread that asks is left to its patience; those
/// who ask for the name meanwhile wait with it, or give up.
final class NameLookups: Sendable {
    typealias Outcome = Result<[SocketAddress], LookupError>

    /// Those of this process.
    static let shared = NameLookups(asking: askSystem)

    /// Names that may be asked for at once: each takes a thread.
    static let limit = 64
    /// Addresses of a name that are tried; there may be more.
    private static let addressLimit = 16

    private let ask: @Sendable (String) -> Outcome
    private let waiting = NIOLockedValueBox<[String: [@Sendable (Outcome) -> Void]]>([:])

    init(asking ask: @escaping @Sendable (String) -> Outcome) { self.ask = ask }

    /// Tells the addresses of a host: at once for an IP address, else on whatever thread has found them. Their ports are 0.
    func find(_ host: String, then tell: @escaping @Sendable (Outcome) -> Void) {
        if let address = try? SocketAddress(ipAddress: host, port: 0) { return tell(.success([address])) }
        let isFirst: Bool? = waiting.withLockedValue { waiting in
            if waiting[host] == nil, waiting.count >= Self.limit { return nil }
            waiting[host, default: []].append(tell)
            return waiting[host]?.count == 1
        }
        guard let isFirst else { return tell(.failure(.tooMany)) }
        guard isFirst else { return }
        // A queue of its own has a thread of its own.
        DispatchQueue(label: "decree-lookup").async { [self] in
            let outcome = ask(host)
            let all = waiting.withLockedValue { $0.removeValue(forKey: host) ?? [] }
            for tell in all { tell(outcome) }
        }
    }

    @Sendable private static func askSystem(_ host: String) -> Outcome {
        var hints = addrinfo()
        #if canImport(Glibc)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else { return .failure(.failed(String(cString: gai_strerror(code)))) }
        defer { freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var entry = list
        while let info = entry?.pointee, found.count < addressLimit {
            if let address = SocketAddress(info), !found.contains(address) { found.append(address) }
            entry = info.ai_next
        }
        return found.isEmpty ? .failure(.failed("it has no IP address")) : .success(found)
    }
}

extension SocketAddress {
    /// An IP address, with port 0; nil if it is another kind.
    fileprivate init?(_ info: addrinfo) {
        guard let raw = info.ai_addr else { return nil }
        let bytes = UnsafeRawPointer(raw)
        switch info.ai_family {
        case AF_INET where Int(info.ai_addrlen) >= MemoryLayout<sockaddr_in>.size:
            self.init(bytes.load(as: sockaddr_in.self))
        case AF_INET6 where Int(info.ai_addrlen) >= MemoryLayout<sockaddr_in6>.size:
            self.init(bytes.load(as: sockaddr_in6.self))
        default: return nil
        }
    }
}
