import Testing

@testable import DecreeCommand

@Suite struct BenchFormatTests {
    @Test(arguments: [
        (0.0, "0"), (999.4, "999"), (1_000, "1,000"), (12_345.6, "12,346"), (1_234_567, "1,234,567"),
        (-1_500, "-1,500"), (.infinity, "–"), (.nan, "–"),
    ])
    func countsHaveSeparators(value: Double, text: String) { #expect(Format.count(value) == text) }

    @Test(arguments: [
        (0.85, "0.8 µs"), (84.2, "84 µs"), (1_249, "1.25 ms"), (12_345, "12.3 ms"), (2_100_000, "2.10 s"),
    ])
    func timesHaveTheUnitThatFits(microseconds: Double, text: String) {
        #expect(Format.time(microseconds) == text)
    }

    @Test(arguments: [
        (512.0, "512 B"), (20_480, "20 KiB"), (5_242_880, "5.0 MiB"), (3_221_225_472, "3.00 GiB"),
    ])
    func bytesHaveTheUnitThatFits(bytes: Double, text: String) { #expect(Format.bytes(bytes) == text) }

    @Test(arguments: [
        (0.0, "0"), (0.0312, "0.0312"), (0.25, "0.250"), (2.4, "2.40"), (31.25, "31.2"), (1_234, "1,234"),
    ])
    func ratiosHaveAsManyDecimalsAsTheyDeserve(value: Double, text: String) {
        #expect(Format.ratio(value) == text)
    }

    @Test func columnsAreAligned() {
        #expect(Format.table([["a", "bb"], ["ccc", "d"]]) == ["a    bb", "ccc   d"])
    }

    @Test func aRowMayBeShorterThanTheOthers() {
        #expect(Format.table([["a"], ["b", "cc"]]) == ["a", "b  cc"])
    }
}
