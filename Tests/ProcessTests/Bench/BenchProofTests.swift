import DecreeClient
import Paxos
import Testing

@testable import DecreeCommand

/// `decree bench --prove`, and what it would say if something were lost.
@Suite(.serialized, .timeLimit(.minutes(6))) struct BenchProofTests {
    @Test(arguments: ["bank", "append"], [1, 50]) func nothingIsLost(work: String, batch: Int) async throws {
        let result = try await Tool.run([
            "bench", "--prove", "--clients", "16", "--seconds", "0.5", "--warmup", "0.1", "--accounts", "100",
            "--work", work, "--batch", "\(batch)", "--skip-floor", "--json",
        ])
        #expect(result.status == 0, "\(result.error)")
        let proof = try #require(try result.objects().first?["proof"] as? [String: Any])
        let acknowledged = try #require(proof["acknowledged"] as? Int)
        #expect(acknowledged > 0)
        #expect(proof["found"] as? Int == acknowledged)
        #expect(proof["lost"] as? Int == 0)
        #expect(proof["accounts"] as? Int == (work == "bank" ? 100 : 0))
        #expect(proof["wrongAccounts"] as? Int == 0)
    }

    /// Three requests of one client: two acknowledged, one of which nobody knows.
    private struct Case {
        let prover: BenchProver
        let session = SessionID(openedAt: LogPosition(slot: Slot(1), index: 0))
        var told = Acknowledgements()
        var log = BenchProver.Log()

        init() throws {
            let workload = try Workload(work: .bank, accounts: 10, valueBytes: 0)
            prover = BenchProver(
                client: DecreeClient(.init(cluster: "", nodes: [])), workload: workload)
            var requests = workload.requests(seed: 5)
            for number in 0..<3 {
                let sequence = UInt64(number + 1)
                let position = LogPosition(slot: Slot(sequence + 1), index: 0)
                var receipt = Receipt(session: session, sequence: sequence)
                receipt.position = number < 2 ? position : nil
                told.note(
                    number < 2 ? .ok(reply: [], receipt) : .unknown(.sessionExpired, receipt), client: 0,
                    request: number)
                log.slots[position.slot] = [
                    .command(
                        session: session, sequence: sequence, firstUnacknowledged: 1,
                        payload: requests.next().payload
                    )
                ]
            }
            log.done = [BenchProver.Name(session: session, sequence: 3)]
        }

        func judge() -> BenchProof { prover.judge(told, seeds: [5], log).proof }
    }

    @Test func whatIsNotWhereItWasToldToBeIsLost() throws {
        let whole = try Case()
        let proof = whole.judge()
        #expect(proof.acknowledged == 2 && proof.found == 2 && proof.lost == 0)
        #expect(proof.unknown == 1 && proof.unknownDone == 1)
        #expect(proof.violations.isEmpty)

        var missing = whole
        missing.log.slots[Slot(2)] = nil
        #expect(missing.judge().lost == 1)
        #expect(!missing.judge().violations.isEmpty)

        var swapped = whole
        swapped.log.slots[Slot(2)] = whole.log.slots[Slot(3)]
        #expect(swapped.judge().lost == 1)

        var forged = whole
        forged.log.slots[Slot(3)] = [
            .command(session: whole.session, sequence: 2, firstUnacknowledged: 1, payload: [1, 2, 3])
        ]
        #expect(forged.judge().lost == 1)

        var deleted = whole
        deleted.log.floor = Slot(2)
        deleted.log.slots[Slot(2)] = nil
        #expect(deleted.judge().lost == 0 && deleted.judge().behindSnapshots == 1)
    }

    /// What was done counts for the accounts, whether or not the client was told.
    @Test func theAccountsFollowFromTheAnswers() throws {
        var some = try Case()
        let all = some.prover.judge(some.told, seeds: [5], some.log).changes
        #expect(all.reduce(0, +) == 0)
        #expect(all.contains { $0 != 0 })
        some.log.done = []
        #expect(some.prover.judge(some.told, seeds: [5], some.log).changes != all)
    }

    @Test(arguments: [["--nodes", "127.0.0.1:1"], ["--work", "read"]])
    func wrongUsageIsRefused(arguments: [String]) async throws {
        #expect(try await Tool.run(["bench", "--prove"] + arguments).status == 2)
    }
}
