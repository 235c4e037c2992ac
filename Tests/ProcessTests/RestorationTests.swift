import Bank
import DecreeStore
import Foundation
import Testing

@testable import Paxos

/// What is made of a store's log when its cluster is not gone on with.
@Suite(.timeLimit(.minutes(6))) struct RestorationTests {
    let directory: TemporaryDirectory
    let genesis = Configuration(voters: [NodeID(1), NodeID(2), NodeID(3)], alpha: 2)

    init() throws { directory = try TemporaryDirectory() }

    func proposal(_ entry: Entry) -> Proposal {
        var builder = ProposalBuilder()
        builder.append(entry)
        return builder.build()
    }

    /// A session, a deposit, a node admitted, all chosen; then a vote, a hole, and a vote.
    func store() throws -> String {
        let path = directory.path + "/store"
        let store = try Store.open(
            directory: path, identity: StoreIdentity(cluster: "bank", node: NodeID(2)),
            groups: [StoreGroup(id: .first, kind: "bank", configuration: genesis)])
        let session = SessionID(openedAt: LogPosition(slot: Slot(1), index: 0))
        func command(_ sequence: UInt64, _ command: BankCommand) -> Entry {
            .command(
                session: session, sequence: sequence, firstUnacknowledged: 1, payload: command.bytes[...])
        }
        let account = try AccountName("a")
        let rows: [(UInt64, Entry, Bool)] = [
            (1, .openSession, true), (2, command(1, .open(account, balance: 5)), true),
            (
                3,
                .change(.add(node: NodeID(4), role: .nonVoter, store: StoreID(rawValue: 9), address: "h:1")),
                true
            ),
            (4, command(2, .deposit(account, amount: 10)), false),
            (6, command(3, .deposit(account, amount: 100)), false),
        ]
        let ballot = Ballot(round: 3, node: NodeID(1))
        var step = Step()
        step.write(.promise(.first, ballot))
        var chain = Digest.zero
        for (number, entry, isChosen) in rows {
            let slot = Slot(number)
            let proposal = proposal(entry)
            step.write(
                .accepted(.first, AcceptedProposal(slot: slot, ballot: ballot, proposal: proposal)))
            guard isChosen else { continue }
            chain = chain.chained(slot, proposal.digest)
            step.write(.chosen(.first, slot, ballot, chain: chain))
        }
        _ = try store.commit(step)
        try store.close()
        return path
    }

    func balance(_ capture: Capture) throws -> String {
        let reply = capture.machine.query(BankQuery.balance(try AccountName("a")).bytes[...])
        return "\(try #require(BankResult(reply)))"
    }

    @Test func aBackupEndsWithWhatIsKnownToBeChosen() throws {
        let inspector = try StoreInspector(directory: try store())
        let restored = try inspector.restore(.first, on: Bank(), includingVotes: false)
        #expect(restored.chosenThrough == Slot(3) && restored.end.executedThrough == Slot(3))
        #expect(restored.votes == 2 && restored.gaps == 0)
    }

    @Test func aSurvivorKeepsWhatItVotedFor() throws {
        let inspector = try StoreInspector(directory: try store())
        let restored = try inspector.restore(.first, on: Bank(), includingVotes: true)
        #expect(restored.chosenThrough == Slot(3) && restored.end.executedThrough == Slot(6))
        #expect(restored.votes == 2 && restored.gaps == 1)
        let chosen = try inspector.restore(.first, on: Bank(), includingVotes: false)
        let ends = (
            try balance(restored.end.capture(beginning: genesis)),
            try balance(chosen.end.capture(beginning: genesis))
        )
        #expect(ends.0.contains("115") && ends.1.contains("5") && !ends.1.contains("115"))
    }

    /// The log admits a node; the new cluster has never heard of it, nor of the others.
    @Test func nobodyOfTheOldClusterBelongsToTheNewOne() throws {
        let inspector = try StoreInspector(directory: try store())
        let restored = try inspector.restore(.first, on: Bank(), includingVotes: false)
        #expect(restored.end.configurations.latest.members.map(\.node).contains(NodeID(4)))
        let origin = Founding.origin(genesis: .zero, .first, restored.end, token: "")
        let beginning = restored.end.configurations.latest.succeeded(by: [NodeID(7)], origin: origin)
        #expect(beginning.alpha == 2, "limits that replicas applied alike stay")
        let path = directory.path + "/new"
        let snapshot = restored.end.capture(beginning: beginning).encode()
        let made = try Founding.createStore(
            in: path, cluster: "bank", node: NodeID(7),
            groups: [
                .init(
                    stored: StoreGroup(id: .first, kind: "bank", configuration: beginning), snapshot: snapshot
                )
            ])
        let new = try StoreInspector(directory: path)
        #expect(new.verify().findings.isEmpty)
        let old = try inspector.node()
        #expect(try new.node().genesis == made && made != old.genesis)
        let again = try new.restore(.first, on: Bank(), includingVotes: false)
        #expect(again.end.chain == restored.end.chain && again.end.state == restored.end.state)
        #expect(again.end.configurations == ConfigurationLog(genesis: beginning))
        #expect(
            throws: StoreError.badDirectory(directory: path, detail: "there is a store in it already")
        ) {
            try Founding.createStore(in: path, cluster: "bank", node: NodeID(7), groups: [])
        }
    }

    @Test func whatAClusterWasRestoredFromIsPartOfItsConfiguration() {
        let origin = Digest(rawValue: 0xfeed)
        let restored = genesis.succeeded(by: [NodeID(1), NodeID(2), NodeID(3)], origin: origin)
        #expect(Configuration(bytes: restored.bytes) == restored)
        #expect(restored != genesis && restored.bytes != genesis.bytes)
        let tokens = ["", "a", "b"].map {
            Founding.origin(
                genesis: .zero, .first, Restoration(machine: Bank(), genesis: genesis), token: $0)
        }
        #expect(Set(tokens).count == 3)
        for cut in 1..<restored.bytes.count {
            #expect(Configuration(bytes: Array(restored.bytes.dropLast(cut))) == nil)
        }
    }
}
