import ArgumentParser
import DecreeStore
import Paxos

/// `decree log inspect`: what is chosen, and what is only accepted above it.
struct LogInspect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Print a stopped node's log, in order.",
        discussion: """
            First what is chosen, from the first slot on; then what the node has accepted above it, marked: \
            that may be chosen, or not, and only the cluster knows. A slot holds a batch of commands, and \
            each has a line.

            `--json` prints one object a line and nothing else:
              {"group":1,"slot":7,"index":0,"ballot":[2,1],"opens":"7.0"}
              {"group":1,"slot":8,"ballot":[3,1],"noop":true}
              {"group":1,"slot":9,"index":0,"ballot":[3,1],"client":"7.0",
               "sequence":7,"command":{"op":"deposit","account":"a","amount":5}}

              slot, index
                        the position in the log, and in the slot's batch from 0
              ballot    round and node of a ballot it is known to be chosen in, or was
                        accepted in. Nodes may know the same slot by different
                        ballots: compare anything but this
              client, sequence
                        the session, named by the position of the entry that opened
                        it, and the command's number in it. A command may stand in
                        the log twice, when the lead changed while it was under way.
                        It was executed once: at the place that a result of
                        `decree bank run` names, as a rule the first
              unexecuted
                        true if it was not executed at this place: it stands in the
                        log before, or its session did not admit it. Rows of stores
                        of formats 1 and 2, and backups, do not say it
              command   an operation of the bank, or {"bytes":"…"} in hexadecimal
                        if it is none
              noop      nothing: it fills a slot that no value was found for
              opens     a session begins; its name
              accepted  true if the slot is not known here to be chosen

            EXAMPLES
              decree log inspect data/1
              decree log inspect data/1 --json | grep '"from":"alice"'

            EXIT CODES
              0  all of it was printed
              2  wrong usage
              4  the store cannot be read: it is missing, in use, no store of Decree's
                 or of a later version's, or a row is not what was written (what
                 stands before that row has been printed)
            """)

    @Argument(help: ArgumentHelp("A stopped node's data directory.", valueName: "dir"))
    var directory: String

    @Option(help: ArgumentHelp("The group whose log is meant; all of them unless given.", valueName: "id"))
    var group: UInt32?

    @Flag(help: "Print one JSON object a line.")
    var json = false

    func run() async throws {
        let (inspector, known) = try ToolError.reading(directory) {
            let inspector = try StoreInspector(directory: directory)
            return (inspector, try inspector.groups())
        }
        let wanted = known.filter { group == nil || $0.id.rawValue == group }
        guard !wanted.isEmpty else {
            throw ToolError(
                .usage,
                "\(directory) holds no group \(group ?? 0); its groups: "
                    + known.map { "\($0.id)" }.joined(separator: ", "))
        }
        var output = GatheredOutput()
        do {
            if !json { try describe(inspector, &output) }
            for (id, kind) in wanted {
                if !json { try describe(id, kind, inspector, &output) }
                let printer = SlotPrinter(group: id, isJSON: json)
                try inspector.forEachSlot(of: id) { try printer.write($0, to: &output) }
            }
        } catch let error as StoreError {
            try output.flush()
            throw ToolError(reading: directory, error)
        }
        try output.flush()
    }

    private func describe(_ inspector: StoreInspector, _ output: inout GatheredOutput) throws {
        let node = try inspector.node()
        try output.line(
            "node \(node.node) of cluster \"\(node.cluster)\", store \(node.storeID), format \(node.format), "
                + "\(node.persistSequence.grouped) transactions")
    }

    private func describe(
        _ group: GroupID, _ kind: String, _ inspector: StoreInspector, _ output: inout GatheredOutput
    ) throws {
        let promise = try inspector.promise(of: group)
        try output.line("group \(group), \(kind), promised \(promise == .zero ? "nothing" : "\(promise)")")
    }
}
