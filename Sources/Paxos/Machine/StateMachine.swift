/// What a group's log is executed on: the extension point for everybody's machine.
///
/// Every node executes the same commands in the same order, and must come to the same state and the same
/// replies. So a machine is *deterministic*: no clock, no randomness, no I/O, no iteration over a
/// `Dictionary` or `Set` (Swift orders them differently in each process) in anything that shows.
/// A command that makes no sense is *rejected* with a reason, never a trap: it is already in the log, and
/// a machine that traps on it traps again at every restart.
///
/// A machine is a value: a copy is a snapshot, and must stay what it was while the original goes on.
/// `docs/state-machine.md` works an example through; `Bank` is one in earnest.
public protocol StateMachine: Sendable {
    /// Executes one command. Called once for each chosen command, in log order, on every node; never for
    /// a retry of one that was executed (sessions see to that).
    ///
    /// - Parameters:
    ///   - command: what the client submitted, up to the value limit. From outside: decode with care.
    ///   - position: where the command stands in the log.
    mutating func execute(_ command: ArraySlice<UInt8>, at position: LogPosition) -> Reply

    /// Answers a query from the state as it is. Queries never enter the log.
    func query(_ query: ArraySlice<UInt8>) -> Reply

    /// A digest of the state alone: equal states have equal digests in every process. It may cost as much
    /// as reading the state; it is asked for seldom.
    func digest() -> Digest

    /// The whole state as bytes that `restore` understands, in this version and later ones.
    func snapshot() -> [UInt8]

    /// Replaces the state with one that `snapshot` wrote.
    ///
    /// - Throws: `MachineRestoreError` if the bytes are no snapshot; the state is then as it was.
    mutating func restore(from snapshot: ArraySlice<UInt8>) throws(MachineRestoreError)
}

/// A machine's answer to a command or a query.
public struct Reply: Hashable, Sendable {
    /// Whether the machine refused: a result like any other, the same on every node.
    public let isRejected: Bool
    /// The answer, or the reason for the rejection.
    public let bytes: [UInt8]

    /// For decoding; use `ok` and `rejected`.
    public init(isRejected: Bool, bytes: [UInt8]) {
        self.isRejected = isRejected
        self.bytes = bytes
    }

    /// Done.
    public static func ok(_ bytes: [UInt8] = []) -> Reply { Reply(isRejected: false, bytes: bytes) }

    /// Refused, with a reason a person can read.
    public static func rejected(_ reason: String) -> Reply {
        Reply(isRejected: true, bytes: Array(reason.utf8))
    }

    /// The bytes as text: the reason of a rejection.
    public var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// A snapshot that is not one.
public struct MachineRestoreError: Error, Sendable, CustomStringConvertible {
    /// What was wrong.
    public let description: String
    /// An error.
    public init(_ description: String) { self.description = description }
}
