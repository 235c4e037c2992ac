package import NIOCore
package import Paxos

/// What a client and a node say to each other. Any number of requests may be open on a connection, and
/// their responses come in any order.
package enum ClientFrame: Equatable, Sendable {
    /// An attempt at a request. The id is the sender's, and only comes back in the response.
    case request(id: UInt64, group: GroupID, ClientRequest)
    /// The response to an attempt.
    case response(id: UInt64, ClientResponse)
    /// How are you?
    case statusRequest(id: UInt64)
    /// The node's own account of itself, as JSON.
    case statusResponse(id: UInt64, [UInt8])
}

/// The type byte of a client frame. Numbers are never given twice.
enum ClientFrameType: UInt8, CaseIterable {
    case request = 1
    case response = 2
    case statusRequest = 3
    case statusResponse = 4
}

/// What a request asks.
enum ClientRequestKind: UInt8 {
    case openSession = 0
    case command = 1
    case query = 2
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
}

extension ClientFrame {
    /// Appends the frame.
    package func write(into buffer: inout ByteBuffer) throws(WireError) {
        switch self {
        case .request(let id, let group, let request):
            try buffer.writeFrame(.client, type: ClientFrameType.request.rawValue, group: group.rawValue) {
                (buffer) throws(WireError) in
                buffer.writeInteger(id, endianness: .little)
                try request.writeFields(into: &buffer)
            }
        case .response(let id, let response):
            try buffer.writeFrame(.client, type: ClientFrameType.response.rawValue) {
                (buffer) throws(WireError) in
                buffer.writeInteger(id, endianness: .little)
                response.writeFields(into: &buffer)
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
        }
    }
}
