#if os(Linux)
    import Foundation
    import Synchronization
    import Testing

    @testable import DecreeCommand

    /// `decree bank run` on the client's machine: it pays one coin after the other into one account, and now
    /// and then asks what it holds.
    final class PartitionClient {
        private let process: ToolProcess
        private let input: Pipe
        private let isStopping = Latch()
        private var hasFinished = false

        /// Says who asked, as ids must differ.
        private let name: String

        /// - Parameter nodes: those it knows; all of them unless given.
        init(
            _ cluster: PartitionedCluster, _ name: String, nodes: [Int]? = nil, deadline: Double = 60,
            isStale: Bool = false
        ) throws {
            self.name = name
            let pipe = Pipe()
            input = pipe
            process = try ToolProcess(
                [
                    "bank", "run", "--nodes", cluster.addresses(nodes), "--deadline", "\(deadline)",
                    // One whose questions wait for their deadline is to go on asking.
                    "--concurrency", deadline < 10 ? "512" : "16", "--ignore-outcomes",
                ] + (isStale ? ["--stale"] : []), input: pipe,
                runner: cluster.network.runner(NamespaceNetwork.client))
            // Whoever asks nobody who can answer ends before it is fed.
            signal(SIGPIPE, SIG_IGN)
        }

        /// Feeds it until it is stopped, a line every few milliseconds.
        func start(readsOnly: Bool = false) {
            let descriptor = dup(input.fileHandleForWriting.fileDescriptor)
            try? input.fileHandleForWriting.close()
            let thread = Thread { [name, isStopping] in
                var number = 0
                while !isStopping.isRaised {
                    number += 1
                    let isRead = readsOnly || number % 8 == 0
                    let operation =
                        isRead
                        ? #""op":"balance","account":"chest""#
                        : #""op":"deposit","account":"chest","amount":1"#
                    let line = Array("{\"id\":\"\(name)-\(number)\",\(operation)}\n".utf8)
                    guard write(descriptor, line, line.count) == line.count else { break }
                    usleep(4_000)
                }
                close(descriptor)
            }
            thread.start()
        }

        private let read = Mutex<(lines: Int, results: [PartitionResult])>((0, []))

        /// What it was told so far.
        func results() -> [PartitionResult] {
            let text = process.output
            // The last line may be half written.
            guard let end = text.lastIndex(of: "\n") else { return [] }
            let lines = text[..<end].split(separator: "\n")
            return read.withLock { read in
                read.results += lines.dropFirst(read.lines).compactMap { PartitionResult($0) }
                read.lines = lines.count
                return read.results
            }
        }

        /// Waits for so many outcomes.
        func outcomes(_ count: Int, within time: Duration) async throws {
            let isEnough = try await eventually(within: time) {
                try await Task.sleep(for: .milliseconds(20))
                return self.results().count >= count
            }
            #expect(isEnough, "\(results().count) outcomes within \(time)")
        }

        /// Ends it, whatever it does.
        func abandon() {
            isStopping.raise()
            if process.process.isRunning { process.signal(SIGKILL) }
        }

        /// Ends its input, and waits for all outcomes.
        func finish() async throws -> [PartitionResult] {
            isStopping.raise()
            if !hasFinished {
                let status = try await process.status()
                #expect(status == 0, "\(process.error)")
                hasFinished = true
            }
            return results()
        }

        /// Waits until writes that were asked after a moment are answered. Returns how long after it the first
        /// was; nil if there are none in time.
        func resumption(after moment: UInt64, within time: Duration) async throws -> Duration? {
            var first: UInt64?
            let isResumed = try await eventually(within: time) {
                try await Task.sleep(for: .milliseconds(20))
                let answered = self.results().filter {
                    $0.outcome == "ok" && !$0.isRead && $0.invoked >= moment
                }
                first = answered.map(\.completed).min()
                return answered.count >= 20
            }
            return isResumed ? first.map { .nanoseconds(Int64($0 - moment)) } : nil
        }
    }

    /// A line of `decree bank run`.
    struct PartitionResult {
        let id: String
        let outcome: String
        let isRead: Bool
        let isStale: Bool
        let balance: Int?
        let invoked: UInt64
        let completed: UInt64

        init?(_ line: Substring) {
            guard
                let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                let id = object["id"] as? String, let outcome = object["outcome"] as? String,
                let invoked = object["invokedNanoseconds"] as? UInt64,
                let completed = object["completedNanoseconds"] as? UInt64
            else { return nil }
            self.id = id
            self.outcome = outcome
            self.invoked = invoked
            self.completed = completed
            isRead = object["executedThrough"] != nil
            isStale = object["stale"] as? Bool ?? false
            balance = (object["result"] as? [String: Any])?["balance"] as? Int
        }

        /// Holds everything that clients were told against one another. Every coin is one more in the chest: no
        /// two payments come to the same, none comes to less than what was known before it was asked, and no
        /// read sees less.
        static func judge(_ results: [PartitionResult], finally total: Int) {
            let paid = results.filter { $0.outcome == "ok" && !$0.isRead }
            let balances = paid.compactMap(\.balance)
            #expect(balances.count == paid.count)
            #expect(Set(balances).count == balances.count, "a payment was made twice")
            let possible = results.count { $0.outcome == "unknown" }
            #expect((paid.count...paid.count + possible).contains(total), "\(paid.count) coins were paid in")

            let answered = results.filter { $0.outcome == "ok" && !$0.isStale }
            let ends = answered.sorted { $0.completed < $1.completed }
            var known = 0
            var next = ends.startIndex
            for result in answered.sorted(by: { $0.invoked < $1.invoked }) {
                while next < ends.endIndex, ends[next].completed < result.invoked {
                    known = max(known, ends[next].balance ?? 0)
                    next += 1
                }
                guard let balance = result.balance else { continue }
                #expect(
                    result.isRead ? balance >= known : balance > known,
                    "\(result) was asked when \(known) was known")
            }
        }
    }
#endif
