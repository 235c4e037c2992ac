/// What is too large for one frame goes in parts. A frame has a budget of bytes, and votes are counted
/// against it as a frame holds them.
extension AcceptedProposal {
    /// Bytes of a vote in a frame beside its proposal's: slot, ballot, digest and length.
    package static let overheadBytes = 28

    /// Bytes of this vote in a frame.
    package var encodedBytes: Int { Self.overheadBytes + proposal.bytes.count }

    /// The longest prefix of `votes` that a frame of `budgetBytes` holds, and never fewer than one, so
    /// that whoever asks for more makes progress.
    package static func prefix(
        of votes: ArraySlice<AcceptedProposal>, budgetBytes: Int
    ) -> ArraySlice<AcceptedProposal> {
        var bytes = 0
        var end = votes.startIndex
        while end < votes.endIndex {
            bytes += votes[end].encodedBytes
            guard bytes <= budgetBytes || end == votes.startIndex else { break }
            end += 1
        }
        return votes[..<end]
    }

    /// Cuts `votes`, in order, into parts of at most `budgetBytes` each; a vote larger than that is alone
    /// in its part. There is always a part, if an empty one.
    package static func parts(
        of votes: [AcceptedProposal], budgetBytes: Int
    ) -> [ArraySlice<AcceptedProposal>] {
        var parts: [ArraySlice<AcceptedProposal>] = []
        var rest = votes[...]
        repeat {
            let part = prefix(of: rest, budgetBytes: budgetBytes)
            parts.append(part)
            rest = rest[part.endIndex...]
        } while !rest.isEmpty
        return parts
    }
}

/// Budgets for the votes in a frame of 4 MiB, less what else the message holds.
package enum FrameBudget {
    /// Bytes of votes in one promise or decisions message.
    package static let votesBytes = (4 << 20) - 1_024
}

extension Promise {
    /// The answer to `prepare`, in as many parts as its votes need. Each part tells of the slots behind the part before
    /// it, through its own last vote, and the last part of all that follow.
    package static func parts(
        answering prepare: Prepare, chosenThrough: Slot, floor: Slot, accepted: [AcceptedProposal],
        budgetBytes: Int = FrameBudget.votesBytes
    ) -> [Promise] {
        let parts = AcceptedProposal.parts(of: accepted, budgetBytes: budgetBytes)
        var from = prepare.firstOpen
        return parts.enumerated().map { index, votes in
            let isLast = index == parts.count - 1
            let through = isLast ? .maximum : votes.last?.slot ?? .maximum
            defer { if !isLast { from = through.next } }
            return Promise(
                ballot: prepare.ballot, part: UInt32(index), parts: UInt32(parts.count),
                chosenThrough: chosenThrough, floor: floor,
                scope: PromiseScope(
                    firstOpen: prepare.firstOpen, attempt: prepare.attempt, from: from, through: through),
                accepted: Array(votes))
        }
    }
}
