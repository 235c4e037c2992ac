import Bank
import Decree
import DecreeSimulator
import Foundation
import Paxos
import Testing

@testable import DecreeCommand

/// What a run is made of before it begins: seeds, workloads, directories.
@Suite struct CrashSettingTests {
    @Test func noTwoCommandsAreAlike() throws {
        let settings = LoadSettings(seed: 3, clients: 8)
        var seen: Set<BankCommand> = []
        var (count, batches) = (0, 0)
        for client in 0..<settings.lanes {
            var workload = CrashWorkload(client: client, settings: settings)
            var commands = workload.firstAccounts()
            for _ in 0..<500 {
                switch workload.next().request {
                case .command(let command): commands.append(command)
                case .batch(let batch):
                    batches += 1
                    commands += try batch.commands.map { (bytes) throws(BankRejection) in
                        try BankCommand(bytes: bytes)
                    }
                case .query: break
                }
            }
            count += commands.count
            seen.formUnion(commands)
        }
        #expect(seen.count == count && count > 3_000 && batches > 100)
    }

    @Test func oneSeedAsksTheSame() {
        func requests(_ seed: UInt64) -> [CrashWorkload.Task.Request] {
            var workload = CrashWorkload(client: 2, settings: LoadSettings(seed: seed))
            return (0..<100).map { _ in workload.next().request }
        }
        #expect(requests(1) == requests(1))
        #expect(requests(1) != requests(2))
    }

    @Test func allAccountsAreOpenedOnce() {
        let settings = LoadSettings(seed: 1)
        let names = (0..<settings.lanes).flatMap { client in
            var workload = CrashWorkload(client: client, settings: settings)
            return workload.firstAccounts().map { command in
                if case .open(let account, _) = command { account.text } else { "" }
            }
        }
        #expect(names.count == settings.accounts && Set(names).count == settings.accounts)
    }

    @Test func writesResumeWithTheFirstThatWasInvokedAfterTheMark() throws {
        let history = History()
        let early = History.now()
        let mark = history.mark()
        let command = BankCommand.deposit(.a, amount: 1)
        func done(invoked: UInt64, completed: UInt64, _ request: DecreeSimulator.Operation.Request) {
            history.append(
                DecreeSimulator.Operation(
                    client: 0, number: 1, request: request, invoked: invoked, completed: completed,
                    outcome: .ok(reply: [], Receipt())))
        }
        done(invoked: early, completed: mark + 10, .command(command.bytes))
        done(invoked: mark + 1, completed: mark + 20, .query(BankQuery.total.bytes, .linearizable))
        #expect(history.resumedAfter == nil)
        done(invoked: mark + 5, completed: mark + 30, .command(command.bytes))
        done(invoked: mark + 6, completed: mark + 40, .command(command.bytes))
        #expect(history.resumedAfter == 30)
        #expect(history.counts.sinceMark == 2 && history.counts.acknowledged == 3)
    }

    @Test func aDirectoryWithSomethingInItIsRefused() throws {
        let path = NSTemporaryDirectory() + "decree-run-\(UInt64.random(in: 0 ... .max))"
        #expect(try RunDirectory(path).path == URL(fileURLWithPath: path).standardizedFileURL.path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try RunDirectory(path).isTemporary == false)
        try Data("x".utf8).write(to: URL(fileURLWithPath: path + "/file"))
        #expect { try RunDirectory(path) } throws: { ($0 as? ToolError)?.status == .usage }
        #expect { try RunDirectory(path + "/file") } throws: { ($0 as? ToolError)?.status == .usage }
    }

    @Test func portsLieBelowThoseOfOutgoingConnections() throws {
        let ports = try LoopbackPorts.free(9)
        #expect(Set(ports).count == 9)
        #expect(ports.allSatisfy { (10_000..<32_768).contains($0) })
    }

    /// A node that was killed must find its port free: no other cluster may have been given it meanwhile.
    @Test func noPortIsGivenTwice() throws {
        let port = try LoopbackPorts.free(1)[0]
        #expect(LoopbackPorts.claim(port) == nil)
        let others = (10_000..<10_050).compactMap { LoopbackPorts.claim($0) }
        #expect(!others.isEmpty)
        for other in others { close(other) }
    }

    @Test(arguments: [(0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567")])
    func figuresAreGrouped(number: Int, text: String) { #expect(number.grouped == text) }
}
