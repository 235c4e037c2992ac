import DecreeNode
import Foundation
import NIOCore
import Paxos

/// Who asks for the node's status, and what has been made of it.
///
/// The loop says what it knows in a moment. What costs time is done beside it, a round at a time on a thread of low
/// priority: the digests of the groups' states, the sizes of files, the encoding. Whoever asks meanwhile is answered
/// with the next round, so that no answer is older than its question.
struct StatusRounds {
    /// What is done with the answer: the status, and the same as JSON. Nil where the node ends before.
    typealias Answer = ((status: NodeStatus, json: [UInt8])?) -> Void

    private var waiting: [Answer] = []
    private var answered: [Answer] = []
    private(set) var isUnderway = false
    /// The last digest of each group's state, and when another may be made.
    private var digests: [GroupID: (made: MadeDigest, nextNanoseconds: UInt64)] = [:]

    /// A digest that costs much is made again only when twenty times as long has passed: whoever looks after a node asks
    /// every second, and must not cost it a core. Until then the last one is told, with the slot it is of.
    private static let costFactor: UInt64 = 20
    /// Those who wait at most; more are answered with nothing new, and ask again.
    private static let maximumWaiting = 1_024

    /// Adds somebody who asks. Returns false if too many do.
    mutating func add(_ answer: @escaping Answer) -> Bool {
        guard waiting.count < Self.maximumWaiting else { return false }
        waiting.append(answer)
        return true
    }

    /// Begins a round, if somebody waits and none is under way.
    mutating func begin() -> Bool {
        guard !isUnderway, !waiting.isEmpty else { return false }
        (answered, waiting) = (waiting, [])
        isUnderway = true
        return true
    }

    /// The digest to be told of a group that has executed the log through `slot`; nil if one is to be made.
    func digest(of group: GroupID, at slot: Slot, now: UInt64) -> MadeDigest? {
        guard let last = digests[group], last.made.slot == slot || now < last.nextNanoseconds else {
            return nil
        }
        return last.made
    }

    /// A round is done.
    mutating func ended(_ made: [MadeDigest], now: UInt64) -> [Answer] {
        for digest in made {
            digests[digest.group] = (digest, now + Self.costFactor * digest.nanoseconds)
        }
        isUnderway = false
        defer { answered = [] }
        return answered
    }

    /// The node ends.
    mutating func takeAll() -> [Answer] {
        defer { (answered, waiting) = ([], []) }
        return answered + waiting
    }
}

/// A digest of a group's state.
struct MadeDigest: Sendable {
    let group: GroupID
    /// The log through this slot makes the state.
    let slot: Slot
    let digest: Digest
    /// The processor's time it took.
    let nanoseconds: UInt64

    init(of state: UndigestedState, of group: GroupID) {
        let start = Self.threadNanoseconds
        let checkpoint = state.digest()
        self.group = group
        slot = checkpoint.slot
        digest = checkpoint.state
        nanoseconds = Self.threadNanoseconds - start
    }

    /// What the thread has used of a processor: of low priority, it may take much longer by the clock.
    private static var threadNanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

extension NodeLoop {
    /// Answers with the node's status, made after this moment.
    func tellStatus(to answer: @escaping StatusRounds.Answer) {
        guard statusRounds.add(answer) else { return answer(nil) }
        beginStatusRound()
    }

    private func beginStatusRound() {
        guard statusRounds.begin() else { return }
        var status = status()
        var undigested: [(place: Int, group: GroupID, state: UndigestedState)] = []
        let now = LocalClient.now
        for (place, group) in core.groups.enumerated() {
            if let made = statusRounds.digest(of: group.id, at: group.chosenThrough, now: now) {
                status.groups[place].note(made)
            } else {
                undigested.append((place, group.id, group.end))
            }
        }
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let (eventLoop, directory) = (eventLoop, configuration.dataDirectory)
        BackgroundThread.run(named: "decree-status") { [status, undigested] in
            var status = status
            var made: [MadeDigest] = []
            for (place, group, state) in undigested {
                let digest = MadeDigest(of: state, of: group)
                status.groups[place].note(digest)
                made.append(digest)
            }
            status.storeBytes = NodeStatus.storeBytes(in: directory)
            status.residentBytes = NodeStatus.residentBytes()
            let json = status.json
            eventLoop.execute { [status, made] in
                let loop = bound.value
                for answer in loop.statusRounds.ended(made, now: LocalClient.now) { answer((status, json)) }
                loop.beginStatusRound()
            }
        }
    }
}

extension NodeStatus.Group {
    fileprivate mutating func note(_ made: MadeDigest) {
        stateDigest = made.digest.description
        digestSlot = made.slot.rawValue == executedThrough ? nil : made.slot.rawValue
    }
}

extension NodeStatus {
    fileprivate var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        // A percentile is a number: there is nothing in it that JSON lacks.
        return (try? encoder.encode(self)).map(Array.init) ?? Array("{}".utf8)
    }

    /// What the system says this process has in memory; nil where it does not say.
    fileprivate static func residentBytes() -> Int64? {
        #if os(Linux)
            guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else {
                return nil
            }
            let fields = text.split(separator: " ")
            return fields.count > 1 ? Int64(fields[1]).map { $0 * Int64(sysconf(Int32(_SC_PAGESIZE))) } : nil
        #else
            return nil
        #endif
    }

    fileprivate static func storeBytes(in directory: String) -> Int64 {
        ["node.db", "node.db-wal"].reduce(0) { sum, name in
            let attributes = try? FileManager.default.attributesOfItem(atPath: directory + "/" + name)
            return sum + ((attributes?[.size] as? NSNumber)?.int64Value ?? 0)
        }
    }
}
