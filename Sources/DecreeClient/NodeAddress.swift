import Foundation
import NIOCore
import NIOPosix
import Paxos

/// Where a node can be reached. Which node it is, the node itself says.
public struct NodeAddress: Hashable, Sendable, CustomStringConvertible {
    /// A name or an IP address.
    public let host: String
    /// The TCP port.
    public let port: Int

    /// An address.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `host:port`, or `[address]:port` for IPv6; nil for anything else.
    public init?(_ text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]),
            port > 0
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("[") && host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard Self.flaw(inHost: String(host)) == nil else { return nil }
        self.init(host: String(host), port: Int(port))
    }

    /// Reads addresses separated by commas; nil if there is none, or one of them makes no sense.
    public static func list(_ text: String) -> [NodeAddress]? {
        var addresses: [NodeAddress] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let address = NodeAddress(part) else { return nil }
            addresses.append(address)
        }
        return addresses.isEmpty ? nil : addresses
    }

    /// `host:port`.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension NodeAddress {
    /// Why a connection could not be made, in plain words.
    package static func explain(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { explain($0.error) }
                ?? error.dnsAError.map { "its name cannot be resolved: \($0)" } ?? "\(error)"
        case let error as ChannelError:
            if case .connectTimeout = error { "no answer in time" } else { "\(error)" }
        case let error as IOError: String(cString: strerror(error.errnoCode))
        default: "\(error)"
        }
    }
}

extension NodeAddress {
    /// What makes a text no host, behind its name; nil for one that may be a host: whether a name leads anywhere shows
    /// when it is resolved.
    package static func flaw(inHost host: String) -> String? {
        if host.isEmpty { return "is empty: write a name or an IP address" }
        if let control = host.firstControlCharacter { return "holds the character \(control): leave it out" }
        if host.contains(where: \.isWhitespace) { return "\"\(host)\" holds a blank: leave it out" }
        if host.contains(where: { "[]".contains($0) }) {
            return "\"\(host)\" has brackets: write the address without them"
        }
        // The system resolves it to something, on some machines to loopback alone.
        if host == "*" { return "\"*\" is no address: write 0.0.0.0 or :: for all addresses of a machine" }
        // Behind "%" an IPv6 address names its zone.
        let address = String(host.prefix { $0 != "%" })
        guard !host.contains(":") || (try? SocketAddress(ipAddress: address, port: 0)) != nil else {
            return "\"\(host)\" has a colon, and is no IPv6 address: write the host here, and the port apart"
        }
        return nil
    }

    /// Whether it stands for all addresses of a machine: a process listens there, and reaches no other there.
    package var isWildcard: Bool { ["0.0.0.0", "::", "*", ""].contains(host) }

    /// Whether each machine is itself there.
    package var isLoopback: Bool {
        let name = host.lowercased()
        return name == "localhost" || name.hasSuffix(".localhost") || name.hasPrefix("localhost.")
            || name == "ip6-localhost" || name == "::1" || name.hasPrefix("127.")
    }
}
