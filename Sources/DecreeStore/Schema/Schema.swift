import Migrations
import Paxos

/// Makes the tables, and knows whether they are ours.
enum Schema {
    /// "DCRE" as SQLite keeps it in the database's header.
    static let applicationID: Int64 = 0x4443_5245

    /// The format this version writes: its last migration.
    static var format: Int { Migrations.all.last?.version ?? 0 }

    /// What a file turned out to be.
    enum State: Equatable {
        /// Nothing in it yet.
        case fresh
        /// A store of this format, or of an older one.
        case store(format: Int)
    }

    /// Looks before anything is changed, so that a database of somebody else's is left as it was.
    static func state(of connection: Connection, file: String) throws(StoreError) -> State {
        let found = try StoreError.naming(file) { () throws(SQLiteError) in
            (
                application: try connection.integer("PRAGMA application_id") ?? 0,
                format: Int(try connection.integer("PRAGMA user_version") ?? 0),
                tables: try connection.integer("SELECT count(*) FROM sqlite_schema") ?? 0
            )
        }
        if found == (0, 0, 0) { return .fresh }
        guard found.application == applicationID else {
            throw .notAStore(file: file, detail: "its application_id is \(found.application)")
        }
        guard found.format <= format else {
            throw .newerFormat(file: file, found: found.format, supported: format)
        }
        guard found.format > 0, found.tables > 0 else {
            throw .corrupt(place: file, group: nil, slot: nil, detail: "a store without tables")
        }
        return .store(format: found.format)
    }

    /// Refuses a store whose tables were made by other texts than ours.
    static func verifyMigrations(
        of connection: Connection, through format: Int, file: String
    ) throws(StoreError) {
        let recorded = try StoreError.naming(file) { () throws(SQLiteError) in
            var recorded: [Int: Digest] = [:]
            try connection.query("SELECT version, digest FROM migration") { row in
                recorded[Int(row.integer(0))] = Digest(rawValue: row.word(1))
            }
            return recorded
        }
        for migration in Migrations.all.prefix(format)
        where recorded[migration.version] != digest(of: migration) {
            throw .alteredMigration(file: file, version: migration.version)
        }
        guard recorded.count == format else {
            throw .corrupt(
                place: "migration", group: nil, slot: nil,
                detail: "\(recorded.count) migrations are recorded, the format is \(format)")
        }
    }

    /// Makes all tables in one transaction, with what makes an empty file a store: there never is a store without an
    /// owner, nor one that does not know yet that its founding is not complete.
    static func create(
        _ connection: Connection, file: String, owner: () throws(SQLiteError) -> Void,
        founding: () throws(SQLiteError) -> Void
    ) throws(StoreError) {
        try StoreError.naming(file) { () throws(SQLiteError) in
            try connection.execute("BEGIN IMMEDIATE")
            for migration in Migrations.all {
                try apply(migration, to: connection) { () throws(SQLiteError) in
                    if migration.version == 1 {
                        try connection.execute("PRAGMA application_id = \(applicationID)")
                        try owner()
                    }
                }
            }
            try founding()
            try connection.execute("COMMIT")
        }
    }

    /// Applies what is missing, each migration in a transaction of its own.
    static func migrate(_ connection: Connection, from format: Int, file: String) throws(StoreError) {
        for migration in Migrations.all.dropFirst(format) {
            try StoreError.naming(file) { () throws(SQLiteError) in
                try connection.execute("BEGIN IMMEDIATE")
                try apply(migration, to: connection) {}
                try connection.execute("COMMIT")
            }
        }
    }

    /// Some migrations take rows with them whose checksums SQL cannot reckon.
    private static func apply(
        _ migration: Migration, to connection: Connection, with rows: () throws(SQLiteError) -> Void
    ) throws(SQLiteError) {
        try connection.execute(migration.sql)
        let record = try connection.prepare("INSERT INTO migration VALUES (?1, ?2, ?3)")
        try record.bind(1, Int64(migration.version))
        try record.bind(2, migration.name)
        try record.bind(3, Int64(bitPattern: digest(of: migration).rawValue))
        try record.run()
        try rows()
        if migration.version == 2 { try FloorRows.create(connection) }
        try connection.execute("UPDATE node SET format = \(migration.version)")
        try connection.execute("PRAGMA user_version = \(migration.version)")
    }

    private static func digest(of migration: Migration) -> Digest { Digest(of: Array(migration.sql.utf8)) }
}
