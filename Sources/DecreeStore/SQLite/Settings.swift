/// The settings a store runs under, each read back: a setting that did not take is a store that may lose
/// votes, so it is refused.
enum Settings {
    struct Setting {
        let name: String
        let value: String
        /// What SQLite says when it is asked.
        let expected: String
        /// Whether a VFS may know no such thing, and SQLite then say nothing.
        var mayBeAbsent = false
    }

    /// In the order they are set: the page size before the write-ahead log, for it cannot be changed
    /// later; EXCLUSIVE before the first access, so that there is never a -shm file.
    static let ofNode: [Setting] =
        [
            Setting(name: "page_size", value: "4096", expected: "4096"),
            Setting(name: "locking_mode", value: "EXCLUSIVE", expected: "exclusive"),
            Setting(name: "secure_delete", value: "OFF", expected: "0"),
            Setting(name: "mmap_size", value: "0", expected: "0", mayBeAbsent: true),
            Setting(name: "cache_spill", value: "OFF", expected: "0"),
            Setting(name: "temp_store", value: "MEMORY", expected: "2"),
            Setting(name: "journal_mode", value: "WAL", expected: "wal"),
            Setting(name: "synchronous", value: "FULL", expected: "2"),
            Setting(name: "wal_autocheckpoint", value: "0", expected: "0"),
        ] + ofDarwin

    /// There, fsync alone leaves the data in the drive's cache.
    private static var ofDarwin: [Setting] {
        #if canImport(Darwin)
            [
                Setting(name: "fullfsync", value: "ON", expected: "1"),
                Setting(name: "checkpoint_fullfsync", value: "ON", expected: "1"),
            ]
        #else
            []
        #endif
    }

    /// Sets every one, then reads every one back: a later one may undo an earlier one.
    static func apply(to connection: Connection, file: String) throws(StoreError) {
        for setting in ofNode {
            try StoreError.naming(file) { () throws(SQLiteError) in
                try connection.execute("PRAGMA \(setting.name) = \(setting.value)")
            }
        }
        try verify(connection, file: file)
    }

    /// Reads every setting back.
    static func verify(_ connection: Connection, file: String) throws(StoreError) {
        for setting in ofNode {
            let found = try StoreError.naming(file) { () throws(SQLiteError) in
                try connection.text("PRAGMA \(setting.name)")
            }
            if found == nil, setting.mayBeAbsent { continue }
            guard found == setting.expected else {
                throw .settingRefused(
                    setting: setting.name, wanted: setting.expected, found: found ?? "nothing")
            }
        }
    }
}
