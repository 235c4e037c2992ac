import Testing

@testable import Paxos

/// Which configuration governs a slot (invariant ConfigAtSlot).
@Suite struct ConfigurationLogTests {
    private let genesis = Configuration(voters: [NodeID(1), NodeID(2), NodeID(3)], alpha: 4)

    private func add(_ node: UInt16) -> ConfigurationChange {
        .add(node: NodeID(node), role: .nonVoter, store: nil, address: "host:\(node)")
    }

    private func ids(_ configuration: Configuration) -> [UInt16] {
        configuration.members.map(\.node.rawValue)
    }

    @Test func aChangeIsInForceAlphaSlotsAfterItsOwn() throws {
        var log = ConfigurationLog(genesis: genesis)
        let outcome = try log.apply(add(4), in: Slot(10))
        #expect(outcome == ConfigurationOutcome(node: NodeID(4), from: Slot(14)))
        #expect(ids(log[Slot(13)]) == [1, 2, 3])
        #expect(ids(log[Slot(14)]) == [1, 2, 3, 4])
        #expect(ids(log[.maximum]) == [1, 2, 3, 4])
        #expect(ids(log[.zero]) == [1, 2, 3])
        #expect(log.latestFrom == Slot(14) && ids(log.latest) == [1, 2, 3, 4])
    }

    @Test func oneChangeIsInFlight() throws {
        var log = ConfigurationLog(genesis: genesis)
        _ = try log.apply(add(4), in: Slot(10))
        for slot in 10...13 as ClosedRange<UInt64> {
            let before = log
            #expect(throws: ConfigurationRefusal.changeInFlight) {
                try log.apply(self.add(5), in: Slot(slot))
            }
            #expect(log == before)
        }
        #expect(try log.apply(add(5), in: Slot(14)).from == Slot(18))
    }

    @Test func whatChangesNothingIsNoChange() throws {
        var log = ConfigurationLog(genesis: genesis)
        _ = try log.apply(add(4), in: Slot(10))
        let before = log
        let again = ConfigurationChange.add(node: nil, role: .nonVoter, store: nil, address: "host:4")
        #expect(try log.apply(again, in: Slot(14)) == ConfigurationOutcome(node: NodeID(4), from: nil))
        #expect(throws: ConfigurationRefusal.unknownMember) {
            try log.apply(.remove(NodeID(9)), in: Slot(14))
        }
        #expect(log == before)
    }

    @Test func twoGovernWhileAChangeIsInFlight() throws {
        var log = ConfigurationLog(genesis: genesis)
        #expect(log.governing(from: Slot(1)).map(\.from) == [.zero])
        _ = try log.apply(.remove(NodeID(3)), in: Slot(10))
        _ = try log.apply(add(4), in: Slot(14))
        #expect(log.governing(from: Slot(1)).map(\.from) == [.zero, Slot(14), Slot(18)])
        #expect(log.governing(from: Slot(13)).map(\.from) == [.zero, Slot(14), Slot(18)])
        #expect(log.governing(from: Slot(14)).map(\.from) == [Slot(14), Slot(18)])
        #expect(log.governing(from: Slot(18)).map(\.from) == [Slot(18)])
        #expect(log.members(from: Slot(13)).map(\.node.rawValue) == [1, 2, 3, 4])
        #expect(log.members(from: Slot(14)).map(\.node.rawValue) == [1, 2, 4])
    }

    /// Of a member that two configurations know, the later word counts.
    @Test func aMoveIsKnownAtOnce() throws {
        var log = ConfigurationLog(genesis: genesis)
        _ = try log.apply(.move(NodeID(2), address: "b:2"), in: Slot(10))
        #expect(log.members(from: Slot(11)).map(\.address) == ["", "b:2", ""])
    }

    @Test func whatGovernsNothingMoreIsForgotten() throws {
        var log = ConfigurationLog(genesis: genesis)
        _ = try log.apply(add(4), in: Slot(10))
        log.forget(through: Slot(12))
        #expect(log.entries.count == 2)
        log.forget(through: Slot(13))
        #expect(log.entries.map(\.from) == [Slot(14)])
        // Below what it remembers, the first stands for what was.
        #expect(ids(log[Slot(1)]) == [1, 2, 3, 4])
        log.forget(through: Slot(1_000))
        #expect(log.entries.count == 1)
    }

    private func bytes() throws -> (log: ConfigurationLog, bytes: [UInt8]) {
        var log = ConfigurationLog(genesis: genesis)
        _ = try log.apply(add(4), in: Slot(10))
        _ = try log.apply(.remove(NodeID(1)), in: Slot(14))
        return (log, log.bytes)
    }

    private func read(_ bytes: [UInt8]) -> ConfigurationLog? {
        var reader = ByteReader(bytes[...])
        let log = ConfigurationLog(from: &reader)
        #expect(log == nil || reader.isAtEnd)
        return log
    }

    @Test func itComesBackAsItWas() throws {
        let (log, bytes) = try bytes()
        #expect(read(bytes) == log)
        for count in bytes.indices { #expect(read(Array(bytes.prefix(count))) == nil, "\(count) bytes") }
        for bit in 0..<bytes.count * 8 {
            var other = bytes
            other[bit / 8] ^= 1 << UInt8(bit % 8)
            var reader = ByteReader(other[...])
            guard let read = ConfigurationLog(from: &reader) else { continue }
            #expect(read.bytes + reader.rest == other, "bit \(bit)")
        }
    }

    @Test func itHasEntriesAndTheyAscend() throws {
        #expect(read([0, 0]) == nil)
        let (log, _) = try bytes()
        #expect(ConfigurationLog(entries: log.entries.reversed()) == nil)
        #expect(ConfigurationLog(entries: [log.entries[0], log.entries[0]]) == nil)
        #expect(ConfigurationLog(entries: Array(log.entries.dropFirst())) != nil)
        #expect(ConfigurationLog(entries: []) == nil)
