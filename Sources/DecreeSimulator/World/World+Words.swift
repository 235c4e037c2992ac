import Paxos

/// What people are told in words. Traces show it; a run without a trace makes it all the same, and sees that it is a line
/// that says something.
extension World {
    func noteWords(_ who: String, _ words: String) {
        if words.isEmpty || words.contains(where: \.isNewline) {
            violate(.history, "\(who): what is told is no line of words: \(words.debugDescription)")
        }
        note(.client, nil, "\(who): \(words)")
    }

    /// What a client is told of something that was not done, or may not have been.
    func judgeWords(of outcome: Outcome, of client: SimulatedClient) {
        switch outcome {
        case .ok, .rejected: break
        case .failed(let reason): noteWords("client \(client.number + 1)", reason.description)
        case .unknown(let reason, _): noteWords("client \(client.number + 1)", reason.description)
        }
    }
}
