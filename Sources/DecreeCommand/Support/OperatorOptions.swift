import ArgumentParser
import DecreeClient
import Foundation
import Paxos

/// What all commands take that change something of a running cluster.
struct OperatorOptions: ParsableArguments {
    @OptionGroup var cluster: ClusterOptions

    @Option(
        help: ArgumentHelp(
            "How long it is tried, and waited for, before the command gives up.", valueName: "seconds"))
    var deadline = Seconds(10)

    @Flag(help: "Print JSON, one object a line, instead of sentences.")
    var json = false

    /// Runs `body` with a client that is closed afterwards. With JSON, what goes wrong is a line as well.
    func run(_ body: (OperatorCall) async throws -> Void) async throws {
        let client = cluster.client(deadline: deadline.duration)
        let call = OperatorCall(
            client: client, nodes: cluster.nodes.addresses, end: ContinuousClock.now + deadline.duration)
        do {
            try await body(call)
        } catch {
            await client.close()
            guard json, let status = exitStatus(of: error) else { throw error }
            var line = JSONWriter()
            line.line { $0.add("error", "\(error)") }
            print(line.text)
            throw ExitCode(status.rawValue)
        }
        await client.close()
    }

    /// Prints a sentence, or the object that says the same.
    func tell(_ text: @autoclosure () -> String, _ members: (inout JSONWriter) -> Void) {
        guard json else { return print(text()) }
        var line = JSONWriter()
        line.line(members)
        print(line.text)
    }
}

extension AdminError {
    /// What the tool says of it, with its exit code.
    var toolError: ToolError {
        switch self {
        case .changeRefused, .refused, .outdated: ToolError(.checkFailed, "refused: \(self)")
        case .noLeader, .busy, .noAnswer, .unreachable: ToolError(.unreachable, description)
        }
    }
}

/// A node's id as an argument.
struct NodeArgument: ExpressibleByArgument {
    let node: NodeID

    init?(argument: String) {
        guard let number = UInt16(argument), let node = NodeID(rawValue: number) else { return nil }
        self.node = node
    }
}

/// A node's address as an argument.
struct AddressArgument: ExpressibleByArgument {
    let address: NodeAddress

    init?(argument: String) {
        guard let address = NodeAddress(argument), argument.utf8.count <= Member.maximumAddressBytes else {
            return nil
        }
        self.address = address
    }
}
