import CSQLite
import Foundation
import Testing

/// A directory that is gone after the test.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "decree-process-\(UInt64.random(in: 0...UInt64.max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func text(of name: String) -> String {
        String(
            decoding: (try? Data(contentsOf: URL(fileURLWithPath: path + "/" + name))) ?? Data(),
            as: UTF8.self)
    }

    func newFile(_ name: String) throws -> FileHandle {
        let url = URL(fileURLWithPath: path + "/" + name)
        try Data().write(to: url)
        return try FileHandle(forWritingTo: url)
    }

    /// Writes a file, and gives its path.
    func write(_ text: String, to name: String) throws -> String {
        let file = path + "/" + name
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        return file
    }

    /// Names and contents of the files in a directory.
    static func contents(of directory: String) throws -> [String: Data] {
        let names = try FileManager.default.contentsOfDirectory(atPath: directory)
        return try Dictionary(
            uniqueKeysWithValues: names.map {
                ($0, try Data(contentsOf: URL(fileURLWithPath: directory + "/" + $0)))
            })
    }

    /// Names, times and contents of the files in a directory.
    static func fingerprint(of directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory).sorted().map { name in
            let file = directory + "/" + name
            let attributes = try FileManager.default.attributesOfItem(atPath: file)
            let time = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
            let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
            return "\(name) \(time) \(bytes.count) \(bytes.hashValue)"
        }
    }
}

/// SQL on a database file as a person with a SQLite shell would do it; each row comes back as text.
@discardableResult
func sql(_ sql: String, on file: String, readOnly: Bool = false) throws -> [String] {
    final class Rows { var rows: [String] = [] }
    var handle: OpaquePointer?
    let flags = readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE
    try #require(sqlite3_open_v2(file, &handle, flags, nil) == SQLITE_OK)
    defer { sqlite3_close(handle) }
    let rows = Rows()
    let code = sqlite3_exec(
        handle, sql,
        { context, count, columns, _ in
            guard let context else { return 1 }
            let values = (0..<Int(count)).map { columns?[$0].map { String(cString: $0) } ?? "" }
            Unmanaged<Rows>.fromOpaque(context).takeUnretainedValue().rows.append(
                values.joined(separator: "|"))
            return 0
        }, Unmanaged.passUnretained(rows).toOpaque(), nil)
    try #require(code == SQLITE_OK, "\(String(cString: sqlite3_errmsg(handle))): \(sql)")
    return rows.rows
}
