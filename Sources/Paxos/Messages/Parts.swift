extension Array where Element == AcceptedProposal {
    /// Cuts votes into runs of at most `bytes` of proposals each (or a single larger one), so that each run
    /// fits a frame. Never empty: no votes make one empty part.
    package func parts(ofBytes bytes: Int) -> [[AcceptedProposal]] {
        var parts: [[AcceptedProposal]] = [[]]
        var filled = 0
        for vote in self {
            let size = vote.proposal.bytes.count + AcceptedProposal.overheadBytes
            if filled + size > bytes, !parts[parts.count - 1].isEmpty {
                parts.append([])
                filled = 0
            }
            parts[parts.count - 1].append(vote)
            filled += size
        }
        return parts
    }
}

extension AcceptedProposal {
    /// What a vote costs beside its proposal's bytes, in a frame: slot, ballot, digest, length.
    package static let overheadBytes = 32
}
