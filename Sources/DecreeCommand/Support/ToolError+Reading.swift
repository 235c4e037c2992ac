import DecreeStore

extension ToolError {
    /// What a store says is meant for a node that runs on it. Who only reads it gives nothing up, and starts nothing.
    init(reading directory: String, _ error: StoreError) {
        let text =
            switch error {
            case .ioError(let file, let operation, let detail):
                "\(file): \(operation) failed (\(detail)): check the path, its permissions and the disk"
            case .inUse(let directory, let processID):
                "\(directory) is in use by \(processID.map { "process \($0)" } ?? "another process"): stop that first"
            case .notAStore(let file, let detail) where BackupMark.isBackup(directory):
                "\(file) is not a Decree store (\(detail)): \(BackupMark.advice)"
            case .corrupt(let place, let group, let slot, let detail) where BackupMark.isBackup(directory):
                "corrupt: \(place)\(group.map { " group \($0)" } ?? "")\(slot.map { " slot \($0)" } ?? ""): \(detail): "
                    + BackupMark.advice
            default: error.description
            }
        self.init(.store, text)
    }

    /// Does `body`, which reads the store of a directory.
    static func reading<Result>(_ directory: String, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as StoreError {
            throw ToolError(reading: directory, error)
        }
    }
}
