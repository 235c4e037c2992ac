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
        guard !host.isEmpty,
            host.unicodeScalars.allSatisfy({ $0.value > 0x20 && !(0x7f...0x9f).contains($0.value) })
        else { return nil }
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
