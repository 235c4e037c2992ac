import ArgumentParser
import DecreeClient
import Logging
import Paxos

/// Where the cluster is: what every command that speaks to one takes.
struct ClusterOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where nodes are, separated by commas. `status` and `snapshot` mean each that is named, `tail` asks "
                + "only those; for others one that answers is enough, from which they learn of the rest.",
            valueName: "host:port,…"), transform: NodeList.init(argument:))
    var nodes: NodeList

    @Option(
        help: ArgumentHelp(
            "The cluster's name; nodes of another are refused. Without it, whichever cluster is there.",
            valueName: "name"))
    var cluster: String?

    func validate() throws {
        // An empty name would switch the check off that was asked for.
        guard let flaw = cluster.flatMap({ ClusterName.flaw(in: $0) }) else { return }
        throw ValidationError("--cluster \(flaw). Leave it out to accept any cluster")
    }

    /// A client that tells its troubles by outcomes alone.
    func client(
        connections: Int = 1, deadline: Duration = .seconds(10), session: ClientSettings = ClientSettings()
    ) -> DecreeClient {
        DecreeClient(
            .init(
                cluster: cluster ?? "", nodes: nodes.addresses, connections: connections,
                deadline: deadline, session: session,
                logger: Logger(label: "decree.client", factory: { _ in SwiftLogNoOpLogHandler() })))
    }
}

/// The nodes' addresses as one argument.
struct NodeList {
    let addresses: [NodeAddress]

    init(argument: String) throws {
        guard let addresses = NodeAddress.list(argument) else {
            throw ValidationError(
                "--nodes wants HOST:PORT, separated by commas and without spaces, as in "
                    + "127.0.0.1:7001,127.0.0.1:7002; not \"\(argument)\"")
        }
        self.addresses = addresses
    }
}

/// A time in seconds as an argument: 10 or 0.5.
struct Seconds: ExpressibleByArgument {
    let duration: Duration

    init(_ seconds: Int) { duration = .seconds(seconds) }

    init?(argument: String) {
        guard let seconds = Double(argument), seconds > 0, seconds <= 86_400 else { return nil }
        duration = .seconds(seconds)
    }

    /// As it is written in the help.
    var defaultValueDescription: String { "\(duration.components.seconds)" }
}

extension DecreeClient {
    /// Waits for a connection, or fails with what is wrong with each node: exit code 3.
    func connectedOrUnreachable(within time: Duration) async throws {
        do throws(ClientError) {
            try await connected(within: min(time, .seconds(5)))
        } catch {
            await close()
            throw ToolError(.unreachable, "nothing was done: \(error)")
        }
    }
}
