import DecreeClient
import Paxos

/// A change of the members, made in one group after another with the same id.
struct MemberChange {
    /// What is to be done in a group.
    enum Plan {
        case change(ConfigurationChange)
        /// It is so already.
        case nothing(NodeID)
    }

    let call: OperatorCall
    /// What is done, for messages: "node 3 was removed".
    let groups: [GroupView]

    init(_ call: OperatorCall) async throws {
        self.call = call
        groups = try await call.groups()
    }

    /// Makes the change in every group. `plan` is told the id that the groups before have given.
    func run(_ plan: (GroupView, NodeID?) -> Plan) async throws -> [(GroupID, ConfigurationOutcome)] {
        var done: [(GroupID, ConfigurationOutcome)] = []
        for view in groups {
            do {
                switch plan(view, done.first?.1.node) {
                case .nothing(let node):
                    done.append((view.group, ConfigurationOutcome(node: node, from: nil)))
                case .change(let change):
                    done.append((view.group, try await call.change(change, in: view.group)))
                }
            } catch let error as ToolError where !done.isEmpty {
                let names = done.map { "\($0.0)" }.joined(separator: ", ")
                throw ToolError(
                    error.status,
                    "group \(view.group): \(error). It is done in group \(names): run it again to complete it"
                )
            }
        }
        return done
    }

    /// Waits until the change is in force in every group.
    func waitUntilInForce(
        _ done: [(GroupID, ConfigurationOutcome)], _ isSo: (GroupView, NodeID) -> Bool
    ) async throws {
        for (group, outcome) in done {
            let view = try await call.wait(for: group) { $0.membersFrom == nil && isSo($0, outcome.node) }
            guard view != nil else {
                throw ToolError(
                    .unreachable,
                    "group \(group): the change is made, and not in force yet; see `decree member list`, or "
                        + "run it again with a longer --deadline")
            }
        }
    }
}

extension OperatorOptions {
    /// Tells what has become so.
    func tell(
        _ done: [(GroupID, ConfigurationOutcome)], _ change: String, isInForce: Bool = false,
        _ sentence: (NodeID) -> String
    ) {
        for (group, outcome) in done {
            let place = done.count > 1 ? "group \(group): " : ""
            let when =
                if isInForce { "; it is in force" } else {
                    outcome.from.map { "; in force from slot \($0)" } ?? "; it was so already"
                }
            tell(place + sentence(outcome.node) + when) { line in
                line.add("group", group.rawValue)
                line.add("change", change)
                line.add("node", outcome.node.rawValue)
                if let from = outcome.from { line.add("from", from.rawValue) }
                line.add("isInForce", isInForce)
            }
        }
    }
}

extension JSONWriter {
    mutating func add(_ key: StaticString, _ address: NodeAddress) { add(key, "\(address)") }
}
