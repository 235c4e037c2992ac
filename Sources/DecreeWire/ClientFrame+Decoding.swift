import Paxos

extension ClientFrame {
    init(type: UInt8, group: UInt32, from reader: inout FrameReader) throws(WireError) {
        guard let kind = ClientFrameType(rawValue: type), kind.firstVersion <= reader.version else {
            throw .unknownType(.client, type)
        }
        guard kind == .request || kind == .relay || group == 0 else {
            throw .malformed("only a request names a group")
        }
        let id: UInt64 = try reader.integer("the request id")
        switch kind {
        case .request, .relay:
            guard let group = GroupID(rawValue: group) else { throw .malformed("\(group) is no group") }
            let request = try reader.clientRequest()
            self =
                kind == .relay
                ? .relay(id: id, group: group, request) : .request(id: id, group: group, request)
        case .response: self = .response(id: id, try reader.clientResponse())
        case .statusRequest: self = .statusRequest(id: id)
        case .statusResponse: self = .statusResponse(id: id, try reader.bytes("the status"))
        case .join: self = .join(id: id)
        case .welcome: self = .welcome(id: id, try Welcome(from: &reader))
        }
    }
}

extension FrameReader {
    fileprivate mutating func clientRequest() throws(WireError) -> ClientRequest {
        let raw = try integer("the request's kind", as: UInt8.self)
        guard let kind = ClientRequestKind(rawValue: raw), kind.firstVersion <= version else {
            throw .malformed("\(raw) is no known kind of request")
        }
        switch kind {
        case .openSession: return .openSession
        case .command, .batch:
            let session = SessionID(rawValue: try integer("the session"))
            let sequence: UInt64 = try integer("the sequence")
            let firstUnacknowledged: UInt64 = try integer("firstUnacknowledged")
            let payload = try payload()
            return kind == .batch
                ? .batch(
                    session: session, sequence: sequence, firstUnacknowledged: firstUnacknowledged,
                    payload: payload)
                : .command(
                    session: session, sequence: sequence, firstUnacknowledged: firstUnacknowledged,
                    payload: payload)
        case .query:
            let consistency = try consistency()
            return .query(payload: try payload(), consistency: consistency)
        case .admin: return .admin(try adminRequest())
        }
    }

    fileprivate mutating func clientResponse() throws(WireError) -> ClientResponse {
        let raw = try integer("the response's kind", as: UInt8.self)
        guard let kind = ClientResponseKind(rawValue: raw), kind.firstVersion <= version else {
            throw .malformed("\(raw) is no known kind of response")
        }
        switch kind {
        case .opened: return .opened(SessionID(rawValue: try integer("the session")))
        case .executed:
            let slot = try slot()
            let index: UInt32 = try integer("the index")
            return .executed(try reply(), LogPosition(slot: slot, index: index))
        case .answered:
            let executedThrough = try bound("executedThrough")
            let consistency = try consistency()
            return .answered(try reply(), executedThrough: executedThrough, consistency: consistency)
        case .notLeader: return .notLeader(leader: try node("the leader"))
        case .busy: return .busy
        case .leadershipLost: return .leadershipLost(leader: try node("the leader"))
        case .sessionExpired: return .sessionExpired
        case .alreadyAcknowledged: return .alreadyAcknowledged
        case .refused:
            let raw = try integer("the refusal", as: UInt8.self)
            guard let refusal = RequestRefusal(rawValue: raw), refusal.firstVersion <= version else {
                throw .malformed("\(raw) is no known refusal")
            }
            return .refused(refusal)
        case .admin: return .admin(try adminResponse())
        }
    }

    private mutating func payload() throws(WireError) -> ArraySlice<UInt8> {
        try bytes("a payload", limit: WireLimit.payloadBytes)[...]
    }

    private mutating func consistency() throws(WireError) -> ReadConsistency {
        let raw = try integer("the consistency", as: UInt8.self)
        guard let consistency = ReadConsistency(rawValue: raw) else {
            throw .malformed("\(raw) is no known consistency")
        }
        return consistency
    }

    private mutating func reply() throws(WireError) -> Reply {
        Reply(isRejected: try flag("the rejection flag"), bytes: try bytes("the reply"))
    }
}
