import ArgumentParser
import Decree
import DecreeClient
import Foundation

/// `decree status`: every node's own account of itself.
struct StatusTool: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Ask every node how it stands.",
        discussion: """
            One row a node, and a line of what they come to. Nodes are asked directly, each on its own: it \
            needs no leader and no majority, and a node that does not answer is a row that says why.

              role      leader, candidate or follower
              ballot    the highest it has promised, as round.node
              leader    who leads, as far as it knows
              chosen, executed, floor
                        slots chosen through, executed through, and deleted through
              lag       slots it has not executed of those chosen anywhere
              store     bytes of its database and write-ahead log
              fsyncs    since it started
              commit p99
                        the time that 99 of 100 commits stay below, fsync and all,
                        among the last 1,024
              snapshot  the slot and the bytes of the latest one
              disk      ok, or read-only while there is no room on it

            A node that hosts several groups has a row for each. Below the table: snapshots that are being \
            taken or are coming in, nodes that do not vote until they have learnt again what was damaged, and \
            the members for which the cluster's version is not raised yet. \
            `--members` adds a table of who belongs to each group.

            `--json` prints one line a node, with the above and more:
              {"address":"127.0.0.1:7001","node":1,"storeBytes":238656,"fsyncs":20,
               "groups":[{"group":1,"role":"leader","ballot":[3,1],"lag":0,…}],
               "commitP99Microseconds":2139.7,"isReadOnly":false,…}
              {"address":"127.0.0.1:7002","error":…}

            EXAMPLE
              decree status --nodes 127.0.0.1:7001,127.0.0.1:7002,127.0.0.1:7003

            EXIT CODES
              0  at least one node answers
              1  two nodes executed the same slots and have different logs or states; or the
                 nodes belong to different clusters, of one name perhaps
              2  wrong usage
              3  no node can be reached
            """)

    @OptionGroup var cluster: ClusterOptions

    @Option(help: ArgumentHelp("How long to wait for an answer.", valueName: "seconds"))
    var within = Seconds(2)

    @Flag(help: "Add a table of who belongs to each group. With --json it is there anyway.")
    var members = false

    @Flag(help: "Print one line of JSON a node.")
    var json = false

    func run() async throws {
        let client = cluster.client()
        let report = await StatusReport.gather(
            cluster.nodes.addresses, from: client, within: within.duration)
        await client.close()
        if json {
            for line in try report.jsonLines() { print(line) }
        } else {
            for line in report.table() { print(line) }
            for line in report.notes { print(line) }
            if members {
                let groups = GroupView.all(in: report)
                for view in groups {
                    for line in view.table(isNamed: groups.count > 1) { print(line) }
                }
            }
            print(report.conclusion)
        }
        guard report.isAnyReachable else {
            throw ToolError(.unreachable, "no node can be reached: check that they run and where")
        }
        if let mixture = report.mixture { throw ToolError(.checkFailed, mixture) }
        if let divergence = report.divergence { throw ToolError(.checkFailed, divergence) }
    }
}
