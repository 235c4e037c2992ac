/// What is offered for a slot: a batch of entries, or a no-op. The leader encodes it once; those bytes are
/// the frame's payload, the blob in SQLite on every node, and what is executed.
///
/// Bytes: one byte of kind (0 no-op, 1 batch), then a batch's entries one after another.
public struct Proposal: Hashable, Sendable {
    /// The encoded proposal, never empty.
    public let bytes: [UInt8]
    /// The digest of `bytes`.
    public let digest: Digest

    /// Fills a gap: chosen where nothing was accepted.
    public static let noOp = Proposal(bytes: [0])

    /// Digests `bytes`, as the leader does once for each proposal.
    public init(bytes: [UInt8]) {
        self.bytes = bytes
        digest = Digest(of: bytes)
    }

    /// Checks bytes from a peer or a row against the digest that came with them; nil if they differ.
    public init?(bytes: [UInt8], digest: Digest) {
        guard !bytes.isEmpty, Digest(of: bytes) == digest else { return nil }
        self.bytes = bytes
        self.digest = digest
    }

    /// Whether it is a no-op.
    public var isNoOp: Bool { bytes.first == 0 }

    /// Two proposals are one when their digests are: comparing a megabyte again would prove no more.
    public static func == (left: Self, right: Self) -> Bool {
        left.digest == right.digest && left.bytes.count == right.bytes.count
    }

    /// Hashes the digest.
    public func hash(into hasher: inout Hasher) { hasher.combine(digest) }

    /// The entries of a batch, in order; none for a no-op.
    public var entries: EntrySequence { EntrySequence(bytes: bytes.dropFirst()) }
}

/// One entry of a batch: a session opened, a session's command or its batch of commands, or a change of the members.
///
/// Bytes: kind (0 open session, 1 command, 2 configuration change, 3 batch of commands); for a command and for a batch
/// session, sequence and firstUnacknowledged of 8 bytes each; then the payload's length in 4 bytes and the payload. Integers are
/// little-endian. `ConfigurationChange+Bytes` has a change's.
public enum Entry: Sendable, Equatable {
    /// Opens a session, whose id is this entry's position.
    case openSession
    /// A command for the state machine, of `sequence` in `session`. The client has the replies to every
    /// sequence below `firstUnacknowledged`.
    case command(
        session: SessionID, sequence: UInt64, firstUnacknowledged: UInt64, payload: ArraySlice<UInt8>)
    /// A `CommandBatch`, likewise.
    case batch(
        session: SessionID, sequence: UInt64, firstUnacknowledged: UInt64, payload: ArraySlice<UInt8>)
    /// Changes who belongs to the group.
    case change(ConfigurationChange)
}

/// Reads a batch's entries. It ends early, with `isMalformed`, on bytes that are no batch.
public struct EntrySequence: Sequence, IteratorProtocol, Sendable {
    private var reader: ByteReader
    /// Set when the bytes were no batch.
    public private(set) var isMalformed = false

    init(bytes: ArraySlice<UInt8>) { reader = ByteReader(bytes) }

    /// The next entry; nil at the end, and where the bytes are no entry.
    public mutating func next() -> Entry? {
        guard !isMalformed, let kind = reader.readInteger(UInt8.self) else { return nil }
        switch kind {
        case 0: return .openSession
        case 1, 3:
            if let session = reader.readInteger(UInt64.self), let sequence = reader.readInteger(UInt64.self),
                let firstUnacknowledged = reader.readInteger(UInt64.self),
                let length = reader.readInteger(UInt32.self), let payload = reader.readBytes(Int(length))
            {
                let session = SessionID(rawValue: session)
                return kind == 1
                    ? .command(
                        session: session, sequence: sequence, firstUnacknowledged: firstUnacknowledged,
                        payload: payload)
                    : .batch(
                        session: session, sequence: sequence, firstUnacknowledged: firstUnacknowledged,
                        payload: payload)
            }
        case 2: if let change = ConfigurationChange(from: &reader) { return .change(change) }
        default: break
        }
        isMalformed = true
        return nil
    }
}

/// Gathers entries into one proposal.
public struct ProposalBuilder: Sendable {
    /// Bytes of a command's entry beside its payload.
    public static let commandOverheadBytes = 29

    private var bytes: [UInt8] = [1]
    /// Entries so far.
    public private(set) var count = 0

    /// An empty batch.
    public init() {}

    /// Bytes of the proposal so far.
    public var byteCount: Int { bytes.count }

    /// Whether it holds no entry.
    public var isEmpty: Bool { count == 0 }

    /// Adds an entry; its index is the count before.
    public mutating func append(_ entry: Entry) {
        count += 1
        switch entry {
        case .openSession: bytes.append(0)
        case .command(let session, let sequence, let firstUnacknowledged, let payload):
            append(1, session, sequence, firstUnacknowledged, payload)
        case .batch(let session, let sequence, let firstUnacknowledged, let payload):
            append(3, session, sequence, firstUnacknowledged, payload)
        case .change(let change):
            bytes.append(2)
            change.append(to: &bytes)
        }
    }

    private mutating func append(
        _ kind: UInt8, _ session: SessionID, _ sequence: UInt64, _ firstUnacknowledged: UInt64,
        _ payload: ArraySlice<UInt8>
    ) {
        bytes.append(kind)
        bytes.appendInteger(session.rawValue)
        bytes.appendInteger(sequence)
        bytes.appendInteger(firstUnacknowledged)
        bytes.appendInteger(UInt32(payload.count))
        bytes.append(contentsOf: payload)
    }

    /// The proposal, digested; the builder is empty afterwards.
    public mutating func build() -> Proposal {
        defer { self = ProposalBuilder() }
        return Proposal(bytes: bytes)
    }
}
