import Paxos

/// What the clients of a load were told, to be held against the log.
struct Acknowledgements: Sendable {
    /// What one request came to.
    struct One: Sendable {
        /// The client, and which of its requests, both from 0: the request's bytes are made anew from them.
        let client: UInt32
        let request: UInt32
        let session: SessionID
        let sequence: UInt64
        /// Where it stands; nil if nobody knows what became of it.
        let position: LogPosition?
        /// Whether the state machine did it.
        let isDone: Bool
    }

    private(set) var all: [One] = []

    /// Notes an outcome. What was definitely not done leaves nothing to be proved.
    mutating func note(_ outcome: Outcome, client: Int, request: Int) {
        guard let receipt = outcome.receipt, let session = receipt.session, let sequence = receipt.sequence
        else {
            return
        }
        var position: LogPosition?
        var isDone = false
        switch outcome {
        case .ok:
            position = receipt.position
            isDone = true
        case .rejected: position = receipt.position
        case .unknown, .failed: break
        }
        all.append(
            One(
                client: UInt32(clamping: client), request: UInt32(clamping: request), session: session,
                sequence: sequence, position: position, isDone: isDone))
    }

    mutating func add(_ other: Acknowledgements) { all += other.all }
}
