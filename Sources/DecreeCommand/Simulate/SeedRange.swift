import ArgumentParser
import Foundation

/// Seeds as they are given on the command line: `7`, or `1..2000` with both ends.
struct SeedRange: ExpressibleByArgument, Sendable, CustomStringConvertible {
    let first: UInt64
    let last: UInt64

    init(_ first: UInt64, _ last: UInt64) {
        self.first = first
        self.last = last
    }

    init?(argument: String) {
        guard let dots = argument.range(of: "..") else {
            guard let only = UInt64(argument) else { return nil }
            self.init(only, only)
            return
        }
        guard let first = UInt64(argument[..<dots.lowerBound]),
            let last = UInt64(argument[dots.upperBound...]), first <= last, last < .max
        else { return nil }
        self.init(first, last)
    }

    var count: UInt64 { last - first + 1 }

    var description: String { first == last ? "\(first)" : "\(first)..\(last)" }
}
