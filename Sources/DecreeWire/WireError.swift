package import Paxos

/// What was wrong with bytes that came in, or with a frame that was to go out. A stream is of no use after
/// any of them: close the connection, and open it anew.
package enum WireError: Error, Hashable, Sendable {
    /// The stream ended within a frame.
    case truncated(haveBytes: Int)
    /// The other side does not speak this protocol at all: the first bytes of the stream are no hello.
    case badMagic
    /// Something is larger than its limit.
    case oversized(String, bytes: Int, limitBytes: Int)
    /// The frame's protocol byte is none of ours.
    case unknownProtocol(UInt8)
    /// The protocol has no such frame.
    case unknownType(WireProtocol, UInt8)
    /// The frame was damaged on its way.
    case badChecksum(stated: Digest, computed: Digest)
    /// The frame came as it was sent, but what was sent makes no sense.
    case malformed(String)
    /// The frame makes sense, but not here.
    case unexpected(String)
}

extension WireError: CustomStringConvertible {
    /// What is wrong and what to do.
    package var description: String {
        switch self {
        case .truncated(let haveBytes):
            "the connection ended within a frame, of which \(haveBytes) bytes had arrived; connect again"
        case .badMagic:
            "the other side does not speak Decree's protocol; check the host and port, and that no other "
                + "service or TLS stands there"
        case .oversized(let what, let bytes, let limitBytes):
            "\(what) has \(bytes) bytes and may have \(limitBytes) at most; send less at once"
        case .unknownProtocol(let raw):
            "protocol \(raw) is not one this version speaks; run the same version of decree on both sides"
        case .unknownType(let proto, let raw):
            "frame type \(raw) is unknown in the \(proto) protocol; run the same version of decree on both "
                + "sides"
        case .badChecksum(let stated, let computed):
            "a frame was damaged on its way: it says checksum \(stated), its bytes give \(computed); connect "
                + "again, and suspect memory or network hardware if it comes back"
        case .malformed(let what):
            "a frame makes no sense: \(what); run the same version of decree on both sides"
        case .unexpected(let what):
            "a frame came where it may not: \(what); run the same version of decree on both sides"
        }
    }
}
