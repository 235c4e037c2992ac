/// One step in the life of the store's tables.
package struct Migration: Sendable {
    /// From 1, without a gap; the number its file starts with.
    package let version: Int
    /// What it is called in its file's name.
    package let name: String
    /// The statements. A store remembers their digest: a migration that was released is never edited.
    package let sql: String

    init(version: Int, name: String, bytes: [UInt8]) {
        self.version = version
        self.name = name
        sql = String(decoding: bytes, as: UTF8.self)
    }
}

/// Every migration there is, embedded in the binary.
package enum Migrations {
    /// In the order they are applied.
    package static let all = [
        Migration(version: 1, name: "initial", bytes: PackageResources._001_initial_sql),
        Migration(version: 2, name: "lifecycle", bytes: PackageResources._002_lifecycle_sql),
        Migration(version: 3, name: "unexecuted", bytes: PackageResources._003_unexecuted_sql),
        Migration(version: 4, name: "starts", bytes: PackageResources._004_starts_sql),
        Migration(version: 5, name: "founding", bytes: PackageResources._005_founding_sql),
        Migration(version: 6, name: "places", bytes: PackageResources._006_places_sql),
    ]
}
