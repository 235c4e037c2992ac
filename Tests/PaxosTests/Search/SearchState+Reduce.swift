/// What is left out of a search because it shows nothing new, and why each loses nothing. A *run* is a
/// sequence of moves from the first state.
///
/// 2 and 4 to 7 leave out moves: what remains is a smaller model that breaks a rule if the whole one does. 1
/// and 3 then take states of that model for one. 1 and 2 need no rule to hold, and serve where a mistake is
/// searched for as well.
///
/// 1. **Names.** Acceptors are sorted. The roles know an acceptor by its place in a set alone, and rules ask
///    how many voted, never who: renaming acceptors turns runs into runs.
/// 2. **Promises reach a scout at the moment it has enough.** (In the moves, in every search.) It does nothing
///    before, and nobody else sees what it got: each delivery commutes with all that lies between it and
///    the last one.
/// 3. **What nobody will read is forgotten.** If two states differ only there, every move of one is a move of
///    the other, leads to states that again differ only there, and meets the same checks.
///    - A promise to a proposer that does not prepare that ballot: the scout is gone, none is ever made for
///      the ballot again (BallotFresh), and scouts of other ballots ignore it, which is not taken on trust:
///      each is handed such promises (`SearchRoles.gather`).
///    - A scout that two acceptors will never promise, for they promised more; and a proposer's phase once it
///      has proposed everything: its commander sends nothing and is looked at with every vote.
///    - An `accepted` whose other two acceptors have promised more without casting that vote: they never
///      will (PromiseMonotone, checked on every move), so it makes no quorum. And who voted for what is chosen
///      already: all three are taken to have, and a commander that gets a third vote takes what it took
///      with two.
///    - A proposal that is not chosen, once all three have promised more: nobody votes for it. What it was is
///      compared with the decisions when it is made, and those of lower ballots were all made by then.
///    - The votes of an acceptor that nobody will ask for them: both proposers have used their last ballot,
///      and no scout waits for a promise it could give. Decisions are counted by `accepted`, not by these.
/// 4. **A prepare arrives while its scout waits, or never; and a ballot starts when its first promise is
///    given.** A promise to nobody's use only raises `promised`: whatever can happen afterwards could happen
///    without it, for a higher promise only refuses more. And until the first promise, a proposer that
///    prepares cannot be told from one that has crashed: starting later commutes with all that lies between.
/// 5. **Both accepts leave at once.** A proposer that dies between them is one whose second was lost; its
///    value is fixed by phase 1, so that sending it earlier only lets more happen.
/// 6. **Where nobody is left to lead, each acceptor votes for all it still can, in ascending ballots.** Votes
///    then influence nobody else, any other order casts a part of these votes, and a rule that more votes
///    keep is kept by fewer.
/// 7. **A crash is not counted.** An acceptor's crash gives the state it started from (the search finds that
///    out anew each time), a proposer's is a proposer that is silent. So any number of crashes is searched.
///
/// `ExhaustiveSearchTests` searches smaller spaces with and without 3 to 7: one crash at any point, every
/// prepare at any time, each accept by itself; and finds the same proposals and the same decisions.
extension SearchState {
    mutating func reduce(lastBallots: (UInt64, UInt64)) {
        forgetHopelessScout(0)
        forgetHopelessScout(1)
        forgetPromises(of: 0)
        forgetPromises(of: 1)
        forgetAccepted()
        forgetProposals()
        if used(0) == lastBallots.0, used(1) == lastBallots.1 {
            first = forgettingVotes(first)
            second = forgettingVotes(second)
            third = forgettingVotes(third)
        }
        sortAcceptors()
    }

    mutating func sortAcceptors() {
        if first > second { swap(&first, &second) }
        if second > third { swap(&second, &third) }
        if first > second { swap(&first, &second) }
    }

    @inline(__always)
    private mutating func forgetPromises(of proposer: UInt64) {
        let shift = Self.promiseShift(proposer)
        let keep = ~(Self.promiseMask << shift)
        if phase(proposer) != Phase.preparing {
            first &= keep
            second &= keep
            third &= keep
        } else {
            let ballot = used(proposer)
            if first >> shift & 3 != ballot { first &= keep }
            if second >> shift & 3 != ballot { second &= keep }
            if third >> shift & 3 != ballot { third &= keep }
        }
    }

    /// A proposer that has proposed, or cannot any more, is as good as idle.
    @inline(__always)
    private mutating func forgetHopelessScout(_ proposer: UInt64) {
        let phase = phase(proposer)
        guard phase != Phase.idle else { return }
        if phase == Phase.preparing {
            let hopeless =
                isHopeless(first, proposer) + isHopeless(second, proposer) + isHopeless(third, proposer)
            guard hopeless >= 2 else { return }
        }
        setProposer(
            proposer,
            Self.proposerBits(used: used(proposer), phase: Phase.idle, otherLife: isOtherLife(proposer)))
    }

    @inline(__always)
    private func isHopeless(_ acceptor: UInt64, _ proposer: UInt64) -> Int {
        let used = used(proposer)
        return acceptor >> Self.promiseShift(proposer) & 3 != used
            && acceptor & 7 > SearchSpace.ballot(used, of: proposer) ? 1 : 0
    }

    /// Proposals that all three acceptors have left behind unchosen; and all vote for what is chosen.
    @inline(__always)
    private mutating func forgetProposals() {
        let lowest = min(first & 7, second & 7, third & 7)
        let chosen = chosen
        if chosen != 0 {
            first |= chosen << Self.sentShift
            second |= chosen << Self.sentShift
            third |= chosen << Self.sentShift
        }
        guard lowest > 1 else { return }
        var place: UInt64 = 0
        while place < 2 &* (lowest &- 1) {
            if chosen >> place & 1 == 0 { proposers &= ~(7 << (3 &* place)) }
            place &+= 1
        }
    }

    @inline(__always)
    private mutating func forgetAccepted() {
        let (one, two, three) = (first, second, third)
        first &= ~(one & Self.lost(two) & Self.lost(three))
        second &= ~(two & Self.lost(one) & Self.lost(three))
        third &= ~(three & Self.lost(one) & Self.lost(two))
    }

    /// The `accepted` messages that an acceptor has not sent and never will: those below its promise.
    @inline(__always)
    private static func lost(_ acceptor: UInt64) -> UInt64 {
        let promised = acceptor & 7
        guard promised > 1 else { return 0 }
        let below = ((1 as UInt64) << (2 &* (promised &- 1)) &- 1) << sentShift
        return below & ~acceptor
    }

    @inline(__always)
    private func forgettingVotes(_ acceptor: UInt64) -> UInt64 {
        isAwaited(acceptor, by: 0) || isAwaited(acceptor, by: 1) ? acceptor : acceptor & ~Self.votesMask
    }

    /// Whether the scout of a proposer's last ballot may yet get its first promise from an acceptor.
    @inline(__always)
    private func isAwaited(_ acceptor: UInt64, by proposer: UInt64) -> Bool {
        phase(proposer) == Phase.preparing && acceptor >> Self.promiseShift(proposer) & 3 == 0
            && acceptor & 7 <= SearchSpace.ballot(used(proposer), of: proposer)
    }
}
