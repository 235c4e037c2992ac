public import Paxos

/// Bytes: version (3), the number of accounts and the digest of the state in 8 bytes each, then each
/// account, in the order of the numbers: the name's length in one byte, the name, the balance in 8 bytes.
/// Integers are little-endian. Equal states give equal bytes.
extension Bank {
    private static let snapshotVersion: UInt8 = 3

    /// All accounts.
    public func snapshot() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(17 + ledger.count * 24)
        bytes.append(Self.snapshotVersion)
        bytes.appendInteger(UInt64(ledger.count))
        bytes.appendInteger(digest().rawValue)
        ledger.forEach { name, balance in
            name.append(to: &bytes)
            bytes.appendInteger(balance)
        }
        return bytes
    }

    /// Replaces all accounts.
    ///
    /// - Throws: `MachineRestoreError` if the bytes are no snapshot; the bank is then as it was.
    public mutating func restore(from snapshot: ArraySlice<UInt8>) throws(MachineRestoreError) {
        var reader = ByteReader(snapshot)
        let version = reader.readInteger(UInt8.self)
        guard version == Self.snapshotVersion else {
            throw MachineRestoreError("bank snapshot of version \(version.map { "\($0)" } ?? "none")")
        }
        guard let count = reader.readInteger(UInt64.self), let digest = reader.readInteger(UInt64.self) else {
            throw MachineRestoreError("bank snapshot ends within its header")
        }
        var restored = Ledger()
        for _ in 0..<count {
            let (name, balance) = try Self.readAccount(&reader)
            guard restored.find(name) == nil else {
                throw MachineRestoreError("bank snapshot holds \(name) twice")
            }
            guard balance >= 0, balance <= Int64.max - restored.total, restored.count < Ledger.limit else {
                throw MachineRestoreError("bank snapshot holds an impossible balance, \(name): \(balance)")
            }
            restored.open(name, balance: balance)
        }
        guard reader.isAtEnd else { throw MachineRestoreError("bank snapshot goes on after its accounts") }
        guard restored.digest.rawValue == digest else {
            throw MachineRestoreError(
                "bank snapshot of digest \(Digest(rawValue: digest)) restores to \(restored.digest)")
        }
        self = Bank(ledger: restored)
    }

    private static func readAccount(
        _ reader: inout ByteReader
    ) throws(MachineRestoreError) -> (AccountName, Int64) {
        let name: AccountName
        do throws(BankRejection) {
            name = try AccountName(from: &reader)
        } catch {
            throw MachineRestoreError("bank snapshot holds no account where one should be: \(error)")
        }
        guard let balance = reader.readInteger(Int64.self) else {
            throw MachineRestoreError("bank snapshot ends within an account")
        }
        return (name, balance)
    }
}
