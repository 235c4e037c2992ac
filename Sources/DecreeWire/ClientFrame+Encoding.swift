import NIOCore
import Paxos

extension ClientRequest {
    func writeFields(into buffer: inout ByteBuffer) throws(WireError) {
        switch self {
        case .openSession: buffer.writeInteger(ClientRequestKind.openSession.rawValue)
        case .command(let session, let sequence, let firstUnacknowledged, let payload):
            buffer.writeMultipleIntegers(
                ClientRequestKind.command.rawValue, session.rawValue, sequence, firstUnacknowledged,
                endianness: .little)
            try buffer.writePayload(payload)
        case .batch(let session, let sequence, let firstUnacknowledged, let payload):
            buffer.writeMultipleIntegers(
                ClientRequestKind.batch.rawValue, session.rawValue, sequence, firstUnacknowledged,
                endianness: .little)
            try buffer.writePayload(payload)
        case .query(let payload, let consistency):
            buffer.writeMultipleIntegers(ClientRequestKind.query.rawValue, consistency.rawValue)
            try buffer.writePayload(payload)
        case .admin(let request):
            buffer.writeInteger(ClientRequestKind.admin.rawValue)
            try request.writeFields(into: &buffer)
        }
    }
}

extension ClientResponse {
    func writeFields(into buffer: inout ByteBuffer) throws(WireError) {
        switch self {
        case .opened(let session):
            buffer.writeMultipleIntegers(
                ClientResponseKind.opened.rawValue, session.rawValue, endianness: .little)
        case .executed(let reply, let position):
            buffer.writeMultipleIntegers(
                ClientResponseKind.executed.rawValue, position.slot.rawValue, position.index,
                endianness: .little)
            buffer.write(reply)
        case .answered(let reply, let executedThrough, let consistency):
            buffer.writeMultipleIntegers(
                ClientResponseKind.answered.rawValue, executedThrough.rawValue, consistency.rawValue,
                endianness: .little)
            buffer.write(reply)
        case .notLeader(let leader):
            buffer.writeMultipleIntegers(
                ClientResponseKind.notLeader.rawValue, leader?.rawValue ?? 0, endianness: .little)
        case .busy: buffer.writeInteger(ClientResponseKind.busy.rawValue)
        case .leadershipLost(let leader):
            buffer.writeMultipleIntegers(
                ClientResponseKind.leadershipLost.rawValue, leader?.rawValue ?? 0, endianness: .little)
        case .sessionExpired: buffer.writeInteger(ClientResponseKind.sessionExpired.rawValue)
        case .alreadyAcknowledged: buffer.writeInteger(ClientResponseKind.alreadyAcknowledged.rawValue)
        case .refused(let refusal):
            buffer.writeMultipleIntegers(ClientResponseKind.refused.rawValue, refusal.rawValue)
        case .admin(let response):
            buffer.writeInteger(ClientResponseKind.admin.rawValue)
            try response.writeFields(into: &buffer)
        }
    }
}

extension ByteBuffer {
    fileprivate mutating func writePayload(_ payload: ArraySlice<UInt8>) throws(WireError) {
        guard payload.count <= WireLimit.payloadBytes else {
            throw .oversized("a payload", bytes: payload.count, limitBytes: WireLimit.payloadBytes)
        }
        writeSized(payload)
    }

    fileprivate mutating func write(_ reply: Reply) {
        writeInteger(UInt8(reply.isRejected ? 1 : 0))
        writeSized(reply.bytes)
    }
}
