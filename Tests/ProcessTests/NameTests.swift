import Decree
import Foundation
import Testing

/// Names that would break a store or an output, or make two things one, are refused before anything is done.
@Suite(.serialized, .timeLimit(.minutes(6))) struct NameTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Runs the tool from a shell, whose `printf` writes bytes that no Swift string has.
    private func shell(_ arguments: String, input: String = "true") async throws -> Tool.Result {
        let command = #"\#(input) | "$0" \#(arguments)"#
        return try await ToolProcess([], input: nil, runner: ["/bin/sh", "-c", command]).result()
    }

    /// Two names of which one byte differs would both become "al\u{fffd}ice".
    @Test func argumentsThatAreNotUTF8AreRefused() async throws {
        let cluster = try ProcessCluster(nodes: 1)
        try await cluster.startAndWait()
        for byte in [#"\377"#, #"\376"#, #"\303"#, #"\355\240\200"#] {
            let result = try await shell(
                #"bank open "$(printf 'al\#(byte)ice')" 5 --nodes \#(cluster.addresses)"#)
            #expect(result.status == 2, "\(result.error)")
            #expect(result.error.contains(#"argument 3, "al\x"#), "\(result.error)")
            #expect(
                result.error.contains("is not valid UTF-8: write names and paths in UTF-8. Nothing was done"))
        }
        let name = try await shell(
            #"bank total --nodes \#(cluster.addresses) --cluster "$(printf 'b\377')""#)
        #expect(name.status == 2 && name.error.contains(#"argument 6, "b\xff""#), "\(name.error)")
        let path = try await shell(
            #"backup --nodes \#(cluster.addresses) "\#(directory.path)/$(printf '\377')""#)
        #expect(path.status == 2 && path.error.contains("argument 4"), "\(path.error)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)

        // What is UTF-8 is a name, byte by byte: two spellings of one character are two accounts.
        for (name, amount) in [("al\u{fffd}ice", "1"), ("caf\u{e9}", "2"), ("cafe\u{301}", "3"), (" ", "4")] {
            #expect(try await cluster.tool("bank", "open", name, amount).status == 0)
            #expect(try await cluster.tool("bank", "balance", name).output == "\(name) holds \(amount)\n")
        }
        #expect(try await cluster.tool("bank", "total").output == "all accounts hold 10\n")
        for name in ["", "a\nb", "a\u{7f}", String(repeating: "x", count: 65)] {
            #expect(try await cluster.tool("bank", "open", name).status == 1)
        }
        #expect(try await cluster.stop() == [0])
    }

    @Test func linesThatAreNotUTF8AreRefused() async throws {
        let cluster = try ProcessCluster(nodes: 1)
        try await cluster.startAndWait()
        let result = try await shell(
            "bank run --nodes \(cluster.addresses)",
            input: #"printf '{"id":"1","op":"open","account":"al\377ice","balance":1}\n'"#)
        #expect(result.status == 2, "\(result.error)")
        #expect(result.output.contains("the line is not UTF-8"), "\(result.output)")
        #expect(try await cluster.tool("bank", "total").output == "all accounts hold 0\n")
        #expect(try await cluster.stop() == [0])
    }

    @Test func aConfigurationThatIsNotUTF8IsRefused() async throws {
        let file = directory.path + "/node.json"
        let result = try await shell(
            "node --config \(file)",
            input: #"""
                printf '{"cluster":"b\377","node":1,"dataDirectory":"\#(directory.path)/data",\#
                "nodes":[{"id":1,"host":"127.0.0.1","port":7}]}' > \#(file); true
                """#)
        #expect(result.status == 2, "\(result.error)")
        #expect(!FileManager.default.fileExists(atPath: directory.path + "/data"))
    }

    /// SQLite's text ends at U+0000: the store would not find its own name again.
    @Test(arguments: [#"ba\u0000nk"#, #"ba\nnk"#, #"\u0085"#, ""])
    func aClusterHasANameThatCanBePrinted(_ name: String) async throws {
        let file = try directory.write(
            #"""
            {"cluster":"\#(name)","node":1,"dataDirectory":"\#(directory.path)/data",\#
            "nodes":[{"id":1,"host":"127.0.0.1","port":\#(LoopbackPorts.free(1)[0])}]}
            """#, to: "node.json")
        let node = try await Tool.run(["node", "--config", file])
        #expect(node.status == 2, "\(node.error)")
        #expect(node.error.contains(#""cluster" must be a name "#), "\(node.error)")
        #expect(!FileManager.default.fileExists(atPath: directory.path + "/data"))
    }

    /// An empty name would switch the check off.
    @Test func anEmptyClusterIsNoCheckSwitchedOff() async throws {
        let cluster = try ProcessCluster(nodes: 1)
        try await cluster.startAndWait()
        for name in ["", "a\nb", String(repeating: "x", count: 256)] {
            for command in [
                ["bank", "total"], ["bank", "run"], ["append"], ["tail"], ["status"], ["snapshot"],
                ["member", "list"], ["leader", "show"],
            ] {
                let result = try await Tool.run(
                    command + ["--nodes", cluster.addresses, "--cluster", name])
                #expect(result.status == 2 && result.output.isEmpty, "\(command): \(result.output)")
                #expect(result.error.contains("--cluster must be a name "), "\(command): \(result.error)")
            }
            let recover = try await Tool.run([
                "recover", "--force", cluster.dataDirectory(of: 1), "--cluster", name,
            ])
            #expect(recover.status == 2 && recover.error.contains("--cluster must be a name "))
        }
        #expect(try await cluster.tool("bank", "total", "--cluster", "bank").status == 0)
        #expect(try await cluster.tool("bank", "total", "--cluster", "shop").status == 3)
        #expect(try await cluster.stop() == [0])
    }

    @Test(arguments: ["a\nb:7001", "a b:7001", "a\u{1b}[31m:7001"])
    func anAddressHasNoBlanks(_ address: String) async throws {
        let result = try await Tool.run(["member", "add", address, "--nodes", "127.0.0.1:1"])
        #expect(result.status == 2, "\(result.error)")
    }
}
