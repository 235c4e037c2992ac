import DecreeStore
import Foundation
import Paxos

/// What a `decree recover` that was killed has left beside a data directory. It makes the new store as `DIR.recovered-T`,
/// moves the old one to `DIR.lost-quorum-T`, and the new one into its place: killed between the two moves, nothing is in
/// that place.
struct UnfinishedRecovery {
    static let recovered = ".recovered-"
    static let evidence = ".lost-quorum-"

    private let directory: String
    /// The new stores, and the old ones, by the tokens of their runs.
    private let recovered: Set<String>
    private let evidence: Set<String>

    init(beside directory: String) {
        let url = URL(fileURLWithPath: directory).standardizedFileURL
        self.directory = url.path
        let parent = url.deletingLastPathComponent().path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        func tokens(_ infix: String) -> Set<String> {
            let prefix = url.lastPathComponent + infix
            return Set(names.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) })
        }
        recovered = tokens(Self.recovered)
        evidence = tokens(Self.evidence)
    }

    private func paths(_ infix: String, _ tokens: Set<String>) -> [String] {
        tokens.sorted().map { directory + infix + $0 }
    }

    /// New stores that are complete, for the old ones were moved away for them.
    private var complete: Set<String> { recovered.intersection(evidence) }

    // MARK: Going on with it

    /// Clears away what runs have left that were killed before they moved anything: it was made of the store that is
    /// still in its place.
    func clear() throws {
        for path in paths(Self.recovered, recovered) { try FileManager.default.removeItem(atPath: path) }
    }

    /// The run that was killed between the two moves, if one was.
    func interrupted() throws -> Interrupted? {
        guard try WholeDirectory.isFree(directory) else {
            guard complete.isEmpty else {
                throw ToolError(
                    .store,
                    "\(paths(Self.recovered, complete).joined(separator: ", ")): an earlier `decree recover` was "
                        + "killed before it put this into its place, and now something else is in \(directory): move "
                        + "that away, and run this again to finish it; or, if that is the one to go on with, move the "
                        + "former away")
            }
            return nil
        }
        guard complete.count == 1, let token = complete.first else {
            guard recovered.isEmpty else {
                throw ToolError(
                    .store,
                    "\(directory) is not there, and which of these is to be put into its place is not clear: "
                        + paths(Self.recovered, recovered).joined(separator: ", ")
                        + "; look at them with `decree log verify`")
            }
            return nil
        }
        return Interrupted(
            directory: directory, fresh: directory + Self.recovered + token,
            evidence: directory + Self.evidence + token)
    }

    /// A new store that waits for its place.
    struct Interrupted {
        let directory: String
        let fresh: String
        let evidence: String

        /// Looks at the store once more, and puts it into its place.
        func finish() throws -> VerifiedStore {
            let store = try VerifiedStore(fresh)
            try store.requireSound()
            if FileManager.default.fileExists(atPath: directory) {
                try FileManager.default.removeItem(atPath: directory)
            }
            try FileManager.default.moveItem(atPath: fresh, toPath: directory)
            try PosixFiles().syncDirectory(URL(fileURLWithPath: directory).deletingLastPathComponent().path)
            return store
        }
    }

    // MARK: Keeping a node from it

    /// A node that found nothing in its directory would found an empty store there, and vote with it.
    ///
    /// - Parameter isJoining: such a node has a new id and no votes to forget: what was put aside is no obstacle.
    func refuseToFound(isJoining: Bool) throws {
        guard !FileManager.default.fileExists(atPath: directory + "/node.db") else { return }
        guard recovered.isEmpty else {
            throw ToolError(
                .store,
                "there is no store in \(directory), and beside it is "
                    + "\(paths(Self.recovered, recovered).joined(separator: ", ")), of a `decree recover` that was "
                    + "killed: run `decree recover --force \(directory)` again to finish it"
            )
        }
        guard !isJoining, !evidence.isEmpty else { return }
        throw ToolError(
            .store,
            "there is no store in \(directory), and beside it is what `decree recover` put aside: "
                + "\(paths(Self.evidence, evidence).joined(separator: ", ")). An empty node must not come in its "
                + "place: find the recovered store; or let the node join with a new id: decree node --join HOST:PORT"
        )
    }
}
