package import NIOCore
import Paxos

/// Everything that goes over a connection. What is rare and large is kept aside: a frame is moved several times on its way.
package enum Frame: Equatable, Sendable {
    /// Who connects.
    indirect case hello(Hello)
    /// The answer.
    indirect case helloReply(HelloReply)
    /// A message between nodes.
    case peer(PeerFrame)
    /// A request or a response.
    case client(ClientFrame)
    /// What a node says of nodes.
    indirect case node(NodeFrame)
}

extension Frame {
    /// Appends the frame to `buffer`, behind the frames already there, as `version` has it; a handshake is the
    /// same in all of them. Returns whether the version has such a frame: if not, nothing is written.
    @discardableResult
    package func write(version: UInt16, into buffer: inout ByteBuffer) throws(WireError) -> Bool {
        switch self {
        case .hello(let hello): try hello.write(into: &buffer)
        case .helloReply(let reply): try reply.write(into: &buffer)
        case .peer(let frame): return try frame.write(version: version, into: &buffer)
        case .client(let frame): return try frame.write(version: version, into: &buffer)
        case .node(let frame): return try frame.write(version: version, into: &buffer)
        }
        return true
    }

    /// Decodes a body whose checksum was verified.
    init(header: FrameHeader, body: ByteBuffer, version: UInt16) throws(WireError) {
        guard let proto = WireProtocol(rawValue: header.protocolByte) else {
            throw .unknownProtocol(header.protocolByte)
        }
        guard header.reserved == 0 else { throw .malformed("the reserved bytes are not zero") }
        guard (proto != .handshake && proto != .node) || header.group == 0 else {
            throw .malformed("a \(proto) names a group")
        }
        var reader = FrameReader(body, version: version)
        switch (proto, header.type) {
        case (.handshake, Hello.type): self = .hello(try Hello(from: &reader))
        case (.handshake, HelloReply.type): self = .helloReply(try HelloReply(from: &reader))
        case (.handshake, _): throw .unknownType(.handshake, header.type)
        case (.peer, let type):
            guard let group = GroupID(rawValue: header.group) else {
                throw .malformed("\(header.group) is no group")
            }
            self = .peer(try PeerFrame(type: type, group: group, from: &reader))
        case (.client, let type):
            self = .client(try ClientFrame(type: type, group: header.group, from: &reader))
        case (.node, let type): self = .node(try NodeFrame(type: type, from: &reader))
        }
        try reader.finish()
    }
}
