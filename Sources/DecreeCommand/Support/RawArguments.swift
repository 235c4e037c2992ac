/// The arguments as bytes, as the system gives them.
enum RawArguments {
    /// Refuses arguments that are not UTF-8. Swift puts U+FFFD in the place of every byte that is none, so that two names
    /// would become one.
    ///
    /// - Throws: `ToolError` with exit code 2, which names the first such argument.
    static func requireUTF8(_ arguments: [[UInt8]] = all) throws(ToolError) {
        for (index, bytes) in arguments.enumerated() where String(validating: bytes, as: UTF8.self) == nil {
            throw ToolError(
                .usage,
                "argument \(index + 1), \"\(shown(bytes))\", is not valid UTF-8: write names and paths in UTF-8. "
                    + "Nothing was done")
        }
    }

    /// All but the name of the program.
    private static var all: [[UInt8]] {
        (0..<Int(CommandLine.argc)).dropFirst().compactMap { index in
            CommandLine.unsafeArgv[index].map { argument in
                var bytes: [UInt8] = []
                while argument[bytes.count] != 0 { bytes.append(UInt8(bitPattern: argument[bytes.count])) }
                return bytes
            }
        }
    }

    /// Printable ASCII as it is, every other byte as `\xff`.
    private static func shown(_ bytes: [UInt8]) -> String {
        bytes.prefix(80).map { byte in
            (0x20..<0x7f).contains(byte)
                ? String(UnicodeScalar(byte)) : "\\x" + [byte].hexadecimal
        }.joined() + (bytes.count > 80 ? "…" : "")
    }
}
