import Bank
import DecreeSimulator
import Paxos
import Testing

/// What people read of an operation.
@Suite struct WordingTests {
    @Test func aBanksOperationReadsAsJSON() {
        let run = HandMade()
        #expect(
            Wording.bank.text(run.history[2])
                == #"operation 3 of client 0, {"op":"transfer","from":"a","to":"b","amount":30}, "#
                + "answered 70 and 80 at 4.0 as sequence 2 of session 1.0")
        #expect(
            Wording.bank.text(run.history[3])
                .contains(#"answered "insufficient funds" at 5.0 as sequence 2 of session 1.1"#))
        #expect(Wording.bank.text(run.history[6]).hasSuffix(#"{"op":"total"}, answered 157 after slot 6"#))
    }

    @Test func otherBytesAreShownAsTheyAre() {
        let words = Wording.plain
        #expect(words.request(.command(Array("set x".utf8))) == #"command "set x""#)
        #expect(words.request(.query([0, 255], .stale)) == "stale query 0x00ff")
        #expect(
            words.request(.query(Array(repeating: 1, count: 40), .linearizable)).hasSuffix("01… (40 bytes)"))
        #expect(words.reply(.rejected("no")) == #"rejection "no""#)
        #expect(Wording.bank.reply(.ok([1])) == "without sense, 0x01")
        #expect(Wording.bank.request(.command([99])) == #"command "c""#)
    }
}
