import Foundation
import Paxos
import Testing

/// The example of `docs/state-machine.md` is compiled, does what the page says, and is on the page as it is.
@Suite struct RegisterExampleTests {
    @Test(arguments: [
        ("set", "not a command"), ("", "not a command"), ("set a", "not a command"),
        ("set a  b", "not a command"), ("set a b\n", "not a command"), ("get a", "not a command"),
        ("swap b 1 2", "no such name"), ("swap a 2 3", "another value"),
    ])
    func isRejected(_ command: String, _ reason: String) {
        var register = Self.register(["set a 1"])
        let before = register.digest()
        #expect(Self.execute(command, on: &register) == .rejected(reason))
        #expect(register.digest() == before)
    }

    @Test func setsAndSwaps() {
        var register = Self.register(["set a 1", "swap a 1 2"])
        #expect(register.query(Array("a".utf8)[...]) == .ok(Array("2".utf8)))
        #expect(Self.execute("swap a 1 3", on: &register) == .rejected("another value"))
        #expect(register.query(Array("b".utf8)[...]) == .rejected("no such name"))
    }

    @Test func restoresWhatItWrote() throws {
        let register = Self.register(["set b 2", "set a 1", "set ab 3"])
        #expect(register.snapshot() == Array("register 1\na 1\nab 3\nb 2\n".utf8))
        #expect(register.digest() == Self.register(["set ab 3", "set a 1", "set b 2"]).digest())
        var restored = Self.register(["set z 1"])
        try restored.restore(from: register.snapshot()[...])
        #expect(restored.digest() == register.digest())
        try restored.restore(from: Register().snapshot()[...])
        #expect(restored.digest() == Register().digest())
    }

    @Test(arguments: [
        "", "register 1", "register 2\n", "register 1\na", "register 1\na\n", "register 1\na 1\na 2\n",
    ])
    func isNoSnapshot(_ text: String) {
        var register = Self.register(["set a 1"])
        let before = register.digest()
        #expect(throws: MachineRestoreError.self) { try register.restore(from: Array(text.utf8)[...]) }
        #expect(register.digest() == before)
    }

    @Test func thePageShowsTheExampleAsItIsCompiled() throws {
        let here = URL(filePath: #filePath).deletingLastPathComponent()
        let example = try String(contentsOf: here.appending(path: "RegisterExample.swift"), encoding: .utf8)
        let page = try String(
            contentsOf: here.appending(path: "../../docs/state-machine.md"), encoding: .utf8)
        #expect(page.contains("```swift\n" + example + "```\n"))
    }

    private static func register(_ commands: [String]) -> Register {
        var register = Register()
        for command in commands {
            let reply = execute(command, on: &register)
            #expect(reply == .ok())
        }
        return register
    }

    private static func execute(_ command: String, on register: inout Register) -> Reply {
        register.execute(Array(command.utf8)[...], at: LogPosition(slot: Slot(1), index: 0))
    }
}
