import Bank
import Paxos
import Testing

@testable import Decree

/// Several groups on the same nodes (invariant GroupsApart).
@Suite(.serialized, .timeLimit(.minutes(2))) struct GroupsTests {
    /// Two groups whose numbers end in the same 16 bits.
    private let groups = [GroupID(1), GroupID(65_537)]

    /// Both groups' clients number their requests alike, and most requests go to another node, for that leads. The account
    /// is there in one group alone: an answer that reached the other's client would say so.
    @Test func aCommandIsAcknowledgedByItsOwnGroupAlone() async throws {
        let cluster = try InProcessCluster(nodes: 3, groups: groups)
        try cluster.start()
        let account = try AccountName("a")
        let open = BankCommand.open(account, balance: 0).bytes
        let opened = await cluster.nodes[0].submit(open, to: groups[1])
        #expect(opened.receipt != nil, "\(opened)")
        let deposit = BankCommand.deposit(account, amount: 1).bytes
        let groups = groups
        await withTaskGroup(of: (GroupID, Outcome).self) { tasks in
            for index in 0..<300 {
                for group in groups {
                    let node = cluster.nodes[index % 3]
                    tasks.addTask { (group, await node.submit(deposit, to: group)) }
                }
            }
            for await (group, outcome) in tasks {
                switch outcome {
                case .ok: #expect(group == groups[1], "no account of that name is in group \(group)")
                case .rejected: #expect(group == groups[0], "the account is in group \(group)")
                default: Issue.record("\(outcome) in group \(group)")
                }
            }
        }
        let answer = await cluster.nodes[2].query(BankQuery.balance(account).bytes, of: groups[1])
        guard case .ok(let reply, _) = answer, case .balance(300) = BankResult(.ok(reply)) else {
            Issue.record("\(answer)")
            return
        }
        await cluster.remove()
    }

    @Test func whatANodeCannotHostIsRefusedWhenItIsMade() throws {
        let cluster = try InProcessCluster(nodes: 1)
        func make(_ machines: [GroupID: (kind: String, machine: any StateMachine)]) throws {
            _ = try Node(configuration: cluster.configurations[0], machines: machines)
        }
        let longest = String(repeating: "k", count: 255)
        try make([.first: (longest, Bank())])
        try make(Dictionary(uniqueKeysWithValues: (1...64).map { (GroupID($0), ("bank", Bank())) }))
        #expect(throws: ConfigurationError.self) { try make([:]) }
        #expect(throws: ConfigurationError.self) { try make([.first: ("", Bank())]) }
        #expect(throws: ConfigurationError.self) { try make([.first: (longest + "k", Bank())]) }
        #expect(throws: ConfigurationError.self) { try make([.first: ("bank\u{0}", Bank())]) }
        #expect(throws: ConfigurationError.self) {
            try make(Dictionary(uniqueKeysWithValues: (1...65).map { (GroupID($0), ("bank", Bank())) }))
        }
        // The largest group's last slot is still a positive SQLite INTEGER.
        let key = UInt64(GroupID.maximum) << 44 | (1 << 44 - 1)
        #expect(Int64(exactly: key) != nil)
        #expect(GroupID(rawValue: GroupID.maximum + 1) == nil)
    }
}
