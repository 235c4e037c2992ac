import DecreeNode
import Paxos

// What is said, in a few words, for those who read traces.

extension Message {
    var summary: String {
        switch self {
        case .preVote(let message): "pre-vote \(message.ballot)"
        case .preVoteReply(let message):
            "pre-vote reply \(message.ballot) \(message.isGranted ? "granted" : "denied")"
        case .prepare(let message):
            "prepare \(message.ballot) from slot \(message.firstOpen)"
                + (message.attempt > 0 ? ", question \(message.attempt)" : "")
        case .promise(let message):
            "promise \(message.ballot) part \(message.part + 1)/\(message.parts)"
                + (message.scope.map { " of question \($0.attempt), from \($0.from)" } ?? "")
                + ", chosen \(message.chosenThrough), "
                + "votes \(message.accepted.map { "\($0.slot)@\($0.ballot)" })"
        case .accept(let message):
            "accept \(message.ballot) slot \(message.slot) \(message.proposal.digest), chosen "
                + "\(message.chosenThrough)"
        case .accepted(let message): "accepted \(message.ballot) slots \(message.from)-\(message.through)"
        case .rejection(let message): "rejection \(message.ballot), promised \(message.promised)"
        case .heartbeat(let message):
            "heartbeat \(message.ballot) round \(message.round), chosen \(message.chosenThrough)"
        case .heartbeatReply(let message):
            "heartbeat reply \(message.ballot) round \(message.round), executed \(message.executedThrough)"
        case .fetch(let message): "fetch slots \(message.from)-\(message.through)"
        case .decisions(let message):
            "decisions \(message.decided.map { "\($0.slot)@\($0.ballot)" }), chosen \(message.chosenThrough)"
        case .handover(let message): "handover \(message.ballot)"
        case .snapshotOffer(let message):
            "snapshot offer \(message.header.slot), chosen \(message.chosenThrough)"
        case .fetchSnapshot(let message): "fetch snapshot \(message.header.slot) from chunk \(message.from)"
        case .snapshotChunk(let message):
            "snapshot \(message.header.slot) chunk \(message.index + 1)/\(message.header.chunkCount)"
        }
    }
}

extension ClientRequest {
    var summary: String {
        switch self {
        case .openSession: "open session"
        case .command(let session, let sequence, let first, let payload):
            "command \(sequence) (from \(first)) of session \(session), \(payload.count) bytes"
        case .batch(let session, let sequence, let first, let payload):
            "batch \(sequence) (from \(first)) of session \(session), \(payload.count) bytes"
        case .query(_, let consistency): "query, \(consistency)"
        case .admin(let request): "\(request)"
        }
    }
}

extension ClientResponse {
    var summary: String {
        switch self {
        case .opened(let session): "opened \(session)"
        case .executed(let reply, let position):
            "executed at \(position)\(reply.isRejected ? ", rejected" : "")"
        case .answered(_, let through, let consistency): "answered after slot \(through), \(consistency)"
        case .notLeader(let leader): "not leader\(leader.map { ", node \($0) is" } ?? "")"
        case .busy: "busy"
        case .leadershipLost: "leadership lost"
        case .sessionExpired: "session expired"
        case .alreadyAcknowledged: "already acknowledged"
        case .refused(let refusal): "refused: \(refusal)"
        case .admin(.changeRefused(let refusal)): "change refused: \(refusal)"
        case .admin(.changed(let outcome)):
            "changed: node \(outcome.node)\(outcome.from.map { " from slot \($0)" } ?? ", as it was")"
        case .admin(let response): "\(response)"
        }
    }
}

extension NodeNote {
    var summary: String {
        switch self {
        case .snapshotTaken(_, let header): "has a snapshot of slot \(header.slot), \(header.byteCount) bytes"
        case .snapshotBad(_, let header, let detail):
            "throws the snapshot of slot \(header.slot) away: \(detail)"
        case .snapshotRefused(_, let header, let detail):
            "cannot use the snapshot of slot \(header.slot): \(detail)"
        case .contradicted(_, let text): "is told what cannot be true: \(text)"
        case .snapshotInstalled(_, let header): "goes on from the snapshot of slot \(header.slot)"
        case .rot(_, let slot): "finds rot in slot \(slot)"
        case .leader(_, let leader): leader.map { "takes node \($0) for the leader" } ?? "knows of no leader"
        case .notServed(let damage): "does not serve what rotted: \(damage)"
        case .secondProcess(let peer, let start): "refuses a second process of node \(peer), beside \(start)"
        case .announcedElsewhere(let peer, let address, let other):
            "hears node \(peer) at \(address), not \(other)"
        case .members(_, let configuration, let from):
            "knows voters \(configuration.voters.map(\.description).joined(separator: " ")) of "
                + "\(configuration.members.count) members from slot \(from) on"
        }
    }
}
