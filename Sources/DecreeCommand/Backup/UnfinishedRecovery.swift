import Decree
import DecreeStore
import Foundation
import Paxos

/// What a `decree recover` that was killed has left in a data directory. It makes the new store in `DIR/.recovered-T`, moves
/// the old one to `DIR/lost-quorum-T`, its database first, and the new one into its place: killed in between, no store is
/// in that place.
struct UnfinishedRecovery {
    static let recovered = ".recovered-"
    static let evidence = "lost-quorum-"
    private static let database = "/node.db"

    private let directory: String
    /// The new stores, and the old ones, by the tokens of their runs.
    private let recovered: Set<String>
    private let evidence: Set<String>

    init(in directory: String) {
        let path = URL(fileURLWithPath: directory).standardizedFileURL.path
        self.directory = path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        func tokens(_ prefix: String) -> Set<String> {
            Set(names.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) })
        }
        recovered = tokens(Self.recovered)
        evidence = tokens(Self.evidence)
    }

    private func path(_ prefix: String, _ token: String) -> String { directory + "/" + prefix + token }

    private func paths(_ prefix: String, _ tokens: Set<String>) -> [String] {
        tokens.sorted().map { path(prefix, $0) }
    }

    private var isStoreInPlace: Bool { FileManager.default.fileExists(atPath: directory + Self.database) }

    /// New stores that are complete, for the old ones were moved away for them, and that are not in their place yet.
    private var complete: Set<String> {
        let files = FileManager.default
        return recovered.intersection(evidence).filter { token in
            files.fileExists(atPath: path(Self.recovered, token) + Self.database)
                && files.fileExists(atPath: path(Self.evidence, token) + Self.database)
        }
    }

    // MARK: Going on with it

    /// Clears away what runs have left that were killed before they moved anything, for it was made of the store that is
    /// still in its place; or when all was moved.
    func clear() throws {
        for token in recovered {
            try FileManager.default.removeItem(atPath: path(Self.recovered, token))
        }
        for token in evidence
        where (try? FileManager.default.contentsOfDirectory(atPath: path(Self.evidence, token)).isEmpty)
            == true
        {
            try FileManager.default.removeItem(atPath: path(Self.evidence, token))
        }
    }

    /// The run that was killed between its moves, if one was.
    func interrupted() throws -> Move? {
        guard !isStoreInPlace else {
            guard complete.isEmpty else {
                throw ToolError(
                    .store,
                    "\(paths(Self.recovered, complete).joined(separator: ", ")): an earlier `decree recover` was "
                        + "killed before it put this into its place, and now another store is in \(directory): move "
                        + "that away, and run this again to finish it; or, if that is the one to go on with, move the "
                        + "former away")
            }
            return nil
        }
        guard complete.count == 1, let token = complete.first else {
            guard recovered.isEmpty else {
                throw ToolError(
                    .store,
                    "there is no store in \(directory), and which of these is to be put into its place is not clear: "
                        + paths(Self.recovered, recovered).joined(separator: ", ")
                        + "; look at them with `decree log verify`")
            }
            return nil
        }
        return Move(
            directory: directory, fresh: path(Self.recovered, token), evidence: path(Self.evidence, token))
    }

    /// A new store that waits for its place.
    struct Move {
        let directory: String
        let fresh: String
        let evidence: String

        /// Looks at the store once more, and puts it into its place.
        func finish() throws -> VerifiedStore {
            try VerifiedStore(fresh).requireSound()
            try complete()
            return try VerifiedStore(directory)
        }

        /// Moves the old store aside, and the new one into its place. Each step may be done already. The old database goes
        /// first: without it no node takes what is left for a store.
        func complete() throws {
            let files = PosixFiles()
            try files.syncDirectory(fresh)
            _ = try files.createDirectory(evidence)
            for name in ["node.db", "node.db-wal", Joining.configurationFile] {
                // What is aside already was moved by a run before, which may have put the new one in its place since.
                guard FileManager.default.fileExists(atPath: directory + "/" + name),
                    !FileManager.default.fileExists(atPath: evidence + "/" + name)
                else { continue }
                try FileManager.default.moveItem(
                    atPath: directory + "/" + name, toPath: evidence + "/" + name)
                try files.syncDirectory(evidence)
                try files.syncDirectory(directory)
            }
            try StorePlace.place(fresh, in: directory)
            try FileManager.default.removeItem(atPath: fresh)
        }
    }

    // MARK: Keeping a node from it

    /// A node that found nothing in its directory would found an empty store there, and vote with it.
    ///
    /// - Parameter isJoining: such a node has a new id and no votes to forget: what was put aside is no obstacle.
    func refuseToFound(isJoining: Bool) throws {
        guard !isStoreInPlace else { return }
        guard recovered.isEmpty else {
            throw ToolError(
                .store,
                "there is no store in \(directory), but \(paths(Self.recovered, recovered).joined(separator: ", ")), of "
                    + "a `decree recover` that was killed: run `decree recover --force \(directory)` again to finish it"
            )
        }
        let unfinished = StorePlace.unfinished(in: directory)
        guard unfinished.isEmpty else {
            throw ToolError(
                .store,
                "there is no store in \(directory), but \(unfinished.joined(separator: ", ")), of a `decree restore` that "
                    + "was killed or is under way: run it again to finish it, or remove that directory")
        }
        guard !isJoining, !evidence.isEmpty else { return }
        throw ToolError(
            .store,
            "there is no store in \(directory), but what `decree recover` put aside: "
                + "\(paths(Self.evidence, evidence).joined(separator: ", ")). An empty node must not come in its "
                + "place: find the recovered store; or let the node join with a new id: decree node --join HOST:PORT"
        )
    }
}
