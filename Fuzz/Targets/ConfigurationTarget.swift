import Decree
import Foundation

/// A node's configuration: JSON that is refused, or understood.
enum ConfigurationTarget {
    static func run(_ input: [UInt8]) throws(FuzzFailure) {
        let configuration: NodeConfiguration
        do throws(ConfigurationError) {
            configuration = try NodeConfiguration.decode(Data(input))
        } catch {
            try require(!error.description.isEmpty, "refused without a word")
            return
        }
        // What a node asks of it when it starts; none of it may trap.
        _ = configuration.warnings
        try require(configuration.address?.id == configuration.node, "a node without an address")
        let texts = configuration.nodes.map(\.host) + [configuration.dataDirectory]
        try require(!texts.contains { $0.utf8.contains(0) }, "a name that ends early in \(configuration)")
        let genesis = configuration.genesis
        try require(genesis.voters.count == configuration.nodes.count, "\(genesis) of \(configuration)")

        let json = try encoded(configuration)
        let again: NodeConfiguration
        do throws(ConfigurationError) {
            again = try NodeConfiguration.decode(json)
        } catch {
            throw FuzzFailure("\(configuration) is accepted, and as encoded refused: \(error)")
        }
        try require(again == configuration, "\(configuration) is encoded, and read as \(again)")
        // Swift takes two spellings of a letter for one; bytes do not.
        try require(try encoded(again) == json, "\(configuration) is encoded in two ways")
    }

    private static func encoded(_ configuration: NodeConfiguration) throws(FuzzFailure) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        do {
            return try encoder.encode(configuration)
        } catch {
            throw FuzzFailure("\(configuration) cannot be encoded: \(error)")
        }
    }

    static func seeds() throws -> [[UInt8]] {
        let counts = [1, 3, 9]
        let encodedOnes = try counts.map { count in
            let nodes = (1...count).map {
                NodeConfiguration.Member(id: $0, host: "10.0.0.\($0)", port: 7_000 + $0)
            }
            return try Array(
                encoded(NodeConfiguration(cluster: "bank", node: count, nodes: nodes, dataDirectory: "/data"))
            )
        }
        let short = #"{"cluster":"b","node":1,"dataDirectory":"d","nodes":[{"id":1,"host":"h","port":7}]}"#
        return encodedOnes + [Array(short.utf8)]
    }
}
