import ArgumentParser
import Decree
import DecreeStore
import Foundation
import Paxos

/// `decree recover`: a new cluster from what is left of one that lost its quorum.
struct RecoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover",
        abstract: "Go on with one surviving node when a majority of the voters is lost for good.",
        discussion: """
            Only when the lost voters' disks are gone: with a majority of them the cluster goes on by itself, and \
            loses nothing. Stop all survivors, compare them with `decree log verify`, and run this on the one that \
            is furthest. It says what may be lost, and asks before it writes anything.

            The node becomes the only voter of a new cluster. What it knows to be chosen stays; what it accepted \
            without knowing stays too, and is chosen by this. What others had acknowledged to clients, and this \
            node never heard of, is lost. The old store stays in the directory, as lost-quorum-…. Wipe the other \
            survivors, and let them join: `decree node --join`. Started with the configuration they had, they would \
            be a second cluster of that name. If it is killed, run it again: it goes on.

            EXAMPLE
              decree recover --force /var/lib/decree

            EXIT CODES
              0  the node can be started
              1  the store is not sound, or you did not confirm
              2  wrong usage
              4  the store cannot be read or written, or a node runs on it
            """)

    @Argument(help: ArgumentHelp("The survivor's data directory.", valueName: "directory"))
    var directory: String

    @Flag(help: "It may lose what clients were told: say that you mean it.")
    var force = false

    @Flag(help: "Do not ask.")
    var yes = false

    @Option(help: ArgumentHelp("The new cluster's name; the same unless given.", valueName: "name"))
    var cluster: String?

    @Flag(help: "Print JSON, one object a group. Needs --yes.")
    var json = false

    func validate() throws {
        guard force else {
            throw ValidationError(
                "this may lose what clients were told: read `decree help recover`, and add --force if you mean it"
            )
        }
        guard !json || yes else { throw ValidationError("--json asks nothing: add --yes") }
        if let flaw = cluster.flatMap({ ClusterName.flaw(in: $0) }) {
            throw ValidationError("--cluster \(flaw). Leave it out to keep the name")
        }
    }

    func run() async throws {
        let path = try StorePlace.resolve(directory)
        guard FileManager.default.fileExists(atPath: path) else {
            throw StoreError.missing(directory: directory)
        }
        guard let lock = try DirectoryLock(path) else {
            throw StoreError.badDirectory(
                directory: directory, detail: "another `decree recover` works on it")
        }
        defer { withExtendedLifetime(lock) {} }
        let unfinished = UnfinishedRecovery(in: path)
        if let interrupted = try unfinished.interrupted() { return try finish(interrupted) }
        // Held to the end: no node starts on it meanwhile.
        let store = try VerifiedStore(path)
        try store.requireSound()
        let recovery = try QuorumRecovery(store, directory: path, cluster: cluster)
        if !json { for line in recovery.warning { print(line) } }
        try confirm(recovery)
        try unfinished.clear()
        try recovery.write()
        for line in json ? recovery.json : recovery.conclusion { print(line) }
        withExtendedLifetime(store) {}
    }

    /// What an earlier run was told to do, it is not asked again.
    private func finish(_ interrupted: UnfinishedRecovery.Move) throws {
        let store = try interrupted.finish()
        defer { withExtendedLifetime(store) {} }
        guard json else {
            print(
                "an earlier run was killed after it had moved the old store away: what it made is put into its place"
            )
            let node = store.node.map { " (node \($0.node) of cluster \"\($0.cluster)\")" } ?? ""
            print(
                "\(interrupted.directory)\(node) is ready; what was there before is in \(interrupted.evidence)"
            )
            return
        }
        for (id, kind) in try store.inspector.groups() {
            let end = try store.inspector.restore(
                id, on: MachineKind.named(kind).machine, includingVotes: false
            ).end
            var line = JSONWriter()
            line.line { line in
                line.add("group", id.rawValue)
                line.add("through", end.executedThrough.rawValue)
                line.add("stateDigest", end.state.description)
                line.add("evidence", interrupted.evidence)
            }
            print(line.text)
        }
    }

    private func confirm(_ recovery: QuorumRecovery) throws {
        guard !yes else { return }
        print("Type the cluster's name, \(recovery.old.cluster), to go on:", terminator: " ")
        FileHandle.standardOutput.write(Data())
        fflush(nil)
        let answer = readLine()
        // What a person types ends the line; what comes through a pipe is not seen.
        if isatty(STDIN_FILENO) == 0 { print() }
        guard answer == recovery.old.cluster else {
            throw ToolError(.checkFailed, "not confirmed: nothing was written")
        }
    }
}
