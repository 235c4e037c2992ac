import Testing

@testable import Paxos

/// Positions that name their log.
@Suite struct LogBookmarkTests {
    private static let genesis = Digest(rawValue: 0x1a2b_3c4d_9999_8888)

    @Test func theFirstGroupsLogHasTheGenesissFirstDigits() {
        #expect(LogID(genesis: Self.genesis, group: .first).description == "1a2b3c4d")
        #expect(LogID(genesis: Digest(rawValue: 7), group: .first).description == "00000000")
    }

    @Test func noTwoGroupsOfAClusterHaveTheSame() {
        let ids = (1...4_096).map { LogID(genesis: Self.genesis, group: GroupID($0)) }
        #expect(Set(ids).count == ids.count)
        let last = LogID(genesis: Self.genesis, group: GroupID(GroupID.maximum))
        #expect(!ids.contains(last))
    }

    @Test(arguments: ["12.4@1a2b3c4d", "1.0@00000000", "17592186044415.4294967295@ffffffff"])
    func whatIsWrittenIsRead(_ text: String) throws {
        let bookmark = try #require(LogBookmark(text))
        #expect(bookmark.description == text)
    }

    @Test func aSlotAloneIsItsFirstPosition() {
        #expect(LogBookmark("12@1A2B3C4D")?.description == "12.0@1a2b3c4d")
        #expect(LogPosition("12") == .first(of: Slot(12)))
        #expect(LogBookmark("12.4@1a2b3c4d")?.next.description == "12.5@1a2b3c4d")
    }

    @Test(
        arguments: [
            "", "12", "12.4", "@1a2b3c4d", "12@", "12@1a2b3c4", "12@1a2b3c4de", "12@1a2b3c4g", "12@+a2b3c4d",
            "12@1a2b3c4d@1a2b3c4d", "0@1a2b3c4d", "1.@1a2b3c4d", ".1@1a2b3c4d", "-1@1a2b3c4d",
            "17592186044416@1a2b3c4d", "1.4294967296@1a2b3c4d", "1 @1a2b3c4d", "1@ 1a2b3c4",
        ])
    func whatIsNoBookmarkIsNone(_ text: String) {
        #expect(LogBookmark(text) == nil)
    }

    @Test func receiptsNameTheLogTheyAreOf() {
        let position = LogPosition(slot: Slot(12), index: 4)
        let log = LogID(rawValue: 0x1a2b_3c4d)
        #expect(Receipt(position: position, log: log).bookmark?.description == "12.4@1a2b3c4d")
        #expect(Receipt(position: position).bookmark == nil && Receipt(log: log).bookmark == nil)
    }
}
