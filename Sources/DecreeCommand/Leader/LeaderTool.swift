import ArgumentParser
import Decree
import DecreeClient
import Paxos

/// `decree leader`: who leads.
struct LeaderTool: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leader",
        abstract: "See who leads, and let another lead.",
        discussion: """
            EXIT CODES
              0  fine
              1  the cluster refused, or another node leads than was asked for
              2  wrong usage
              3  no node can be reached, none leads, or the time was up
            """,
        subcommands: [LeaderShow.self, LeaderTransfer.self], defaultSubcommand: LeaderShow.self)
}

/// `decree leader show`.
struct LeaderShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Say who leads every group.",
        discussion: """
            `--json` prints {"group":1,"leader":2,"address":"10.0.0.2:7001","ballot":[7,2],"chosenThrough":812}.

            EXAMPLE
              decree leader show --nodes 10.0.0.1:7001
            """)

    @OptionGroup var options: OperatorOptions

    func run() async throws {
        try await options.run { call in
            let groups = try await call.groups()
            for view in groups {
                guard let leader = view.leader else {
                    throw AdminError.noLeader.toolError
                }
                let address = view.member(leader)?.address
                let place = groups.count > 1 ? "group \(view.group): " : ""
                options.tell(
                    "\(place)node \(leader) leads" + (address.map { ", at \($0)" } ?? "")
                        + ", in ballot \(view.ballot.map(String.init).joined(separator: ".")); "
                        + "\(view.chosenThrough.grouped) slots are chosen"
                ) { line in
                    line.add("group", view.group.rawValue)
                    line.add("leader", leader.rawValue)
                    if let address { line.add("address", address) }
                    line.add("ballot", json: "[\(view.ballot.map(String.init).joined(separator: ","))]")
                    line.add("chosenThrough", view.chosenThrough)
                }
            }
        }
    }
}

/// `decree leader transfer`.
struct LeaderTransfer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transfer",
        abstract: "Let a voter lead: the one that is named, or whoever is furthest.",
        discussion: """
            Before a leader's machine is stopped, say. The successor must be up and close; nothing is lost, and \
            clients wait some milliseconds. The command waits until the successor leads.

            EXAMPLES
              decree leader transfer --nodes 10.0.0.1:7001
              decree leader transfer 3 --nodes 10.0.0.1:7001
            """)

    @Argument(help: ArgumentHelp("Who is to lead; whoever is furthest unless named.", valueName: "n"))
    var node: NodeArgument?

    @OptionGroup var options: OperatorOptions

    func run() async throws {
        try await options.run { call in
            let groups = try await call.groups()
            for view in groups { try await transfer(view, isNamed: groups.count > 1, call) }
        }
    }

    private func transfer(_ view: GroupView, isNamed: Bool, _ call: OperatorCall) async throws {
        let place = isNamed ? "group \(view.group): " : ""
        // The cluster would only say that nobody suitable is up. A node that does not lead may see old members.
        if let node, view.isLeaders, !view.members.isEmpty, view.member(node.node)?.role != "voter" {
            throw ToolError(
                .checkFailed, "\(place)refused: no voter has the id \(node.node): see `decree member list`")
        }
        let began = ContinuousClock.now
        let successor: NodeID
        do throws(AdminError) {
            let response = try await call.ask(.transferLead(to: node?.node), group: view.group)
            guard case .handedOver(let next) = response else { throw .noAnswer }
            successor = next
        } catch {
            throw error.toolError
        }
        var last: NodeID?
        let end = try await call.wait(for: view.group) { now in
            last = now.leader
            // A follower's word will do: the leader may be where this tool does not look.
            return now.leader == successor
        }
        let milliseconds = (ContinuousClock.now - began) / .milliseconds(1)
        guard end != nil else {
            throw ToolError(
                .checkFailed,
                "\(place)the lead was handed to node \(successor), and "
                    + (last.map { "node \($0) leads" } ?? "no node leads"))
        }
        options.tell("\(place)node \(successor) leads, after \(Format.time(milliseconds * 1_000))") { line in
            line.add("group", view.group.rawValue)
            line.add("leader", successor.rawValue)
            line.add("milliseconds", json: Format.fixed(milliseconds, 1))
        }
    }
}
