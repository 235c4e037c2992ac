import Decree
import Paxos

/// A member, as a status tells of it.
typealias NodeStatusMember = NodeStatus.Group.Member

extension GroupView {
    /// Slots chosen beyond `executed`.
    func lag(of executed: UInt64) -> UInt64 { max(chosenThrough, executed) - executed }

    /// The members, a line an element.
    func table(isNamed: Bool) -> [String] {
        var table = TextTable(header: ["node", "role", "address", "store", "executed", "lag", "understands"])
        for column in ["executed", "lag", "understands"] { table.alignRight(column) }
        for member in members {
            table.add([
                "\(member.node)" + (member.id == leader ? "*" : ""), member.roleText, member.address ?? "-",
                member.store ?? "-", member.executedThrough?.grouped ?? "-",
                member.executedThrough.map { lag(of: $0).grouped } ?? "-",
                member.understands.map { "\($0)" } ?? "-",
            ])
        }
        var lines = (isNamed ? ["group \(group)"] : []) + table.lines
        if members.isEmpty { lines.append("the node runs an earlier version that does not tell its members") }
        if let version { lines.append("the cluster is at version \(version)") }
        if let from = membersFrom {
            lines.append("in force from slot \(from); \(chosenThrough.grouped) slots are chosen")
        }
        return lines
    }
}
