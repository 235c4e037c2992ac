import ArgumentParser
import Decree
import DecreeStore
import Foundation

/// What the tool's exit code says.
enum ExitStatus: Int32 {
    /// Everything was as it should be.
    case fine = 0
    /// A check failed: something was lost, done twice, or does not add up; or the cluster refused.
    case checkFailed = 1
    /// Wrong usage or configuration.
    case usage = 2
    /// The cluster cannot be reached.
    case unreachable = 3
    /// A store was refused, or failed.
    case store = 4
}

/// An error that knows its exit code and says what to do next.
struct ToolError: Error, CustomStringConvertible {
    let status: ExitStatus
    let description: String

    init(_ status: ExitStatus, _ description: String) {
        self.status = status
        self.description = description
    }
}

/// The exit code an error stands for; nil for those of the argument parser, which has its own opinion.
func exitStatus(of error: any Error) -> ExitStatus? {
    switch error {
    case let error as ToolError: error.status
    case is ConfigurationError: .usage
    case is StoreError: .store
    case let error as NodeError:
        switch error {
        case .configuration, .cannotListen: .usage
        case .store, .fenced: .store
        case .removed: .fine
        case .notAdmitted: .checkFailed
        case .clusterUnavailable: .unreachable
        }
    default: nil
    }
}

extension DecreeTool {
    /// Tells standard error what went wrong, and exits with the documented code.
    static func exit(withError error: any Error, code: ExitStatus?) -> Never {
        guard let code else {
            // Help and version are no errors; what is wrong with the arguments is code 2, not the parser's 64.
            let parserCode = exitCode(for: error)
            let text = fullMessage(for: error)
            if !text.isEmpty {
                let handle = parserCode.isSuccess ? FileHandle.standardOutput : FileHandle.standardError
                handle.write(Data((text + "\n").utf8))
            }
            Foundation.exit(
                parserCode == .validationFailure ? ExitStatus.usage.rawValue : parserCode.rawValue)
        }
        FileHandle.standardError.write(Data("decree: \(error)\n".utf8))
        Foundation.exit(code.rawValue)
    }
}
