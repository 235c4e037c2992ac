import ArgumentParser
import Decree
import DecreeClient
import Paxos

/// `decree member add`.
struct MemberAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Admit a node before it comes.",
        discussion: """
            The node learns everything that was chosen, and votes as soon as it is close to the others; with \
            `--non-voter` it never does, until it is promoted. It gets the next id that was never given, unless \
            one is named. Afterwards start it with `decree node --join`. That admits a node as well: this command is for knowing \
            its id before.

            EXAMPLES
              decree member add 10.0.0.4:7001 --nodes 10.0.0.1:7001
              decree member add 10.0.0.5:7001 --non-voter --nodes 10.0.0.1:7001
            """)

    @Argument(help: ArgumentHelp("Where the node will be reached.", valueName: "host:port"))
    var address: AddressArgument

    @Option(help: ArgumentHelp("Its id; the next that was never given unless named.", valueName: "n"))
    var id: NodeArgument?

    @Flag(help: "It is never to vote by itself.")
    var nonVoter = false

    @OptionGroup var options: OperatorOptions

    func run() async throws {
        let role: Member.Role = nonVoter ? .nonVoter : .joining(replacing: nil)
        try await options.run { call in
            let change = try await MemberChange(call)
            try await change.judge(address.address)
            let done = try await change.run { view, given in
                if let known = view.member(at: address.address), let node = known.id,
                    known.role != "voter", id == nil || id?.node == node
                {
                    return .nothing(node)
                }
                return .change(
                    .add(node: given ?? id?.node, role: role, store: nil, address: "\(address.address)"))
            }
            options.tell(done, "add") { "node \($0) is admitted at \(address.address)" }
            try await options.tellHowToStart(at: address.address, call)
        }
    }
}

/// `decree member remove`.
struct MemberRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Take a member out for good.",
        discussion: """
            Its id is never given again. It may be up or down; if it leads, another takes over. It is refused \
            when too few of the voters that remain are up to go on.

            EXAMPLE
              decree member remove 3 --nodes 10.0.0.1:7001
            """)

    @Argument(help: ArgumentHelp("The member's id.", valueName: "n"))
    var node: NodeArgument

    @OptionGroup var options: OperatorOptions

    func run() async throws {
        try await options.run { call in
            let change = try await MemberChange(call)
            let isAnywhere = change.groups.contains { $0.member(node.node) != nil }
            let done = try await change.run { view, _ in
                // Gone here and not yet there: the last time it failed in the middle.
                isAnywhere && view.member(node.node) == nil
                    ? .nothing(node.node) : .change(.remove(node.node))
            }
            options.tell(done, "remove") { "node \($0) is removed" }
        }
    }
}

/// `decree member replace`.
struct MemberReplace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replace",
        abstract: "Let a new node take a voter's place.",
        discussion: """
            The new node is admitted, learns what was chosen, and when it is close it becomes a voter and the old \
            one leaves, in one step: there are never fewer voters. The old one may be up or down. Start the new \
            one with `decree node --join`.

            With `--wait` the command waits until the new node has taken over, for which it must be started \
            meanwhile; give it a `--deadline` that suits the size of the state.

            EXAMPLE
              decree member replace 3 10.0.0.9:7001 --nodes 10.0.0.1:7001
            """)

    @Argument(help: ArgumentHelp("The voter that leaves.", valueName: "n"))
    var node: NodeArgument

    @Argument(help: ArgumentHelp("Where the new node will be reached.", valueName: "host:port"))
    var address: AddressArgument

    @Flag(help: "Wait until the new node votes and the old one is gone.")
    var wait = false

    @OptionGroup var options: OperatorOptions

    func run() async throws {
        try await options.run { call in
            let change = try await MemberChange(call)
            try await change.judge(address.address)
            let done = try await change.run { view, given in
                if let known = view.member(at: address.address), let new = known.id, new != node.node,
                    known.replaces == Int(node.node.rawValue)
                        || known.role == "voter" && view.member(node.node) == nil
                {
                    return .nothing(new)
                }
                return .change(
                    .add(
                        node: given, role: .joining(replacing: node.node), store: nil,
                        address: "\(address.address)"))
            }
            options.tell(done, "replace") {
                "node \($0) is admitted at \(address.address) in the place of node \(node.node)"
            }
            try await options.tellHowToStart(at: address.address, call)
            guard wait else { return }
            try await change.waitUntilInForce(done) { view, new in
                view.member(new)?.role == "voter" && view.member(node.node) == nil
            }
            options.tell(done, "replace", isInForce: true) {
                "node \($0) votes in the place of node \(node.node)"
            }
        }
    }
}

/// `decree member promote`.
struct MemberPromote: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote",
        abstract: "Let a member vote.",
        discussion: """
            For non-voters; nodes that join are promoted by themselves. It is refused while the member is too far \
            behind. With `--wait` the command waits until the change is in force.

            EXAMPLE
              decree member promote 5 --nodes 10.0.0.1:7001
            """)

    @Argument(help: ArgumentHelp("The member's id.", valueName: "n"))
    var node: NodeArgument

    @Flag(help: "Wait until it votes.")
    var wait = false

    @OptionGroup var options: OperatorOptions

    func run() async throws {
        try await options.run { call in
            let change = try await MemberChange(call)
            let done = try await change.run { _, _ in .change(.promote(node.node)) }
            if wait {
                try await change.waitUntilInForce(done) { $0.member($1)?.role == "voter" }
            }
            options.tell(done, "promote", isInForce: wait) { "node \($0) votes" }
        }
    }
}

/// `decree member move`.
struct MemberMove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "move",
        abstract: "Say where a member is reached from now on.",
        discussion: """
            The node keeps its id and its store. Stop it, start it with the new address in its configuration, and \
            say so here, in any order.

            EXAMPLE
              decree member move 3 10.0.1.3:7001 --nodes 10.0.0.1:7001
            """)

    @Argument(help: ArgumentHelp("The member's id.", valueName: "n"))
    var node: NodeArgument

    @Argument(help: ArgumentHelp("Where it is reached.", valueName: "host:port"))
    var address: AddressArgument

    @OptionGroup var options: OperatorOptions

    func run() async throws {
        try await options.run { call in
            let change = try await MemberChange(call)
            try await change.judge(address.address, of: node.node)
            let done = try await change.run { _, _ in
                .change(.move(node.node, address: "\(address.address)"))
            }
            options.tell(done, "move") { "node \($0) is reached at \(address.address)" }
        }
    }
}

extension OperatorOptions {
    /// Says what is to be done on the new node's machine.
    fileprivate func tellHowToStart(at address: NodeAddress, _ call: OperatorCall) async throws {
        guard !json, let member = call.nodes.first else { return }
        print(
            "start it there, with an empty directory: "
                + "decree node --join \(member) --listen \(address) --data-directory DIR")
    }
}
