package import NIOCore
package import Paxos

/// What a client and a node say to each other. Any number of requests may be open on a connection, and
/// their responses come in any order.
package enum ClientFrame: Equatable, Sendable {
    /// An attempt at a request. The id is the sender's, and only comes back in the response.
    case request(id: UInt64, group: GroupID, ClientRequest)
    /// The same, of a client that cannot reach the leader: a node that does not lead passes it on to the one that does.
    case relay(id: UInt64, group: GroupID, ClientRequest)
    /// The response to an attempt.
    case response(id: UInt64, ClientResponse)
    /// How are you?
    case statusRequest(id: UInt64)
    /// The node's own account of itself, as JSON.
    case statusResponse(id: UInt64, [UInt8])
    /// What must I know to join? Asked of any node; the admission itself is a change of the members.
    case join(id: UInt64)
    /// This.
    indirect case welcome(id: UInt64, Welcome)
}

/// The type byte of a client frame. Numbers are never given twice.
enum ClientFrameType: UInt8, CaseIterable {
    case request = 1
    case response = 2
    case statusRequest = 3
    case statusResponse = 4
    case join = 5
    case welcome = 6
    case relay = 7

    /// The first version that has it.
    var firstVersion: UInt16 {
        switch self {
        case .join, .welcome: WireVersion.members
        case .relay: WireVersion.relays
        case .request, .response, .statusRequest, .statusResponse: WireVersion.minimum
        }
    }
}

/// What a request asks.
enum ClientRequestKind: UInt8 {
    case openSession = 0
    case command = 1
    case query = 2
    case admin = 3
    case batch = 4

    /// The first version that has it.
    var firstVersion: UInt16 {
        switch self {
        case .admin: WireVersion.members
        case .batch: WireVersion.batches
        case .openSession, .command, .query: WireVersion.minimum
        }
    }
}

/// What a response says.
enum ClientResponseKind: UInt8 {
    case opened = 0
    case executed = 1
    case answered = 2
    case notLeader = 3
    case busy = 4
    case leadershipLost = 5
    case sessionExpired = 6
    case alreadyAcknowledged = 7
    case refused = 8
    case admin = 9

    /// The first version that has it.
    var firstVersion: UInt16 { self == .admin ? WireVersion.members : WireVersion.minimum }
}

extension ClientFrame {
    /// Appends the frame as `version` has it.
    ///
    /// - Returns: whether the version has such a frame. If not, nothing is written: the other side must be
    ///   upgraded before it can be asked this.
    @discardableResult
    package func write(version: UInt16, into buffer: inout ByteBuffer) throws(WireError) -> Bool {
        guard version >= WireVersion.relays else {
            return try known(in: version).writeAsIs(version, into: &buffer)
        }
        return try writeAsIs(version, into: &buffer)
    }

    private func writeAsIs(_ version: UInt16, into buffer: inout ByteBuffer) throws(WireError) -> Bool {
        guard firstVersion <= version else { return false }
        switch self {
        case .request(let id, let group, let request), .relay(let id, let group, let request):
            let type: ClientFrameType = if case .relay = self { .relay } else { .request }
            try buffer.writeFrame(.client, type: type.rawValue, group: group.rawValue) {
                (buffer) throws(WireError) in
                buffer.writeInteger(id, endianness: .little)
                try request.writeFields(into: &buffer)
            }
        case .response(let id, let response):
            try buffer.writeFrame(.client, type: ClientFrameType.response.rawValue) {
                (buffer) throws(WireError) in
                buffer.writeInteger(id, endianness: .little)
                try response.writeFields(into: &buffer)
            }
        case .statusRequest(let id):
            try buffer.writeFrame(.client, type: ClientFrameType.statusRequest.rawValue) {
                (buffer) throws(WireError) in
                buffer.writeInteger(id, endianness: .little)
            }
        case .statusResponse(let id, let json):
            try buffer.writeFrame(.client, type: ClientFrameType.statusResponse.rawValue) {
                (buffer) throws(WireError) in
                buffer.writeInteger(id, endianness: .little)
                buffer.writeSized(json)
            }
        case .join(let id):
            try buffer.writeFrame(.client, type: ClientFrameType.join.rawValue) {
                (buffer) throws(WireError) in
                buffer.writeInteger(id, endianness: .little)
            }
        case .welcome(let id, let welcome):
            try buffer.writeFrame(.client, type: ClientFrameType.welcome.rawValue) {
                (buffer) throws(WireError) in
                buffer.writeInteger(id, endianness: .little)
                try welcome.writeFields(into: &buffer)
            }
        }
        return true
    }

    /// The same as an older version can say it: instead of a reason that it does not know, that the client is to ask again;
    /// members without the cluster's version; and what is to be passed on, as what it is to do itself.
    private func known(in version: UInt16) -> ClientFrame {
        switch self {
        case .relay(let id, let group, let request): .request(id: id, group: group, request)
        case .response(let id, .refused(.batchesTooNew)) where version < WireVersion.raises:
            .response(id: id, .busy)
        case .response(let id, .admin(.described(let description))) where version < WireVersion.raises:
            .response(id: id, .admin(.described(description.withoutVersion)))
        default: self
        }
    }

    /// The first version that has it.
    private var firstVersion: UInt16 {
        switch self {
        case .request(_, _, .batch): WireVersion.batches
        case .request(_, _, .admin(let request)): request.firstVersion
        case .response(_, .admin(let response)): response.firstVersion
        case .response(_, .refused(let refusal)): refusal.firstVersion
        case .request, .response, .statusRequest, .statusResponse: WireVersion.minimum
        case .join, .welcome: WireVersion.members
        case .relay: WireVersion.relays
        }
    }
}

extension RequestRefusal {
    /// The first version that has it.
    var firstVersion: UInt16 {
        switch self {
        case .tooLarge, .outsideWindow, .unknownGroup: WireVersion.minimum
        case .noSuccessor, .gone, .noSnapshot: WireVersion.members
        case .malformedBatch: WireVersion.batches
        case .batchesTooNew: WireVersion.raises
        }
    }
}
