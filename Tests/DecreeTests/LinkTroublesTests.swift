import Testing

@testable import Decree

struct LinkTroublesTests {
    /// A peer that is down has two addresses, which are dialled in turn.
    @Test func eachIsToldOnceUntilThePeerIsReached() {
        var troubles = LinkTroubles()
        var told = 0
        for _ in 0..<100 {
            told += troubles.add("refused", at: "a:1") ? 1 : 0
            told += troubles.add("another node is there", at: "b:1") ? 1 : 0
            told += troubles.add("refused", at: "b:1") ? 1 : 0
        }
        #expect(told == 3)
        #expect(!troubles.isEmpty)
        troubles = LinkTroubles()
        #expect(troubles.isEmpty)
        let isTold = troubles.add("refused", at: "a:1")
        #expect(isTold)
    }

    @Test func theyAreBounded() {
        var troubles = LinkTroubles()
        let told = (0..<10 * LinkTroubles.limit).count { troubles.add("\($0)", at: "a:1") }
        #expect(told == 10 * LinkTroubles.limit)
        let isToldAgain = troubles.add("0", at: "a:1")
        #expect(isToldAgain, "the first are forgotten")
    }
}
