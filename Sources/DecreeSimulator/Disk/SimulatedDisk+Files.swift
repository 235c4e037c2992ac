/// Files as a process reaches them without SQLite.
extension SimulatedDisk {
    /// Makes a directory; its parent must exist. "" and "/" always do.
    public func createDirectory(_ path: String) throws(DiskError) {
        try withState { (state) throws(DiskError) in try state.createDirectory(path) }
    }

    /// Makes the names in a directory durable.
    public func syncDirectory(_ path: String) throws(DiskError) {
        try withState { (state) throws(DiskError) in try state.syncDirectory(path) }
    }
}
