import Paxos

/// What takes bytes from outside, and is therefore given any: by libFuzzer, which looks for new ones, and by
/// the tests, which replay those it found worth keeping.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// The frames of a connection.
    case wire
    /// The write-ahead log as a crash or rot left it.
    case wal
    /// A node's JSON configuration.
    case configuration
    /// Lines of input to `decree bank run`.
    case operations
    /// Commands, queries, replies and snapshots of the bank.
    case bank
    /// Proposals and configurations in the log.
    case log

    /// Judges one input.
    ///
    /// - Throws: what does not hold for it. An input that is refused as it should be throws nothing.
    package func run(_ input: [UInt8]) throws(FuzzFailure) {
        switch self {
        case .wire: try WireTarget.run(input)
        case .wal: try WALTarget.run(input)
        case .configuration: try ConfigurationTarget.run(input)
        case .operations: try OperationsTarget.run(input)
        case .bank: try BankTarget.run(input)
        case .log: try LogTarget.run(input)
        }
    }

    /// Inputs made of real values, for a corpus to start from.
    package func seeds() throws -> [[UInt8]] {
        switch self {
        case .wire: try WireTarget.seeds()
        case .wal: WALTarget.seeds
        case .configuration: try ConfigurationTarget.seeds()
        case .operations: OperationsTarget.seeds
        case .bank: try BankTarget.seeds()
        case .log: LogTarget.seeds
        }
    }
}

/// Something that must hold for any bytes, and does not.
package struct FuzzFailure: Error, CustomStringConvertible {
    /// What, for which value.
    package let description: String

    init(_ description: String) { self.description = description }
}

/// Throws unless `condition` holds.
func require(
    _ condition: Bool, _ otherwise: @autoclosure () -> String
) throws(FuzzFailure) {
    guard condition else { throw FuzzFailure(otherwise()) }
}
