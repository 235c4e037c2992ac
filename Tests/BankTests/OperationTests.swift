import Bank
import Paxos
import Testing

/// The lines that `decree bank run` reads, and the JSON that is shown of commands.
@Suite struct OperationTests {
    static let lines: [(String, BankOperation.Request)] = [
        (#"{"id":"1","op":"open","account":"a","balance":100}"#, .command(.open(name("a"), balance: 100))),
        (#"{"id":"1","op":"deposit","account":"a","amount":5}"#, .command(.deposit(name("a"), amount: 5))),
        (#"{"id":"1","op":"withdraw","account":"a","amount":5}"#, .command(.withdraw(name("a"), amount: 5))),
        (
            #"{"id":"1","op":"transfer","from":"a","to":"b","amount":5}"#,
            .command(.transfer(from: name("a"), to: name("b"), amount: 5))
        ),
        (#"{"id":"1","op":"balance","account":"a"}"#, .query(.balance(name("a")))),
        (#"{"id":"1","op":"total"}"#, .query(.total)),
        // Any order, any space.
        (" { \"op\" :\t\"total\" , \"id\":\"1\" } \r\n", .query(.total)),
        // What the bank is to refuse.
        (
            #"{"id":"1","op":"open","account":"a","balance":-9223372036854775808}"#,
            .command(.open(name("a"), balance: .min))
        ),
        (
            #"{"id":"1","op":"deposit","account":"a","amount":9223372036854775807}"#,
            .command(.deposit(name("a"), amount: .max))
        ),
        (#"{"id":"1","op":"deposit","account":"a","amount":-0}"#, .command(.deposit(name("a"), amount: 0))),
        // Escapes.
        (
            #"{"\u0069d":"1","op":"balance","account":"\"\\\/\u00e9\ud83c\udfe6"}"#,
            .query(.balance(name("\"\\/é🏦")))
        ),
        (#"{"id":"1","op":"balance","account":"é🏦"}"#, .query(.balance(name("é🏦")))),
    ]

    @Test(arguments: lines) func isRead(_ line: String, _ request: BankOperation.Request) throws {
        let operation = try BankOperation(line: Array(line.utf8)[...])
        #expect(operation.id == "1")
        #expect(operation.request == request)
    }

    static let errors: [(String, String)] = [
        ("", "the line is no JSON object, {…}"),
        ("[]", "the line is no JSON object, {…}"),
        ("{", "the line ends where it needs a key in quotes"),
        ("{}", #"the operation lacks "id""#),
        ("{id:1}", "the line needs a key in quotes at byte 2"),
        (#"{"id" "1"}"#, #"the line needs a colon after "id" at byte 7"#),
        (#"{"id":"1"} x"#, "the line needs the end of the line at byte 12"),
        (#"{"id":"1",}"#, "the line needs a key in quotes at byte 11"),
        (#"{"id":"1" "op":"total"}"#, "the line needs a comma or the closing brace at byte 11"),
        (#"{"id":"1","id":"2"}"#, #"the line has the key "id" twice"#),
        (#"{"id":1,"op":"total"}"#, #"the operation needs a string for "id""#),
        (#"{"op":"total"}"#, #"the operation lacks "id""#),
        (#"{"id":"1"}"#, #"the operation lacks "op""#),
        (
            #"{"id":"1","op":"totals"}"#,
            #"the operation has no "op" "totals": open, deposit, withdraw, transfer, balance or total"#
        ),
        (#"{"id":"1","op":"total","x":1}"#, #"the operation has a key that "total" does not know: "x""#),
        (#"{"id":"1","op":"balance","account":7}"#, #"the operation needs a string for "account""#),
        (#"{"id":"1","op":"balance"}"#, #"the operation lacks "account""#),
        (#"{"id":"1","op":"open","account":"a"}"#, #"the operation lacks "balance""#),
        (
            #"{"id":"1","op":"open","account":"a","amount":1,"balance":1}"#,
            #"the operation has a key that "open" does not know: "amount""#
        ),
        (#"{"id":"1","op":"transfer","from":"a","amount":1}"#, #"the operation lacks "to""#),
        (
            #"{"id":"1","op":"deposit","account":"a","amount":"5"}"#,
            #"the operation needs a whole number for "amount", not a string"#
        ),
        (#"{"id":"1","amount":1.5}"#, #"the line needs a whole number for "amount", not 1.5"#),
        (#"{"id":"1","amount":1.0}"#, #"the line needs a whole number for "amount", not 1.0"#),
        (#"{"id":"1","amount":1e3}"#, #"the line needs a whole number for "amount", not 1e3"#),
        (#"{"id":"1","amount":01}"#, #"the line needs a whole number for "amount", not 01"#),
        (#"{"id":"1","amount":-}"#, #"the line needs a whole number for "amount", not -"#),
        (#"{"id":"1","amount":1-2}"#, #"the line needs a whole number for "amount", not 1-2"#),
        (
            #"{"id":"1","amount":9223372036854775808}"#,
            #"the line needs a number from -9223372036854775808 to 9223372036854775807 for "amount", not 9223372036854775808"#
        ),
        (#"{"id":"1","amount":null}"#, #"the line needs a string or a whole number for "amount" at byte 20"#),
        (#"{"id":"1","amount":{}}"#, #"the line needs a string or a whole number for "amount" at byte 20"#),
        (#"{"id":"1"#, "the line ends within a string"),
        (#"{"id":"\"#, "the line ends within a string"),
        (#"{"id":"\u12"#, "the line ends within a string"),
        (#"{"id":"\u12x4"}"#, #"the line needs four hexadecimal digits after \u"#),
        (#"{"id":"\x"}"#, "the line has an escape that JSON does not know"),
        (#"{"id":"\ud83c"}"#, "the line has half a surrogate pair in a string"),
        (#"{"id":"\ud83c\u0041"}"#, "the line has half a surrogate pair in a string"),
        (#"{"id":"\udfe6"}"#, "the line has half a surrogate pair in a string"),
        ("{\"id\":\"a\tb\"}", "the line has a control character in a string; escape it"),
    ]

    @Test(arguments: errors) func isNotRead(_ line: String, _ description: String) throws {
        let error = try #require(throws: BankOperationError.self) {
            try BankOperation(line: Array(line.utf8)[...])
        }
        #expect(error.description == description)
        #expect(error.rejection == nil)
    }

    @Test func whatIsNotUTF8IsNotRead() throws {
        let line = Array(#"{"id":""#.utf8) + [0xff] + Array(#"","op":"total"}"#.utf8)
        let error = try #require(throws: BankOperationError.self) { try BankOperation(line: line[...]) }
        #expect(error.description == "the line is not UTF-8")
    }

    @Test func anErrorKeepsTheIDIfItCouldBeRead() throws {
        let line = Array(#"{"op":"open","account":"","balance":1,"id":"7"}"#.utf8)
        let error = try #require(throws: BankOperationError.self) { try BankOperation(line: line[...]) }
        #expect(error.id == "7")
        #expect(error.rejection == .emptyName)
        #expect(
            error.description == #"the operation has a bad "account": an account's name has at least 1 byte"#)
    }

    @Test(arguments: [
        (BankCommand.open(name("a"), balance: 100), #"{"op":"open","account":"a","balance":100}"#),
        (.deposit(name("a\"b\\"), amount: -1), #"{"op":"deposit","account":"a\"b\\","amount":-1}"#),
        (
            .withdraw(name("é🏦"), amount: .max),
            #"{"op":"withdraw","account":"é🏦","amount":9223372036854775807}"#
        ),
        (
            .transfer(from: name("a"), to: name("b"), amount: 5),
            #"{"op":"transfer","from":"a","to":"b","amount":5}"#
        ),
    ])
    func isShownAsJSON(_ command: BankCommand, _ json: String) {
        #expect(command.json == json)
    }

    @Test func textIsEscaped() {
        #expect("a\n\r\t\u{0}\u{1f}\u{7f}\"\\é".json == #""a\n\r\t\u0000\u001f\u007f\"\\é""#)
    }

    @Test func whatIsShownIsRead() throws {
        let seed = freshSeed()
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            let command = BankCommand.random(using: &generator)
            let line = #"{"id":"x","# + command.json.dropFirst()
            #expect(
                try BankOperation(line: Array(line.utf8)[...]).request == .command(command), "seed \(seed)")
        }
    }

    @Test func anyBytesAreReadOrRefusedWithoutATrap() throws {
        let seed = freshSeed()
        var generator = SeededGenerator(seed: seed)
        var read = 0
        for _ in 0..<20_000 {
            var line = Array(Self.lines.randomElement(using: &generator)!.0.utf8)
            for _ in 0..<Int.random(in: 1...2, using: &generator) {
                let place = Int.random(in: 0..<line.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: line[place] = .random(in: 0...255, using: &generator)
                case 1: line.remove(at: place)
                default: line.removeSubrange(place...)
                }
                if line.isEmpty { break }
            }
            do throws(BankOperationError) {
                let operation = try BankOperation(line: ([0xee] + line).dropFirst())
                read += 1
                guard case .command(let command) = operation.request else { continue }
                let again = #"{"id":"x","# + command.json.dropFirst()
                #expect(try BankOperation(line: Array(again.utf8)[...]).request == operation.request)
            } catch {
                #expect(!error.description.isEmpty, "seed \(seed)")
            }
        }
        #expect(read > 100, "seed \(seed)")
    }
}
