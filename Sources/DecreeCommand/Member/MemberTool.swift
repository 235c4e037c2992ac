import ArgumentParser
import Decree
import Paxos

/// `decree member`: who belongs to the cluster.
struct MemberTool: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "member",
        abstract: "See and change who belongs to the cluster.",
        discussion: """
            Members are voters, who accept and may lead; those who join, which become voters by themselves when \
            they have caught up; and non-voters, which learn and execute, and are asked for nothing. Changes go \
            through the log and come into force some slots later, one after another. Any node can be asked: the \
            leader is found. An id is given once, and never again.

            A node that is gone for good is replaced like this:
              decree member replace 3 10.0.0.9:7001 --nodes …
              decree node --join 10.0.0.1:7001 --listen 10.0.0.9:7001 --data-directory DIR

            Asking again is harmless: what is so already is left so, and the exit code is 0. One thing alone cannot be told \
            from a mistake: `add` at the address of a member that votes by now is refused. In a cluster with several groups a change is \
            made in one after another, with the same id; if that fails in the middle, run it again.

            EXIT CODES
              0  it is so now
              1  the cluster refused, and says why
              2  wrong usage
              3  no node can be reached, none leads, or the time was up
            """,
        subcommands: [
            MemberList.self, MemberAdd.self, MemberRemove.self, MemberReplace.self, MemberPromote.self,
            MemberMove.self,
        ])
}

/// `decree member list`.
struct MemberList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the members of every group.",
        discussion: """
            As the leader sees them, if it can be reached, or else the node that has executed most.

              node      its id; * marks the leader
              role      voter, non-voter, or joining, and in whose place
              address   where it is reached
              store     the name of its store; - for those of the beginning, and for who has yet to come
              executed  slots it has executed, if the leader knows
              lag       slots chosen that it has not executed
              understands
                        the newest version of the log that its build understands, if the leader
                        has met it; the cluster's version is raised when all members can

            `--json` prints an object a member:
              {"group":1,"node":4,"role":"joining","replaces":3,"address":"10.0.0.9:7001",
               "executedThrough":812,"lag":4,"understands":3,"leads":false,"version":3,"inForceFrom":1068}

            EXAMPLE
              decree member list --nodes 10.0.0.1:7001
            """)

    @OptionGroup var options: OperatorOptions

    func run() async throws {
        try await options.run { call in
            let groups = try await call.groups()
            for view in groups {
                if options.json {
                    for member in view.members { tell(member, view) }
                } else {
                    for line in view.table(isNamed: groups.count > 1) { print(line) }
                }
            }
        }
    }

    private func tell(_ member: NodeStatusMember, _ view: GroupView) {
        options.tell("") { line in
            line.add("group", view.group.rawValue)
            line.add("node", member.node)
            line.add("role", member.role)
            if let replaced = member.replaces { line.add("replaces", replaced) }
            if let address = member.address { line.add("address", address) }
            if let store = member.store { line.add("store", store) }
            if let executed = member.executedThrough {
                line.add("executedThrough", executed)
                line.add("lag", view.lag(of: executed))
            }
            if let understands = member.understands { line.add("understands", understands) }
            line.add("leads", member.id == view.leader)
            if let version = view.version { line.add("version", version) }
            if let from = view.membersFrom { line.add("inForceFrom", from) }
        }
    }
}
