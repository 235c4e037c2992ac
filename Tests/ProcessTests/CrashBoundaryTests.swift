import Testing

@testable import DecreeCommand

/// The boundaries at which nodes die.
@Suite struct CrashBoundaryTests {
    @Test func noBoundaryIsVisitedTwice() {
        var walk = BoundaryWalk(seed: 3)
        let walked = (0..<300).map { _ in walk.next() }
        #expect(Set(walked).count == 300)
        for call in Boundary.Call.allCases {
            let numbers = walked.filter { $0.call == call }.map(\.number)
            #expect(numbers.count == 50)
            // The first ones all, and some far on, of calls that a node makes as long as it works.
            #expect(Set(1...20).isSubset(of: numbers))
            let isEverywhere = [.pwrite64, .fdatasync, .write].contains(call)
            #expect(numbers.contains { $0 > 200 } == isEverywhere)
            #expect(numbers.allSatisfy { (1...BoundaryWalk.last).contains($0) })
        }
    }

    @Test func oneSeedWalksTheSameWay() {
        func walk(_ seed: UInt64) -> [Boundary] {
            var walk = BoundaryWalk(seed: seed)
            return (0..<60).map { _ in walk.next() }
        }
        #expect(walk(1) == walk(1))
        #expect(walk(1) != walk(2))
    }

    @Test func nobodyIsSentWhereNobodyArrives() {
        var walk = BoundaryWalk(seed: 3)
        walk.unreached(Boundary(call: .writev, number: 1))
        walk.unreached(Boundary(call: .ftruncate, number: 4))
        let walked = (0..<100).map { _ in walk.next() }
        #expect(!walked.contains { $0.call == .writev })
        #expect(walked.filter { $0.call == .ftruncate }.map(\.number).sorted() == [1, 2, 3])
        for call in Boundary.Call.allCases { walk.unreached(Boundary(call: call, number: 1)) }
        #expect(walk.next().number == 1, "it begins anew rather than to stop")
    }

    private let text = """
        100 write(2</run/node-1.log>, ""..., 90) = 90
        101 pwrite64(7</run/node-1/node.db-wal>, ""..., 24, 4096 <unfinished ...>
        100 write(9<socket:[5151]>, ""..., 90 <unfinished ...>
        101 <... pwrite64 resumed>) = 24
        101 write(4<anon_inode:[eventfd]>, ""..., 8) = ?
        100 <... write resumed>) = ?
        102 +++ killed by SIGKILL +++
        101 +++ killed by SIGKILL +++
        """

    @Test func aTraceTellsWhereTheNodeDied() throws {
        let trace = CallTrace(text)
        #expect(trace.isComplete)
        #expect(trace.visit(Boundary(call: .pwrite64, number: 1))?.target == "node.db-wal")
        #expect(trace.visit(Boundary(call: .write, number: 2))?.target == "socket")
        #expect(trace.visit(Boundary(call: .pwrite64, number: 2)) == nil, "somebody else killed it")
        #expect(trace.visit(Boundary(call: .write, number: 3)) == nil, "each thread counts for itself")
        let first = try #require(CallTrace(text).visit(Boundary(call: .write, number: 1))?.target)
        #expect(["log", "another thread"].contains(first))
    }

    @Test func aTraceWithoutAnEndIsNotComplete() {
        #expect(!CallTrace(text.split(separator: "\n").prefix(6).joined(separator: "\n")).isComplete)
    }

    @Test(arguments: [
        ("/run/node-2/node.db", "node.db"), ("/run/node-2", "directory"), ("/run", "directory"),
        ("/", "directory"),
        ("/run/node-2/node.lock", "node.lock"), ("anon_inode:[eventfd]", "another thread"),
        ("socket:[1]", "socket"), ("/run/node-2.log", "log"),
    ]) func targetsAreNamedAlikeOnAllNodes(path: String, name: String) {
        let trace = CallTrace("1 fsync(3<\(path)>) = ?\n1 +++ killed by SIGKILL +++")
        #expect(trace.visit(Boundary(call: .fsync, number: 1))?.target == name)
    }
}
