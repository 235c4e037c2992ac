@testable import Paxos

/// How traces say things: one line each, the same in every process.
struct TraceWords {
    /// The names of sessions that were opened, by id.
    var sessions: [SessionID: String] = [:]

    static func kind(of message: Message) -> String {
        switch message {
        case .preVote: "preVote"
        case .preVoteReply: "preVoteReply"
        case .prepare: "prepare"
        case .promise: "promise"
        case .accept: "accept"
        case .accepted: "accepted"
        case .rejection: "rejection"
        case .heartbeat: "heartbeat"
        case .heartbeatReply: "heartbeatReply"
        case .fetch: "fetch"
        case .decisions: "decisions"
        case .handover: "handover"
        case .snapshotOffer: "snapshotOffer"
        case .fetchSnapshot: "fetchSnapshot"
        case .snapshotChunk: "snapshotChunk"
        }
    }

    static let kinds = [
        "preVote", "preVoteReply", "prepare", "promise", "accept", "accepted", "rejection", "heartbeat",
        "heartbeatReply", "fetch", "decisions", "handover", "snapshotOffer", "fetchSnapshot", "snapshotChunk",
    ]

    /// The ballot a message speaks of.
    static func ballot(of message: Message) -> Ballot? {
        switch message {
        case .preVote(let preVote): preVote.ballot
        case .preVoteReply(let reply): reply.ballot
        case .prepare(let prepare): prepare.ballot
        case .promise(let promise): promise.ballot
        case .accept(let accept): accept.ballot
        case .accepted(let accepted): accepted.ballot
        case .rejection(let rejection): rejection.ballot
        case .heartbeat(let heartbeat): heartbeat.ballot
        case .heartbeatReply(let reply): reply.ballot
        case .handover(let handover): handover.ballot
        case .fetch, .decisions, .snapshotOffer, .fetchSnapshot, .snapshotChunk: nil
        }
    }

    // MARK: Messages

    func line(_ packet: Packet) -> String {
        let kind = Self.kind(of: packet.message)
        return "\(packet.from)->\(packet.to)  \(Self.padded(kind, 14)) \(describe(packet.message))"
    }

    private func describe(_ message: Message) -> String {
        switch message {
        case .preVote(let preVote): "\(preVote.ballot)"
        case .preVoteReply(let reply):
            "\(reply.ballot) \(reply.isGranted ? "yes" : "no"), promised \(reply.promised)"
        case .prepare(let prepare): "\(prepare.ballot) from slot \(prepare.firstOpen)"
        case .promise(let promise):
            "\(promise.ballot)" + (promise.parts == 1 ? "" : " part \(promise.part + 1) of \(promise.parts)")
                + ", chosen through \(promise.chosenThrough)\(votes(promise.accepted))"
        case .accept(let accept):
            "\(accept.ballot) slot \(accept.slot) \(describe(accept.proposal)),"
                + " chosen through \(accept.chosenThrough)"
        case .accepted(let accepted):
            "\(accepted.ballot) slot \(accepted.from)"
                + (accepted.from == accepted.through ? "" : " through \(accepted.through)")
        case .rejection(let rejection): "\(rejection.ballot), promised \(rejection.promised)"
        case .heartbeat(let heartbeat):
            "\(heartbeat.ballot) round \(heartbeat.round), chosen through \(heartbeat.chosenThrough)"
        case .heartbeatReply(let reply):
            "\(reply.ballot) round \(reply.round), executed through \(reply.executedThrough)"
        case .fetch(let fetch): "slots \(fetch.from) through \(fetch.through)"
        case .decisions(let decisions):
            "chosen through \(decisions.chosenThrough)\(votes(decisions.decided))"
        case .handover(let handover): "\(handover.ballot)"
        case .snapshotOffer(let offer):
            "\(Self.describe(offer.header)), chosen through \(offer.chosenThrough)"
        case .fetchSnapshot(let fetch):
            "at slot \(fetch.header.slot) from chunk \(fetch.from + 1) of \(fetch.header.chunkCount)"
        case .snapshotChunk(let chunk):
            "at slot \(chunk.header.slot), chunk \(chunk.index + 1) of \(chunk.header.chunkCount)"
        }
    }

    private static func describe(_ header: SnapshotHeader) -> String {
        "at slot \(header.slot), \(header.chunkCount) chunk\(header.chunkCount == 1 ? "" : "s")"
    }

    func votes(_ votes: [AcceptedProposal]) -> String {
        votes.map { ", \($0.slot)@\($0.ballot) \(describe($0.proposal))" }.joined()
    }

    /// `[x y]`: the entries of a proposal; `[open]` opens a session, `[{x y}]` is a batch of commands.
    func describe(_ proposal: Proposal) -> String {
        guard !proposal.isNoOp else { return "no-op" }
        let entries = proposal.entries.map { entry in
            switch entry {
            case .openSession: "open"
            case .command(_, _, _, let payload): String(decoding: payload, as: UTF8.self)
            case .batch(_, _, _, let payload):
                "{"
                    + (CommandBatch(bytes: payload)?.commands ?? []).map {
                        String(decoding: $0, as: UTF8.self)
                    }
                    .joined(separator: " ") + "}"
            case .change(let change): Self.describe(change)
            }
        }
        return "[\(entries.joined(separator: " "))]"
    }

    static func describe(_ change: ConfigurationChange) -> String {
        switch change {
        case .add(let node, .joining(let replaced), _, _):
            "join \(node.map { "\($0)" } ?? "next")" + (replaced.map { " for \($0)" } ?? "")
        case .add(let node, _, _, _): "add \(node.map { "\($0)" } ?? "next")"
        case .promote(let node): "promote \(node)"
        case .remove(let node): "remove \(node)"
        case .move(let node, let address): "move \(node) to \(address)"
        case .raise(let version): "raise to \(version)"
        }
    }

    // MARK: Rows

    func lines(_ rows: [Write], _ reads: [LogRead], of node: NodeID) -> [String] {
        let rows = rows.map { row in
            switch row {
            case .promise(_, let ballot): "promise \(ballot)"
            case .accepted(_, let vote):
                "accepted \(vote.slot)@\(vote.ballot) \(describe(vote.proposal))"
            case .chosen(_, let slot, let ballot, _, _): "chosen \(slot)@\(ballot)"
            case .configuration(_, let from, let configuration):
                "from slot \(from) voters \(configuration.voters.map { "\($0)" }.joined(separator: " "))"
            case .snapshotChunk(_, let header, let index, _):
                "chunk \(index + 1) of \(header.chunkCount) at slot \(header.slot)"
            case .snapshotComplete(_, let header, let isInstalled):
                "snapshot at slot \(header.slot) is complete\(isInstalled ? ", the log starts there" : "")"
            case .floor(_, let slot): "floor \(slot)"
            case .witness(let witness): "witness of \(witness.node)"
            case .place(let place): "\(place.node) at \(place.address)"
            }
        }
        var lines = rows.isEmpty ? [] : ["\(node) writes \(rows.joined(separator: ", "))"]
        lines += reads.map { "\(node) reads \(describe($0.content)) for \(describe($0.to))" }
        return lines.isEmpty ? ["\(node) writes nothing, and waits"] : lines
    }

    private func describe(_ content: LogRead.Content) -> String {
        switch content {
        case .slots(let from, let through): "slots \(from) through \(through)"
        case .executed(let from, let through): "slots \(from) through \(through) as executed"
        case .chunks(let header, let from):
            "the snapshot at slot \(header.slot) from chunk \(from + 1) of \(header.chunkCount)"
        }
    }

    private func describe(_ recipient: LogRead.Recipient) -> String {
        switch recipient {
        case .node(let node): "\(node)"
        case .tickets(let tickets): tickets.count == 1 ? "a client" : "\(tickets.count) clients"
        }
    }

    // MARK: Clients

    func describe(_ response: ClientResponse) -> String {
        switch response {
        case .opened(let id): "session \(id) is open"
        case .executed(let reply, let position): "executed at \(position), reply \(describe(reply))"
        case .answered(let reply, let slot, let consistency):
            "\(consistency) answer \(describe(reply)), executed through \(slot)"
        case .notLeader(let leader): "not done, not the leader; \(hint(leader))"
        case .busy: "not done, busy"
        case .leadershipLost(let leader): "unknown, the lead is lost; \(hint(leader))"
        case .sessionExpired: "session expired"
        case .alreadyAcknowledged: "already acknowledged"
        case .refused(let reason): "refused, \(reason)"
        case .admin(.changed(let outcome)):
            "node \(outcome.node)" + (outcome.from.map { ", in force from slot \($0)" } ?? ", as it was")
        case .admin(.changeRefused(let reason)): "refused: \(reason)"
        case .admin(.handedOver(let node)): "the lead goes to \(node)"
        case .admin(.takingSnapshot(let slot)): "a snapshot at slot \(slot) is being taken"
        case .admin(.described), .admin(.slots), .admin(.chunks), .admin(.executed): "told"
        case .admin(.logBegins(let slot)): "the log begins at slot \(slot)"
        }
    }

    private func hint(_ leader: NodeID?) -> String { leader.map { "ask \($0)" } ?? "ask any node" }

    private func describe(_ reply: Reply) -> String { reply.number.map { "\($0)" } ?? reply.text }

    // MARK: Tables

    /// Columns as wide as their widest cell.
    static func table(_ rows: [[String]]) -> [String] {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let line = zip(row, widths).map { padded($0, $1) }.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }

    static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
