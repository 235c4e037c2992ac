import DecreeNode
public import DecreeStore
import Foundation
import NIOCore
import NIOPosix

/// Why a node stopped, or would not start. Each says what to do next.
public enum NodeError: Error, Sendable, CustomStringConvertible {
    /// The configuration is impossible. Exit code 2.
    case configuration(ConfigurationError)
    /// The store was refused, or failed while the node ran. Exit code 4.
    case store(StoreError)
    /// Peers have seen this store further on, or another store under this id. Exit code 4.
    case fenced(String)
    /// The node was removed from the cluster. Exit code 0: it has done its work.
    case removed(String)
    /// The cluster did not take the node in. Exit code 1.
    case notAdmitted(String)
    /// No node of the cluster could be asked to take this one in, or none leads, or the time was up. Exit code 3.
    case clusterUnavailable(String)
    /// The node cannot listen at its address. Exit code 2.
    case cannotListen(host: String, port: Int, reason: String)

    /// What is wrong and what to do.
    public var description: String {
        switch self {
        case .configuration(let error): error.description
        case .store(let error): error.description
        case .fenced(let reason): "this node is fenced and must not vote: \(reason)"
        case .removed(let reason):
            "\(reason): it may stay stopped, and its data directory deleted; it can come back under a new id with "
                + "`decree node --join`"
        case .notAdmitted(let reason): "the cluster did not take this node in: \(reason)"
        case .clusterUnavailable(let reason): "the cluster cannot take this node in now: \(reason)"
        case .cannotListen(let host, let port, let reason):
            "cannot listen on \(host):\(port): \(reason); stop what uses the port or change it in \"nodes\" or "
                + "\"listen\", or with --listen if the node joins"
        }
    }
}

extension NodeError {
    /// What came of binding the node's own address.
    init(listeningAt host: String, _ port: Int, _ error: any Error) {
        if error is NIOConnectionError || error is SocketAddressError {
            self = .configuration(
                ConfigurationError(
                    "this node's own host \(host) cannot be resolved: correct it in \"nodes\", or with --listen"
                ))
            return
        }
        let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
        self = .cannotListen(host: host, port: port, reason: reason)
    }
}

extension NodeError {
    init(_ failure: NodeFailure) {
        switch failure {
        case .store(let error): self = .store(error)
        case .fenced(let reason): self = .fenced(reason)
        case .removed(let reason): self = .removed(reason)
        }
    }
}
