import Decree
import Foundation
import Testing

struct NodeConfigurationTests {
    static let nodes = """
        [{"id": 1, "host": "127.0.0.1", "port": 7001}, {"id": 2, "host": "127.0.0.1", "port": 7002}, \
        {"id": 3, "host": "127.0.0.1", "port": 7003}]
        """

    private func decode(_ json: String) throws(ConfigurationError) -> NodeConfiguration {
        try NodeConfiguration.decode(Data(json.utf8))
    }

    @Test func aSmallConfigurationGetsTheDefaults() throws {
        let json = #"{"cluster": "bank", "node": 2, "dataDirectory": "d", "nodes": \#(Self.nodes)}"#
        let configuration = try decode(json)
        #expect(configuration.heartbeatMilliseconds == 50)
        #expect(configuration.electionTimeoutMilliseconds == 500)
        #expect(configuration.address?.port == 7002)
        #expect(configuration.warnings.isEmpty)
    }

    @Test func whatIsWrittenIsReadBack() throws {
        let json = #"{"cluster": "bank", "node": 2, "dataDirectory": "d", "nodes": \#(Self.nodes)}"#
        let configuration = try decode(json)
        #expect(try NodeConfiguration.decode(JSONEncoder().encode(configuration)) == configuration)
    }

    @Test(arguments: [
        (
            #"{"cluster":"c","node":1,"dataDirectory":"d","nodes":\#(nodes),"hartbeat":1}"#,
            "unknown key \"hartbeat\""
        ),
        (
            #"{"cluster":"c","node":1,"dataDirectory":"d","nodes":[{"id":1,"host":"h","port":1,"x":2}]}"#,
            "unknown key \"x\""
        ),
        (#"{"cluster":"c","node":1,"dataDirectory":"d"}"#, "\"nodes\" is missing"),
        (#"{"cluster":"c","node":1,"dataDirectory":"d","nodes":[]}"#, "\"nodes\" is empty"),
        (#"{"cluster":"c","node":4,"dataDirectory":"d","nodes":\#(nodes)}"#, "which \"nodes\" does not list"),
        (#"{"cluster":"","node":1,"dataDirectory":"d","nodes":\#(nodes)}"#, "\"cluster\" must be"),
        (
            #"{"cluster":"a\u0000b","node":1,"dataDirectory":"d","nodes":\#(nodes)}"#,
            "\"cluster\" must be a name without control characters; it holds U+0000"
        ),
        (
            #"{"cluster":"a\nb","node":1,"dataDirectory":"d","nodes":\#(nodes)}"#,
            "\"cluster\" must be a name without control characters; it holds U+000A"
        ),
        (
            #"{"cluster":"c","node":1,"dataDirectory":"d","nodes":[{"id":1,"host":"h\n","port":1}]}"#,
            "node 1's \"host\" holds the character U+000A"
        ),
        (#"{"cluster":"c","node":1,"dataDirectory":"","nodes":\#(nodes)}"#, "\"dataDirectory\" is empty"),
        (
            #"{"cluster":"c","node":"1","dataDirectory":"d","nodes":\#(nodes)}"#,
            "another type is expected at node"
        ),
        (
            #"{"cluster":"c","node":1,"dataDirectory":"d","nodes":\#(nodes),"heartbeatMilliseconds":5}"#,
            "heartbeatMilliseconds"
        ),
        (
            #"{"cluster":"c","node":1,"dataDirectory":"d","nodes":\#(nodes),"electionTimeoutMilliseconds":60}"#,
            "three heartbeats"
        ),
        (
            #"{"cluster":"c","node":1,"dataDirectory":"d","nodes":[{"id":1,"host":"h","port":1},{"id":1,"host":"i","port":1}]}"#,
            "node id 1 is listed twice"
        ),
        (
            #"{"cluster":"c","node":1,"dataDirectory":"d","nodes":[{"id":1,"host":"h","port":1},{"id":2,"host":"h","port":1}]}"#,
            "address h:1 is listed twice"
        ),
        (
            #"{"cluster":"c","node":1,"dataDirectory":"d","nodes":[{"id":40000,"host":"h","port":1}]}"#,
            "node id 40000"
        ),
        (#"{"cluster":"c","node":1,"dataDirectory":"d","nodes":[{"id":1,"host":"h","port":0}]}"#, "port 0"),
        (
            #"{"cluster":"c","node":1,"dataDirectory":"d\u0000e","nodes":[{"id":1,"host":"h","port":1}]}"#,
            "\"dataDirectory\" holds the character U+0000"
        ),
        (
            #"{"cluster":"c","node":1,"dataDirectory":"d","nodes":[{"id":1,"host":"h\u0000","port":1}]}"#,
            "node 1's \"host\" holds the character U+0000"
        ),
        (#"{"cluster":"c","node":1,"#, "not valid JSON"),
        (
            #"{"cluster":"c","node":1.5,"dataDirectory":"d","nodes":\#(nodes)}"#,
            "a whole number of at most 18 digits is expected at node"
        ),
        (
            #"{"cluster":"c","node":1,"dataDirectory":"d","nodes":\#(nodes),"snapshotCommands":99999999999999999999}"#,
            "a whole number of at most 18 digits is expected at snapshotCommands"
        ),
        (
            #"{"cluster":"c","node":1,"dataDirectory":"d","nodes":[{"id":1,"host":"h","port":7e999}]}"#,
            "a whole number of at most 18 digits is expected at nodes.[0].port"
        ),
    ]) func aMistakeIsNamed(json: String, message: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try decode(json) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        ("", "is empty: write a name or an IP address"), ("127.0.0.1 ", "holds a blank: leave it out"),
        ("a\u{a0}b", "holds a blank: leave it out"),
        ("[::1]", #""[::1]" has brackets: write the address without them"#),
        ("127.0.0.1:7001", "has a colon, and is no IPv6 address: write the host here, and the port apart"),
        ("*", "is no address: write 0.0.0.0 or ::"),
    ]) func whatIsNoHostIsRefused(host: String, message: String) {
        let configuration = NodeConfiguration(
            cluster: "c", node: 1, nodes: [.init(id: 1, host: host, port: 7001)], dataDirectory: "d")
        let error = #expect(throws: ConfigurationError.self) { try configuration.validate() }
        let text = error?.description ?? ""
        #expect(text.hasPrefix("node 1's \"host\" ") && text.contains(message), "\(text)")
    }

    @Test(arguments: ["h", "10.0.0.1", "::1", "fe80::1%eth0", "0.0.0.0"]) func hostsAreTaken(host: String)
        throws
    {
        try NodeConfiguration(
            cluster: "c", node: 1, nodes: [.init(id: 1, host: host, port: 7001)], dataDirectory: "d"
        ).validate()
    }

    @Test func aNodeListensAtNoStar() {
        let configuration = NodeConfiguration(
            cluster: "c", node: 1, nodes: [.init(id: 1, host: "h", port: 7001)], dataDirectory: "d",
            listen: "*:7001")
        let error = #expect(throws: ConfigurationError.self) { try configuration.validate() }
        #expect(error?.description.contains("\"listen\" must be HOST:PORT, such as 0.0.0.0:7001") == true)
    }

    @Test func aFileInAnotherEncodingIsNamedSo() {
        let json = Data(#"{"cluster":"caf"#.utf8) + [0xe9] + Data(#""}"#.utf8)
        let error = #expect(throws: ConfigurationError.self) { try NodeConfiguration.decode(json) }
        #expect(error?.description == "not valid UTF-8: write the file in that encoding")
    }

    /// More than may vote may be listed, for others have joined; a cluster is not created with them.
    @Test func thirtyThreeNodesAreTooMany() throws {
        let many = (1...33).map { #"{"id":\#($0),"host":"h","port":\#($0)}"# }.joined(separator: ",")
        let error = #expect(throws: ConfigurationError.self) {
            try decode(#"{"cluster":"c","node":1,"dataDirectory":"d","nodes":[\#(many)]}"#)
        }
        #expect(error?.description.contains("at most 32") == true)
    }

    @Test func anEvenNumberOfNodesIsLegalAndWarnedOf() throws {
        let two = #"[{"id":1,"host":"h","port":1},{"id":2,"host":"h","port":2}]"#
        let configuration = try decode(#"{"cluster":"c","node":1,"dataDirectory":"d","nodes":\#(two)}"#)
        #expect(configuration.warnings.count == 1)
    }

    @Test func aFileThatIsNotThereIsNamed() {
        let error = #expect(throws: ConfigurationError.self) {
            try NodeConfiguration.load(from: "/nonexistent/node.json")
        }
        #expect(error?.description.contains("cannot read /nonexistent/node.json") == true)
    }
}
