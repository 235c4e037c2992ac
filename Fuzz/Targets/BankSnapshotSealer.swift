import Paxos

/// Makes the count and the digest of a bank's snapshot fit the accounts behind them, so that those are judged
/// and not the digest alone. It knows the layout from the comment in `Bank+Snapshot.swift`.
enum BankSnapshotSealer {
    private static let headerBytes = 17

    /// The snapshot up to its last whole account, sealed.
    static func sealed(_ raw: [UInt8]) -> [UInt8] {
        guard raw.count >= headerBytes else { return raw }
        var bytes = raw
        var reader = ByteReader(raw[headerBytes...])
        var end = headerBytes
        var count: UInt64 = 0
        var total: Int64 = 0
        var sum: UInt64 = 0
        while let length = reader.readInteger(UInt8.self), let name = reader.readBytes(Int(length)),
            let balance = reader.readInteger(Int64.self)
        {
            end = reader.rest.startIndex
            count += 1
            total &+= balance
            sum &+= Digest(of: Digest(of: name).rawValue, UInt64(bitPattern: balance), 0, 0).rawValue
        }
        bytes.removeSubrange(end...)
        bytes[0] = 1
        bytes.set(count, at: 1)
        bytes.set(Digest(of: sum, count, UInt64(bitPattern: total), 1).rawValue, at: 9)
        return bytes
    }
}
