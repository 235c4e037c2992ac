import ArgumentParser
import DecreeClient
import Foundation
import Paxos

/// `decree backup`: a copy of everything, from a node that runs.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the log and the latest snapshot from a running node.",
        discussion: """
            Any node will do; it goes on working. What it had executed when the backup began is in it: its latest \
            snapshot, and the chosen slots behind that. Every chunk and every slot is held against its digest, \
            and the whole against the chain that the node tells.

            The backup is a directory with a store in it, which `decree log inspect` and `decree log verify` read \
            like a node's. It is nobody's store (its node is 32767), and `decree restore` makes a new cluster of \
            it. While it is written it is locked, and called DIRECTORY.incomplete-…; the next backup of that name \
            clears away one that was broken off. A finished one has an end mark, backup.json, without which it is \
            neither verified nor restored: copy the whole directory.

            EXAMPLE
              decree backup --nodes 10.0.0.2:7001 backups/2025-11-01

            EXIT CODES
              0  it is complete and verified
              1  what the node told does not fit together
              2  wrong usage; or there is something of that name already
              3  the node cannot be reached
              4  the backup cannot be written, or another process writes one of
                 that name
            """)

    @Option(
        help: ArgumentHelp("The node to copy from.", valueName: "host:port"),
        transform: NodeList.init(argument:))
    var nodes: NodeList

    @Argument(help: ArgumentHelp("The directory to make.", valueName: "directory"))
    var directory: String

    @Option(help: ArgumentHelp("How long one answer is waited for.", valueName: "seconds"))
    var deadline = Seconds(10)

    @Flag(help: "Print one JSON object a group.")
    var json = false

    func validate() throws {
        guard nodes.addresses.count == 1 else {
            throw ValidationError("a backup is taken from one node: name one address")
        }
        guard !directory.isEmpty else {
            throw ValidationError("the directory has no name: name the directory to make")
        }
        guard !WholeDirectory.isThere(directory) else {
            throw ValidationError("\(directory) is there already: name another directory")
        }
        guard !UnfinishedDirectory.isName(directory) else {
            throw ValidationError(
                "\(directory) is what an unfinished backup is called, with \(UnfinishedDirectory.infix) in its name: name "
                    + "another directory")
        }
    }

    func run() async throws {
        let client = DecreeClient(.init(cluster: "", nodes: nodes.addresses, logger: .silent))
        do {
            let run = BackupRun(
                client: client, address: nodes.addresses[0], directory: directory, deadline: deadline.duration
            )
            for group in try await run.run() { tell(group) }
        } catch {
            await client.close()
            throw error
        }
        await client.close()
    }

    private func tell(_ group: BackupRun.Group) {
        guard json else {
            let snapshot =
                group.snapshot.map {
                    "a snapshot at slot \($0.slot) of \(Format.bytes(Double($0.byteCount))) and "
                } ?? ""
            return print(
                "\(directory): group \(group.id) through slot \(group.through): \(snapshot)"
                    + "\(group.slots.grouped) slots of \(Format.bytes(Double(group.slotBytes))), in "
                    + Format.time(group.seconds * 1_000_000))
        }
        var line = JSONWriter()
        line.line { line in
            line.add("group", group.id.rawValue)
            line.add("through", group.through.rawValue)
            line.add("chain", group.chain.description)
            if let snapshot = group.snapshot {
                line.add("snapshotSlot", snapshot.slot.rawValue)
                line.add("snapshotBytes", snapshot.byteCount)
            }
            line.add("slots", group.slots)
            line.add("slotBytes", group.slotBytes)
            line.add("seconds", json: Format.fixed(group.seconds, 3))
        }
        print(line.text)
    }
}
