#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// How many files and connections this process may have open.
enum OpenFiles {
    /// Raises the limit as far as the system lets a process raise its own: the lower one that processes start with is for
    /// programs that use `select`.
    static func raiseLimit() {
        var limit = rlimit()
        #if canImport(Darwin)
            let resource = RLIMIT_NOFILE
            // More is refused, whatever the hard limit says.
            let highest = rlim_t(OPEN_MAX)
        #else
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
            let highest = rlim_t.max
        #endif
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < min(limit.rlim_max, highest) else { return }
        limit.rlim_cur = min(limit.rlim_max, highest)
        // Where it is refused, there are as many as there were.
        _ = setrlimit(resource, &limit)
    }
}
