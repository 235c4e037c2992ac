/// What differs between two texts, line by line, as `diff -u` shows it.
enum TraceDifference {
    private static let context = 3

    static func between(_ expected: String, _ found: String) -> [String] {
        let old = expected.split(separator: "\n", omittingEmptySubsequences: false)
        let new = found.split(separator: "\n", omittingEmptySubsequences: false)
        let changes = new.difference(from: old)
        var removed: Set<Int> = []
        var inserted: Set<Int> = []
        for change in changes {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): inserted.insert(offset)
            }
        }
        // Every line of both, in order.
        var lines: [(mark: String, text: Substring, oldLine: Int)] = []
        var (from, to) = (0, 0)
        while from < old.count || to < new.count {
            if from < old.count, removed.contains(from) {
                lines.append(("-", old[from], from + 1))
                from += 1
            } else if to < new.count, inserted.contains(to) {
                lines.append(("+", new[to], from + 1))
                to += 1
            } else {
                lines.append((" ", old[from], from + 1))
                from += 1
                to += 1
            }
        }
        return hunks(lines)
    }

    private static func hunks(_ lines: [(mark: String, text: Substring, oldLine: Int)]) -> [String] {
        let changed = lines.indices.filter { lines[$0].mark != " " }
        let shown = lines.indices.filter { index in changed.contains { abs($0 - index) <= context } }
        var output: [String] = []
        for (position, index) in shown.enumerated() {
            if position == 0 || shown[position - 1] != index - 1 {
                output.append("@@ line \(lines[index].oldLine) @@")
            }
            output.append("\(lines[index].mark)\(lines[index].text)")
        }
        return output
    }
}
