import Foundation
import FuzzTargets
import Testing

/// What fuzzing found worth keeping is judged again without it: the corpus, which reaches what took the fuzzer
/// minutes to reach, and every input that once showed a mistake.
@Suite struct KeptInputsTests {
    /// `Fuzz` lies beside the folder of all tests.
    private static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fuzz")

    private static func inputs(_ kind: String, of target: FuzzTarget) throws -> [URL] {
        let folder = folder.appending(path: "\(kind)/\(target.rawValue)")
        guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    }

    private func judge(_ inputs: [URL], of target: FuzzTarget) throws {
        for input in inputs {
            let bytes = try Array(Data(contentsOf: input))
            #expect(throws: Never.self, "\(input.lastPathComponent)") { try target.run(bytes) }
        }
    }

    @Test(arguments: FuzzTarget.allCases) func theCorpusHolds(_ target: FuzzTarget) throws {
        let corpus = try Self.inputs("Corpus", of: target)
        try #require(!corpus.isEmpty, "Fuzz/Corpus/\(target.rawValue) is empty: was it moved?")
        try judge(corpus, of: target)
    }

    @Test(arguments: FuzzTarget.allCases) func noMistakeComesBack(_ target: FuzzTarget) throws {
        try judge(Self.inputs("Regressions", of: target), of: target)
    }

    @Test(arguments: FuzzTarget.allCases) func seedsHold(_ target: FuzzTarget) throws {
        for seed in try target.seeds() { #expect(throws: Never.self) { try target.run(seed) } }
    }
}
