import ArgumentParser
import DecreeSimulator

/// The options that say what a seed's world is made of. Whoever replays a seed gives the same.
struct SimulationChoices: ParsableArguments {
    // A list that begins with a minus is a value, not an option.
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Kinds of faults that seeds may draw from, with commas between them; \"all\", \"none\", or with a minus "
                + "all but these: -rot,-clock.", valueName: "kinds"))
    var faults = "all"

    @Option(
        help: ArgumentHelp(
            "Only these faults of a seed's schedule, by number, with commas between them; \"none\" for none: what "
                + "--shrink leaves.", valueName: "numbers"))
    var only: String?

    @Option(
        help: ArgumentHelp(
            "Nodes: one number, or a range such as 3..7 that seeds draw from.", valueName: "count"))
    var nodes = "3..7"

    func options() throws -> SimulationOptions {
        var options = SimulationOptions()
        options.faults = try faultKinds()
        options.only = try numbers()
        guard let range = SeedRange(argument: nodes), range.first >= 3, range.last <= 9 else {
            throw ValidationError("--nodes takes a number or a range within 3..9, not \(nodes).")
        }
        options.nodes = Int(range.first)...Int(range.last)
        return options
    }

    /// The arguments that give these choices again.
    var arguments: [String] {
        var arguments: [String] = []
        if faults != "all" { arguments += ["--faults", faults] }
        if let only { arguments += ["--only", only] }
        if nodes != "3..7" { arguments += ["--nodes", nodes] }
        return arguments
    }

    private func faultKinds() throws -> Set<FaultKind> {
        switch faults {
        case "all": return Set(FaultKind.allCases)
        case "none": return []
        default: break
        }
        let words = faults.split(separator: ",").map(String.init)
        let isExclusion = words.allSatisfy { $0.hasPrefix("-") }
        let kinds = try words.map { word in
            let name = isExclusion ? String(word.dropFirst()) : word
            guard let kind = FaultKind(rawValue: name) else {
                let known = FaultKind.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("--faults does not know \"\(name)\"; there are: \(known).")
            }
            return kind
        }
        return isExclusion ? Set(FaultKind.allCases).subtracting(kinds) : Set(kinds)
    }

    private func numbers() throws -> Set<Int>? {
        guard let only else { return nil }
        guard only != "none" else { return [] }
        let words = only.split(separator: ",")
        let numbers = words.compactMap { Int($0) }
        guard numbers.count == words.count, !numbers.isEmpty else {
            throw ValidationError("--only takes numbers with commas between them, not \(only).")
        }
        return Set(numbers)
    }
}
