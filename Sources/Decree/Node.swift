import DecreeClient
import DecreeNode
import DecreeStore
import DecreeWire
import Dispatch
import Foundation
public import Logging
import NIOCore
import NIOPosix
public import Paxos
public import ServiceLifecycle
import Synchronization

/// A durable node, as a library: one member of a replicated log, with the state machines it executes.
///
/// A node is a `Service`: run it in a `ServiceGroup` beside the rest of a server, or call `run()` alone.
/// `submit` and `query` take commands and queries from within the process over the very session path
/// that clients take over the network; any node takes them, and passes them on to the one that leads.
///
/// ```swift
/// let node = try Node(configuration: .load(from: "node.json"), machine: Counter(), kind: "counter")
/// try await withThrowingTaskGroup(of: Void.self) { group in
///     group.addTask { try await node.run() }
///     let outcome = await node.submit(Array("increment".utf8))
///     …
/// }
/// ```
public final class Node: Service {
    private enum Life {
        /// Not running yet; requests that came early wait, by their number.
        case new([UInt64: CheckedContinuation<NIOLoopBound<NodeLoop>?, Never>])
        case running(NIOLoopBound<NodeLoop>)
        case ended
    }

    /// What the node was told.
    public let configuration: NodeConfiguration
    let machines: [GroupID: (kind: String, machine: any StateMachine)]
    let logger: Logger
    private let life = Mutex(Life.new([:]))
    private let earlyRequests = Mutex<UInt64>(0)
    /// What is asked from within the process, on its way to the loop.
    let inbox = Inbox<LocalRequest>()

    /// How long a request may take unless said otherwise.
    public static let defaultDeadline = Duration.seconds(10)

    /// A node with one group. Nothing is opened before `run()`.
    ///
    /// - Parameters:
    ///   - machine: the state before the first command.
    ///   - kind: the machine's name, the same on each node and for good: a store that was made under another is refused.
    /// - Throws: `ConfigurationError`.
    public convenience init(
        configuration: NodeConfiguration, machine: any StateMachine, kind: String,
        logger: Logger = Logger(label: "decree")
    ) throws(ConfigurationError) {
        try self.init(
            configuration: configuration, machines: [.first: (kind, machine)], logger: logger)
    }

    /// A node with several groups: independent logs over one store and one set of connections.
    ///
    /// - Parameter machines: 1 to `NodeConfiguration.maximumGroups` groups, the same on each node. A kind has 1 to 255
    ///   bytes of UTF-8 and no U+0000.
    /// - Throws: `ConfigurationError`.
    public init(
        configuration: NodeConfiguration, machines: [GroupID: (kind: String, machine: any StateMachine)],
        logger: Logger = Logger(label: "decree")
    ) throws(ConfigurationError) {
        try configuration.validate()
        try Self.validate(machines)
        // From wherever it is started next: an empty directory elsewhere would be another node's.
        var configuration = configuration
        configuration.dataDirectory = DataDirectory.absolute(configuration.dataDirectory)
        self.configuration = configuration
        self.machines = machines
        var logger = logger
        logger[metadataKey: "node"] = "\(configuration.node)"
        self.logger = logger
    }

    /// Checks what all nodes of the cluster must store, and tell a node that joins.
    private static func validate(
        _ machines: [GroupID: (kind: String, machine: any StateMachine)]
    ) throws(ConfigurationError) {
        guard !machines.isEmpty else { throw ConfigurationError("a node needs a group with a state machine") }
        guard machines.count <= NodeConfiguration.maximumGroups else {
            throw ConfigurationError(
                "this node has \(machines.count) groups: the number of groups must be 1 to "
                    + "\(NodeConfiguration.maximumGroups)")
        }
        for (group, hosted) in machines.sorted(by: { $0.key < $1.key }) {
            guard (1...WireLimit.kindBytes).contains(hosted.kind.utf8.count) else {
                throw ConfigurationError(
                    "the kind of group \(group) has \(hosted.kind.utf8.count) bytes: it must be a name of 1 to "
                        + "\(WireLimit.kindBytes) bytes")
            }
            guard !hosted.kind.utf8.contains(0) else {
                throw ConfigurationError(
                    "the kind of group \(group) holds the character U+0000: leave it out")
            }
        }
    }

    // MARK: Life

    /// Runs the node until its service group shuts down gracefully or the task is cancelled; both hand the
    /// lead over and write what is left. Can be called once.
    ///
    /// - Throws: `NodeError` when the node cannot start, or must not go on.
    public func run() async throws {
        let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            try await run(on: eventLoops.next())
        } catch {
            enter(.ended)
            try? await eventLoops.shutdownGracefully()
            throw error
        }
        enter(.ended)
        try await eventLoops.shutdownGracefully()
    }

    private func run(on eventLoop: any EventLoop) async throws {
        let isNew = try DataDirectory.check(configuration.dataDirectory) == .empty
        logger.notice(
            "starting: the store is \(isNew ? "new" : "there already")",
            metadata: ["directory": "\(configuration.dataDirectory)"])
        if isNew { for warning in configuration.warnings { logger.warning("\(warning)") } }
        for warning in configuration.addressWarnings { logger.warning("\(warning)") }
        let address = try configuration.listening
        let logger = logger
        let door = try await eventLoop.submit {
            NIOLoopBound(FrontDoor(logger: logger), eventLoop: eventLoop)
        }.get()
        let listener = try await FrontDoor.open(door, at: address.host, port: address.port)
        do {
            try await run(behind: door, listener)
        } catch is CancellationError {
            try? await listener.close()
            logger.info("stopped before it was founded")
        } catch {
            try? await listener.close()
            throw error
        }
    }

    private func run(behind door: NIOLoopBound<FrontDoor>, _ listener: any Channel) async throws {
        let eventLoop = door.eventLoop
        let reports = DiskReports(eventLoop: eventLoop)
        let (disk, recovered) = try await openFounded(behind: door, report: { reports.tell($0) })
        let (configuration, logger) = (configuration, logger)
        let (bound, stopped) = try await eventLoop.submit {
            let loop = NodeLoop(
                eventLoop: eventLoop, configuration: configuration, recovered: recovered, disk: disk,
                logger: logger)
            let bound = NIOLoopBound(loop, eventLoop: eventLoop)
            reports.send(to: bound)
            loop.start(listener: listener)
            door.value.loop = loop
            door.value.founding = nil
            return (bound, loop.stopped.futureResult)
        }.get()
        enter(.running(bound))
        logger.info(
            "running", metadata: ["address": "\(listener.localAddress.map(String.init(describing:)) ?? "")"])
        let stop: @Sendable () -> Void = { eventLoop.execute { bound.value.shutDown() } }
        try await withGracefulShutdownHandler {
            try await withTaskCancellationHandler {
                try await stopped.get()
            } onCancel: {
                stop()
            }
        } onGracefulShutdown: {
            stop()
        }
        logger.info("stopped")
    }

    /// Whether `run()` has yet to open the store.
    var isNew: Bool { if case .new = life.withLock({ $0 }) { true } else { false } }

    private func enter(_ next: Life) {
        let before = life.withLock { life in
            defer { life = next }
            return life
        }
        guard case .new(let early) = before else { return }
        let loop: NIOLoopBound<NodeLoop>? = if case .running(let bound) = next { bound } else { nil }
        for continuation in early.values { continuation.resume(returning: loop) }
    }

    /// The loop, once it runs: requests may come before `run()` has opened the store. Nil when the node
    /// has ended, or does not run by the deadline.
    func runningLoop(by deadline: Duration) async -> NIOLoopBound<NodeLoop>? {
        let number = earlyRequests.withLock { number in
            number += 1
            return number
        }
        return await withCheckedContinuation { continuation in
            let now = life.withLock { life -> NIOLoopBound<NodeLoop>?? in
                switch life {
                case .running(let bound): return .some(bound)
                case .ended: return .some(nil)
                case .new(var early):
                    early[number] = continuation
                    life = .new(early)
                    return .none
                }
            }
            if let now {
                continuation.resume(returning: now)
            } else {
                Task { await giveUp(number, after: deadline) }
            }
        }
    }

    private func giveUp(_ number: UInt64, after deadline: Duration) async {
        try? await Task.sleep(for: deadline)
        let late = life.withLock { life -> CheckedContinuation<NIOLoopBound<NodeLoop>?, Never>? in
            guard case .new(var early) = life else { return nil }
            defer { life = .new(early) }
            return early.removeValue(forKey: number)
        }
        late?.resume(returning: nil)
    }

    /// The node's account of itself; nil unless it runs.
    public func status() async -> NodeStatus? {
        await withCheckedContinuation { continuation in
            let isRunning = onLoop { loop in
                loop.tellStatus { continuation.resume(returning: $0?.status) }
            }
            if !isRunning { continuation.resume(returning: nil) }
        }
    }

    /// Has the loop run `body`, if the node runs. Under the lock, so that it is handed over before the loop
    /// can end: one that comes later would be dropped, and whoever waits for it would wait for ever.
    func onLoop(_ body: @escaping @Sendable (NodeLoop) -> Void) -> Bool {
        life.withLock { life in
            guard case .running(let bound) = life else { return false }
            bound.eventLoop.execute { body(bound.value) }
            return true
        }
    }
}

/// Carries the disk's reports to the loop. The disk starts before the loop's state exists, but has nothing
/// to report before it is given a job.
private final class DiskReports: Sendable {
    private let eventLoop: any EventLoop
    private let loop = Mutex<NIOLoopBound<NodeLoop>?>(nil)

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func send(to bound: NIOLoopBound<NodeLoop>) { loop.withLock { $0 = bound } }

    func tell(_ event: DiskEvent) {
        guard let bound = loop.withLock({ $0 }) else { return }
        eventLoop.execute { bound.value.core.take(event) }
    }
}
