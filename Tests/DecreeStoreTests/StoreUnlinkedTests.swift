import Foundation
import Testing

@testable import DecreeStore
@testable import Paxos

/// Scenario UnlinkedStore (24): files that are deleted or replaced under a running store.
@Suite struct StoreUnlinkedTests {
    let directory: TemporaryDirectory
    private let files = FileManager.default

    init() throws { directory = try TemporaryDirectory() }

    /// Each leaves the store's own files open, and something else, or less, or nothing, under their names.
    enum Deed: String, CaseIterable {
        case deleteAll, deleteLog, deleteDatabase, moveAway, moveAwayAndMakeAnew, copyOver, cutOffLog,
            cutOffDatabase

        /// Those after which what is written is nowhere when the process has ended.
        static let losing: [Deed] = [.deleteAll, .deleteLog, .copyOver, .cutOffLog]

        func perform(on directory: TemporaryDirectory) throws {
            let files = FileManager.default
            let elsewhere = directory.path + "-elsewhere"
            switch self {
            case .deleteAll: try files.removeItem(atPath: directory.path)
            case .deleteLog: try files.removeItem(atPath: directory.log)
            case .deleteDatabase: try files.removeItem(atPath: directory.database)
            case .cutOffLog: try directory.write([], to: directory.log)
            case .cutOffDatabase: try directory.write([], to: directory.database)
            case .moveAway: try files.moveItem(atPath: directory.path, toPath: elsewhere)
            case .moveAwayAndMakeAnew:
                try files.moveItem(atPath: directory.path, toPath: elsewhere)
                try files.createDirectory(atPath: directory.path, withIntermediateDirectories: false)
            case .copyOver:
                try files.copyItem(atPath: directory.path, toPath: elsewhere)
                try files.removeItem(atPath: directory.path)
                try files.moveItem(atPath: elsewhere, toPath: directory.path)
            }
        }
    }

    @Test(arguments: Deed.losing) func nothingMoreIsSaid(_ deed: Deed) throws {
        defer { try? files.removeItem(atPath: directory.path + "-elsewhere") }
        let store = try openStore(directory)
        _ = try store.begin(process: 1)
        try store.fill(["a"])
        try store.verifyFiles()
        try deed.perform(on: directory)
        let lost = StoreError.filesReplaced(directory: directory.path)
        #expect(throws: lost) {
            _ = try store.commit(step(.promise(group, Ballot(round: 9, node: NodeID(2)))))
        }
        #expect(throws: lost) { try store.verifyFiles() }
        #expect(throws: lost) { _ = try store.commit(Step()) }
        #expect(lost.description.contains("deleted, replaced or cut off while the node ran"))
    }

    @Test(arguments: Deed.allCases) func anIdleStoreLooks(_ deed: Deed) throws {
        defer { try? files.removeItem(atPath: directory.path + "-elsewhere") }
        let store = try openStore(directory)
        _ = try store.begin(process: 1)
        try deed.perform(on: directory)
        #expect(throws: StoreError.filesReplaced(directory: directory.path)) { try store.verifyFiles() }
    }

    /// What happens to files in the ordinary course of things is none of that.
    @Test func checkpointsAndFencesLeaveTheFilesWhereTheyAre() throws {
        let store = try openStore(directory, options: .init(checkpointPages: 2))
        _ = try store.begin(process: 1)
        for round in 0..<20 {
            try store.expectCommit(
                step(.promise(group, Ballot(round: UInt64(round + 1), node: NodeID(2)))))
            try store.checkpointIfDue()
        }
        try store.verifyFiles()
        store.fence("fenced")
        try store.close()
    }
}
