import Bank
import DecreeNode
import NIOCore
import Testing

@testable import Decree
@testable import DecreeWire

/// Who may have how many connections, and what they may hold.
@Suite(.serialized, .timeLimit(.minutes(2))) struct PlacesTests {
    @Test func clientsLeavePlacesToOperators() {
        var places = Places(descriptors: 500)
        let limit = places.clientLimit
        #expect(limit == 500 - 62 - 16 - 192)
        let ids = (1...UInt64(limit + Places.operators + 1)).map(ConnectionID.init(rawValue:))
        let admissions = ids.map { places.admitClient($0) }
        #expect(admissions.filter { $0 == .everything }.count == limit)
        #expect(admissions.filter { $0 == .operators }.count == Places.operators)
        #expect(admissions.last == .refused)
        places.remove(ids[0])
        places.remove(ids[1])
        let next = places.admitClient(ConnectionID(rawValue: 90_000))
        #expect(next == .operators)
        for id in ids { places.remove(id) }
        let last = places.admitClient(ConnectionID(rawValue: 90_001))
        #expect(last == .everything)
        #expect(Places(descriptors: .max).clientLimit == Places.maximumClients)
    }

    @Test func refusalsAreToldOnceAndThenCounted() {
        var refusals = Refusals()
        var told = ["a", "a", "a", "b"].map { refusals.add($0) }
        #expect(told == [true, false, false, true])
        var counted = refusals.take()
        #expect(counted.map(\.reason) == ["a"])
        #expect(counted.map(\.count) == [2])
        counted = refusals.take()
        #expect(counted.isEmpty)
        told = ["a"].map { refusals.add($0) }
        #expect(told == [true])
        for number in 0..<1_000 { _ = refusals.add("reason \(number)") }
        counted = refusals.take()
        #expect(counted.map(\.reason) == ["various reasons"])
    }

    private func withCluster(_ body: (InProcessCluster, Int) async throws -> Void) async throws {
        let cluster = try InProcessCluster(nodes: 1)
        try cluster.start()
        #expect(await serves(cluster, "first"))
        do {
            try await body(cluster, try #require(cluster.configurations[0].address?.port))
        } catch {
            await cluster.remove()
            throw error
        }
        await cluster.remove()
    }

    private func serves(_ cluster: InProcessCluster, _ name: String) async -> Bool {
        guard let account = try? AccountName(name) else { return false }
        return await cluster.nodes[0].submit(BankCommand.open(account, balance: 1).bytes).isAnswered
    }

    @Test func thoseWhoNeverGreetTakeNobodysPlace() async throws {
        try await withCluster { cluster, port in
            let limit = Places().strangerLimit
            let strangers = try (0..<limit + 20).map { _ in try RawConnection(port: port) }
            let start = ContinuousClock.now
            for stranger in strangers.prefix(20) { #expect(stranger.isClosedByNode()) }
            // Long before they would be closed for their silence.
            #expect(ContinuousClock.now - start < .seconds(5))
            let client = try RawConnection(port: port)
            try client.send(.hello(Hello(clientOf: cluster.name)))
            guard case .helloReply(.admitted) = try client.receive() else {
                Issue.record("a client is not let in")
                return
            }
            try client.send(.client(.statusRequest(id: 1)))
            guard case .client(.statusResponse) = try client.receive() else {
                Issue.record("an operator is not answered")
                return
            }
        }
    }

    @Test func halfRequestsHoldSoMuchAndNoMore() async throws {
        try await withCluster { cluster, port in
            // All but the last byte of the longest request there is, again and again.
            let body = WireLimit.requestBytes
            var half = ByteBuffer()
            half.writeInteger(UInt32(FrameHeader.countedBytes + body), endianness: .little)
            half.writeRepeatingByte(0, count: FrameHeader.countedBytes + body - 1)
            let bytes = Array(half.readableBytesView)
            let count = NodeLoop.halfLimitBytes / bytes.count + 3
            var connections: [RawConnection] = []
            for _ in 0..<count {
                let connection = try RawConnection(port: port)
                try connection.send(.hello(Hello(clientOf: cluster.name)))
                _ = try connection.receive()
                connection.send(bytes)
                connections.append(connection)
            }
            #expect(connections[0].isClosedByNode(), "the one that has waited longest goes")
            #expect(await serves(cluster, "second"))
            // What no request can be is not waited for.
            let greedy = try RawConnection(port: port)
            try greedy.send(.hello(Hello(clientOf: cluster.name)))
            _ = try greedy.receive()
            var header = ByteBuffer()
            header.writeInteger(UInt32(FrameHeader.countedBytes + body + 1), endianness: .little)
            greedy.send(Array(header.readableBytesView))
            #expect(greedy.isClosedByNode())
        }
    }
}
