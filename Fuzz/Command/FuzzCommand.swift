import Foundation
import FuzzTargets
import LibFuzzer

/// libFuzzer on one target, which `DECREE_FUZZ_TARGET` names: a variable and no argument, for libFuzzer starts
/// this program anew with arguments of its own. All arguments are libFuzzer's, but for one pair:
/// `seeds FOLDER` writes the target's seeds and ends.
@main enum FuzzCommand {
    private static let target = ProcessInfo.processInfo.environment["DECREE_FUZZ_TARGET"]
        .flatMap(FuzzTarget.init)

    static func main() throws {
        guard let target else {
            let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
            FileHandle.standardError.write(Data("set DECREE_FUZZ_TARGET to one of: \(names)\n".utf8))
            exit(2)
        }
        let arguments = CommandLine.arguments
        if arguments.count == 3, arguments[1] == "seeds" {
            try write(target.seeds(), into: URL(filePath: arguments[2]))
            return
        }
        var count = CommandLine.argc
        var pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = CommandLine.unsafeArgv
        exit(LLVMFuzzerRunDriver(&count, &pointers) { FuzzCommand.test($0, $1) })
    }

    /// A failure ends the process, as a trap within the target would: libFuzzer keeps the input of either.
    private static func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
        do {
            try target?.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
        } catch {
            fatalError("\(error)")
        }
        return 0
    }

    private static func write(_ seeds: [[UInt8]], into folder: URL) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (index, seed) in seeds.enumerated() {
            try Data(seed).write(to: folder.appending(path: "seed-\(index)"))
        }
    }
}
