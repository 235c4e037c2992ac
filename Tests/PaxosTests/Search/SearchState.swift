/// One state of the search in 32 bytes: a word for each acceptor, with what it ever sent, and one for the
/// proposers, with what they ever sent. The network is the set of all messages ever sent, so a message may
/// be delivered at any later time, never, or twice.
///
/// An acceptor's word, from the lowest bit:
///
///     3     promised
///     6 x 2 the vote in each slot: ballot 3, value 3. What an acceptor holds so far is durable
///     8     `accepted` messages sent: a bit for each ballot and slot
///     14x 2 the last promise sent to each proposer: which of its ballots 2, the votes reported 6 x 2
///
/// The proposers' word:
///
///     3 x 8 `accept` messages sent: the value for each ballot and slot, 0 for none
///     8 x 2 each proposer: ballots used 2 (so many prepares were sent), phase 2, the value it is yet to
///           propose in slot 2 3, whether this is another life 1
///     1     whether the one crash has been
struct SearchState: Equatable {
    var first: UInt64 = 0
    var second: UInt64 = 0
    var third: UInt64 = 0
    var proposers: UInt64 = 0

    enum Phase {
        static let idle: UInt64 = 0
        static let preparing: UInt64 = 1
        static let oneProposed: UInt64 = 2
        static let allProposed: UInt64 = 3
    }

    // MARK: Acceptors

    /// Promise and votes.
    static let coreMask: UInt64 = 0x7fff
    static let votesMask: UInt64 = 0x7ff8
    static let sentShift: UInt64 = 15
    static let sentMask: UInt64 = 0xff << sentShift
    static let promiseMask: UInt64 = 0x3fff

    @inline(__always)
    static func promiseShift(_ proposer: UInt64) -> UInt64 { 23 &+ 14 &* proposer }

    /// The bit of an `accepted` message, and the place of an `accept`.
    @inline(__always)
    static func place(_ ballot: UInt64, _ slot: UInt64) -> UInt64 { (ballot &- 1) &* 2 &+ slot &- 1 }

    subscript(acceptor: UInt64) -> UInt64 {
        @inline(__always) get { acceptor == 0 ? first : acceptor == 1 ? second : third }
        @inline(__always) set {
            if acceptor == 0 {
                first = newValue
            } else if acceptor == 1 {
                second = newValue
            } else {
                third = newValue
            }
        }
    }

    /// The votes of which a quorum was sent: a bit for each ballot and slot.
    var chosen: UInt64 {
        @inline(__always) get {
            ((first & second) | (first & third) | (second & third)) >> Self.sentShift & 0xff
        }
    }

    // MARK: Proposers

    /// What was proposed at a place; 0 for nothing.
    @inline(__always)
    func proposed(at place: UInt64) -> UInt64 { proposers >> (3 &* place) & 7 }

    @inline(__always)
    mutating func propose(_ value: UInt64, at place: UInt64) {
        proposers = proposers & ~(7 << (3 &* place)) | value << (3 &* place)
    }

    /// The eight bits of a proposer: used, phase, pending, other life.
    @inline(__always)
    func proposer(_ number: UInt64) -> UInt64 { proposers >> (24 &+ 8 &* number) & 0xff }

    @inline(__always)
    mutating func setProposer(_ number: UInt64, _ bits: UInt64) {
        let shift = 24 &+ 8 &* number
        proposers = proposers & ~(0xff << shift) | bits << shift
    }

    @inline(__always)
    func used(_ number: UInt64) -> UInt64 { proposers >> (24 &+ 8 &* number) & 3 }
    @inline(__always)
    func phase(_ number: UInt64) -> UInt64 { proposers >> (26 &+ 8 &* number) & 3 }
    @inline(__always)
    func pending(_ number: UInt64) -> UInt64 { proposers >> (28 &+ 8 &* number) & 7 }
    @inline(__always)
    func isOtherLife(_ number: UInt64) -> Bool { proposers >> (31 &+ 8 &* number) & 1 == 1 }

    static let crashed: UInt64 = 1 << 40

    @inline(__always)
    static func proposerBits(used: UInt64, phase: UInt64, pending: UInt64 = 0, otherLife: Bool) -> UInt64 {
        used | phase << 2 | pending << 4 | (otherLife ? 1 : 0) << 7
    }
}
