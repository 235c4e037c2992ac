import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import DecreeClient

/// How connections are made: names, addresses, and what is said of those that lead nowhere.
@Suite(.timeLimit(.minutes(1))) struct DialTests {
    private let eventLoop = MultiThreadedEventLoopGroup.singleton.next()

    private func dial(
        _ host: String, _ port: Int, _ lookups: NameLookups, within patience: TimeAmount = .seconds(5)
    ) async throws {
        let address = NodeAddress(host: host, port: port)
        let channel = try await eventLoop.flatSubmit { [eventLoop] in
            Dial.connect(
                to: address, on: eventLoop, within: patience, silence: .ofClients, lookups: lookups)
        }.get()
        try await channel.close()
    }

    private func listening(_ body: (Int) async throws -> Void) async throws {
        let node = FakeNode(1) { _ in .silence }
        try await node.start()
        do { try await body(node.port) } catch {
            try await node.stop()
            throw error
        }
        try await node.stop()
    }

    private func addresses(_ texts: [String]) -> NameLookups.Outcome {
        .success(texts.compactMap { try? SocketAddress(ipAddress: $0, port: 0) })
    }

    @Test func aSilentNameServerHoldsUpItsOwnNamesAlone() async throws {
        let gate = DispatchSemaphore(value: 0)
        let asked = Mutex<[String]>([])
        let lookups = NameLookups { host in
            asked.withLock { $0.append(host) }
            if host == "silent" { gate.wait() }
            return self.addresses(["127.0.0.1"])
        }
        try await listening { port in
            let waiting = (0..<2).map { _ in
                Task { try await dial("silent", port, lookups, within: .seconds(3)) }
            }
            let start = ContinuousClock.now
            try await dial("127.0.0.1", port, lookups)
            try await dial("::ffff:127.0.0.1", port, lookups)
            try await dial("other", port, lookups)
            #expect(ContinuousClock.now - start < .seconds(2), "they do not wait for the silent one")
            for task in waiting { await #expect(throws: LookupError.silent) { try await task.value } }
            #expect(LookupError.silent.description.contains("the name server does not answer"))
            #expect(asked.withLock { $0.filter { $0 == "silent" } }.count == 1, "it is asked once at a time")
            // When it answers after all, the name can be asked for again.
            gate.signal()
            gate.signal()
            try await dial("silent", port, lookups)
        }
    }

    @Test func oneOfTwelveAddressesWorks() async throws {
        try await listening { port in
            let lookups = NameLookups { _ in
                self.addresses((2...12).map { "127.0.0.\($0)" } + ["127.0.0.1"])
            }
            let start = ContinuousClock.now
            try await dial("many", port, lookups, within: .seconds(1))
            #expect(ContinuousClock.now - start < .seconds(1))
        }
    }

    @Test func whatIsWrongIsSaidInWords() async throws {
        let port = 1
        let two = NameLookups { _ in self.addresses(["127.0.0.2", "127.0.0.3"]) }
        await #expect {
            try await dial("two", port, two)
        } throws: {
            "\($0)" == "none of its 2 addresses answers: 127.0.0.2: Connection refused; "
                + "127.0.0.3: Connection refused"
        }
        await #expect { try await dial("127.0.0.1", port, two) } throws: { "\($0)" == "Connection refused" }
        let unknown = NameLookups { _ in .failure(.failed("Name or service not known")) }
        await #expect {
            try await dial("unknown", port, unknown)
        } throws: {
            "\($0)" == "its name cannot be resolved: Name or service not known"
        }
    }

    @Test func namesThatAreLookedUpAtOnceAreLimited() async {
        let gate = DispatchSemaphore(value: 0)
        let lookups = NameLookups { _ in
            gate.wait()
            return .failure(.failed("late"))
        }
        let (outcomes, told) = AsyncStream<NameLookups.Outcome>.makeStream()
        for number in 0...NameLookups.limit { lookups.find("host-\(number)") { told.yield($0) } }
        var iterator = outcomes.makeAsyncIterator()
        let first = await iterator.next()
        #expect(first == .failure(.tooMany))
        for _ in 0..<NameLookups.limit { gate.signal() }
        for _ in 0..<NameLookups.limit {
            let next = await iterator.next()
            #expect(next == .failure(.failed("late")))
        }
    }
}
