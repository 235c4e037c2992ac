import Foundation
import Testing

@testable import DecreeNode
@testable import DecreeStore
@testable import Paxos

/// Scenario UnlinkedStore (24), where only the names tell: files that were moved away are as long as they were.
@Suite struct LookingTests {
    /// However busy the disk is, it is looked whether the files are in their places, within a second.
    @Test(arguments: [false, true]) func aNodeLooksWhereItsFilesAre(isBusy: Bool) throws {
        let node = try NodeFixture()
        node.tick()
        let elsewhere = node.path + "-elsewhere"
        try FileManager.default.moveItem(atPath: node.path, toPath: elsewhere)
        defer { try? FileManager.default.removeItem(atPath: elsewhere) }
        node.mayFail = true
        var ticks = 0
        while node.core.failure == nil, ticks < 200 {
            ticks += 1
            if isBusy {
                let ballot = Ballot(round: UInt64(ticks), node: NodeID(2))
                node.receive(.prepare(Prepare(ballot: ballot, firstOpen: Slot(1))))
                #expect(node.isDiskBusy || node.core.failure != nil)
            }
            node.tick()
        }
        #expect(ticks < 100)
        guard case .store(.filesReplaced) = node.core.failure else {
            Issue.record("\(String(describing: node.core.failure))")
            return
        }
    }
}
