import Bank
import Decree
import DecreeStore
import DecreeWire
import NIOCore
import Testing

/// What strangers and broken peers send closes their own connection, and disturbs nobody else.
@Suite(.serialized, .timeLimit(.minutes(3))) struct MisbehaviourTests {
    private func frame(_ frame: Frame) throws -> [UInt8] {
        var buffer = ByteBuffer()
        _ = try frame.write(version: WireVersion.maximum, into: &buffer)
        return Array(buffer.readableBytesView)
    }

    private func serves(_ cluster: InProcessCluster, _ name: String) async throws -> Bool {
        let command = BankCommand.open(try AccountName(name), balance: 1).bytes
        return await cluster.nodes[0].submit(command).isAnswered
    }

    @Test func badBytesCloseTheirConnectionAlone() async throws {
        let cluster = try InProcessCluster(nodes: 3)
        try cluster.start()
        #expect(try await serves(cluster, "first"))
        let port = try #require(cluster.configurations[0].address?.port)
        let hello = try frame(.hello(Hello(clientOf: cluster.name)))
        let request = try frame(.client(.statusRequest(id: 1)))

        var badChecksum = request
        badChecksum[6] ^= 1
        var oversized = request
        oversized.replaceSubrange(0..<4, with: [0xff, 0xff, 0xff, 0x7f])
        let sequences: [(String, [UInt8])] = [
            ("a web browser", Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8)),
            ("noise", (0..<4_096).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ 0x5a) }),
            ("no hello", request), ("a bad checksum", hello + badChecksum),
            ("an oversized frame", hello + oversized), ("two hellos", hello + hello),
            ("a peer's frame from a client", hello + (try peerFrame())),
        ]
        for (what, bytes) in sequences {
            let connection = try RawConnection(port: port)
            connection.send(bytes)
            #expect(connection.isClosedByNode(), "\(what)")
            #expect(try await serves(cluster, what), "\(what)")
        }
        await cluster.remove()
    }

    private func peerFrame() throws -> [UInt8] {
        try frame(
            .peer(
                PeerFrame(
                    group: .first, persistSequence: 1,
                    message: .rejection(Rejection(ballot: .zero, promised: .zero)))))
    }

    @Test func strangersAreRefusedWithAReason() async throws {
        let cluster = try InProcessCluster(nodes: 3)
        try cluster.start()
        #expect(try await serves(cluster, "first"))
        let port = try #require(cluster.configurations[0].address?.port)
        let identity = NodeIdentity(
            cluster: cluster.name, genesis: Digest(rawValue: 1), node: NodeID(2), store: StoreID(rawValue: 5),
            persistSequence: 1)
        var other = identity
        other.cluster = "others"
        var future = Hello(clientOf: cluster.name)
        future.minimumVersion = 900
        future.maximumVersion = 901
        let hellos: [(Hello, HelloRefusal)] = [
            (Hello(clientOf: "others"), .wrongCluster),
            (Hello(from: other, to: NodeID(1), witnessed: nil), .wrongCluster),
            (Hello(from: identity, to: NodeID(1), witnessed: nil), .wrongGenesis),
            (future, .wrongVersion),
        ]
        for (hello, expected) in hellos {
            let connection = try RawConnection(port: port)
            try connection.send(.hello(hello))
            guard case .helloReply(.refused(let refusal, let reason)) = try connection.receive() else {
                Issue.record("\(expected) is not refused")
                continue
            }
            #expect(refusal == expected)
            #expect(!reason.isEmpty)
            #expect(connection.isClosedByNode())
        }
        #expect(try await serves(cluster, "second"))
        await cluster.remove()
    }

    @Test func aCommandOverTheLimitIsRefusedAndTheSessionGoesOn() async throws {
        let cluster = try InProcessCluster(nodes: 3)
        try cluster.start()
        let outcome = await cluster.nodes[0].submit([UInt8](repeating: 0, count: (1 << 20) + 1))
        guard case .failed(.tooLarge) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(try await serves(cluster, "after"))
        await cluster.remove()
    }

    @Test func aPortInUseIsSaid() async throws {
        let cluster = try InProcessCluster(nodes: 1)
        try cluster.start()
        #expect(try await serves(cluster, "first"))
        var configuration = cluster.configurations[0]
        configuration.dataDirectory += "-other"
        let second = try Node(configuration: configuration, machine: Bank(), kind: "bank")
        await #expect {
            try await second.run()
        } throws: { error in
            "\(error)".contains("cannot listen on 127.0.0.1")
        }
        await cluster.remove()
    }

    @Test func aStoreInUseOrOfAnotherNodeIsRefused() async throws {
        let cluster = try InProcessCluster(nodes: 1)
        try cluster.start()
        #expect(try await serves(cluster, "first"))
        let inUse = try Node(configuration: cluster.configurations[0], machine: Bank(), kind: "bank")
        await #expect(throws: NodeError.self) { try await inUse.run() }
        try await cluster.stop()

        var other = cluster.configurations[0]
        other.cluster = "another"
        let foreign = try Node(configuration: other, machine: Bank(), kind: "bank")
        await #expect {
            try await foreign.run()
        } throws: { error in
            guard let error = error as? NodeError, case .store(.foreignCluster(_, _, _)) = error else {
                return false
            }
            return true
        }
        // Refused, the store is as it was.
        try cluster.start()
        #expect(try await serves(cluster, "second"))
        await cluster.remove()
    }
}
