import Bank
import Testing

@Suite struct NameTests {
    @Test(arguments: [
        "a", " ", "alice", "Ünïcödé", "日本", "🏦", "a\u{a0}b", "a/b\"c\\d",
        String(repeating: "x", count: 64), String(repeating: "é", count: 32),
    ])
    func isAName(_ text: String) throws {
        #expect(try AccountName(text).text == text)
        #expect(try AccountName(bytes: Array(text.utf8)[...]).description == text)
    }

    @Test(arguments: [
        ("", BankRejection.emptyName),
        (String(repeating: "x", count: 65), .overlongName),
        (String(repeating: "é", count: 32) + "x", .overlongName),
        ("\u{0}", .unprintableName), ("a\nb", .unprintableName), ("\u{1f}", .unprintableName),
        ("\u{7f}", .unprintableName), ("a\u{80}", .unprintableName), ("\u{9f}b", .unprintableName),
    ])
    func isNoName(_ text: String, _ rejection: BankRejection) {
        #expect(throws: rejection) { try AccountName(text) }
    }

    @Test(
        arguments: [
            [0xff], [0x61, 0x80], [0xc3], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80],
            [0xe2, 0x82], [0x80],
        ] as [[UInt8]])
    func isNotUTF8(_ bytes: [UInt8]) {
        #expect(throws: BankRejection.unprintableName) { try AccountName(bytes: bytes[...]) }
    }

    /// "é" in one scalar and in two are one string to Swift, and two accounts to the bank.
    @Test func namesAreComparedByteByByte() {
        let composed = name("\u{e9}")
        let decomposed = name("e\u{301}")
        #expect(composed.text == decomposed.text)
        #expect(composed != decomposed)
        #expect(decomposed < composed)
        var bank = bank(["\u{e9}": 1])
        #expect(execute(.open(decomposed, balance: 2), on: &bank) == .balance(2))
        #expect(bank.balance(of: composed) == 1)
    }

    @Test func namesAreOrderedByBytes() {
        let texts = ["B", "a", "aa", "ab", "b", "z", "\u{e9}", "\u{ffff}", "🏦"]
        #expect(texts.map(name).shuffled().sorted().map(\.text) == texts)
    }
}
