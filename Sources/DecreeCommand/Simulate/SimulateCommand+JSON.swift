import Bank
import DecreeSimulator
import Foundation

extension SimulateCommand {
    func printJSON(_ tally: SimulationTally, _ wall: Double, _ unequal: [UInt64]) throws {
        var output = GatheredOutput()
        try output.object { line in
            line.add("seeds", tally.seeds)
            line.add("counted", tally.counted)
            line.add("withPromisesInParts", tally.inParts)
            line.add("failed", json: "[\(tally.failures.map { "\($0.seed)" }.joined(separator: ","))]")
            line.add("unequal", json: "[\(unequal.map { "\($0)" }.joined(separator: ","))]")
            line.add("wallSeconds", json: Format.fixed(wall, 3))
            line.add("simulatedHours", json: Format.fixed(tally.hours, 4))
            line.add("slots", tally.counts.slots)
            line.add("elections", tally.counts.elections)
            line.add("answered", tally.counts.answered)
            line.add("unknown", tally.counts.unknown)
            line.add("readsChecked", tally.counts.reads)
            line.add("messages", tally.counts.messages)
            line.add("lost", tally.counts.lost)
            line.add("deaths", tally.counts.deaths)
            line.add("fenced", tally.counts.fenced)
            line.add("snapshots", tally.counts.snapshots)
            line.add("installs", tally.counts.installs)
            line.add("joins", tally.counts.joins)
            line.add("replacements", tally.counts.replacements)
            line.add("removals", tally.counts.removals)
            line.add("handOvers", tally.counts.handOvers)
            line.add("disksLost", tally.counts.disksLost)
            line.add("copies", tally.counts.copies)
            line.add("mended", tally.counts.mended)
            line.add("relayed", tally.counts.relayed)
            if let recovery = tally.recoverySeconds {
                line.add("recoveryMedianSeconds", json: Format.fixed(recovery.median, 3))
                line.add("recoveryWorstSeconds", json: Format.fixed(recovery.worst, 3))
            }
            let faults = FaultKind.allCases.map { "\($0.rawValue.json):\(tally.counts.faults[$0] ?? 0)" }
            line.add("faults", json: "{\(faults.joined(separator: ","))}")
        }
        try output.flush()
    }
}

extension TraceLine {
    /// An object in one line.
    var json: String {
        var writer = JSONWriter()
        writer.line { line in
            line.add("time", time)
            line.add("kind", kind.rawValue)
            if let node { line.add("node", node + 1) }
            line.add("text", text)
        }
        return String(decoding: writer.bytes.dropLast(), as: UTF8.self)
    }
}
