import DecreeClient
import Foundation
import Paxos
import Testing

@testable import Decree

/// What a node that is to join makes of its directory, before it has asked anybody.
@Suite(.timeLimit(.minutes(1))) struct JoiningTests {
    /// What joining ends with, where nobody answers, in a directory that holds these files.
    private func error(with files: [String: String]) async throws -> NodeError? {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            "decree-joining-\(UInt64.random(in: 0...UInt64.max))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        for (name, text) in files {
            try Data(text.utf8).write(to: directory.appendingPathComponent(name))
        }
        let place = NodeAddress(host: "127.0.0.1", port: try LoopbackPorts.free(1)[0])
        let joining = Joining(
            cluster: [place], address: place, dataDirectory: directory.path, deadline: .seconds(1))
        return await #expect(throws: NodeError.self) { try await joining.run() }
    }

    /// With the name that the directory kept, its votes would be forgotten unnoticed.
    @Test(arguments: [
        (
            #"{"cluster": "bank", "node": 4, "nodes": [{"id": 4, "host": "h", "port": 7004}], "dataDirectory": "d"}"#,
            "decree member replace 4 HOST:PORT"
        ), ("{", "decree member replace N HOST:PORT"),
    ])
    func aNodeWhoseStoreIsLostDoesNotJoinUnderItsOldName(configuration: String, advice: String) async throws {
        let error = try await error(with: ["join.id": "00000000000000a1\n", "node.json": configuration])
        guard case .fenced(let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains(advice), "\(reason)")
    }

    private func joining(isVoter: Bool = true, replacing replaced: Int? = nil) -> Joining {
        Joining(
            cluster: [], address: NodeAddress(host: "10.0.0.4", port: 7001), dataDirectory: "d",
            isVoter: isVoter,
            replaced: replaced)
    }

    private func members(_ four: Member.Role) -> Configuration {
        let others = [1, 2, 3].map { Member(node: NodeID($0)) }
        let member = Member(
            node: NodeID(4), role: four, store: StoreID(rawValue: 4), address: "10.0.0.4:7001")
        return Configuration(members: others + [member])
    }

    /// Of two that join at one address, the second is not to replace the first.
    @Test func anotherThatJoinedAtItsAddressMeanwhileIsNamed() {
        guard case .notAdmitted(let reason) = joining().addressInUse(members(.voter), isSinceAsked: true)
        else {
            Issue.record("it is not lost")
            return
        }
        #expect(
            reason
                == "another node, node 4, has just been admitted at 10.0.0.4:7001: let this node listen at an address of "
                + "its own")
        guard case .fenced(let doubt) = joining().addressInUse(members(.voter)) else {
            Issue.record("it may have lost its disk")
            return
        }
        #expect(
            doubt.contains(
                "If this node was never node 4, another has joined there: let this one listen at an address of its own."
            ))
        #expect(doubt.contains("decree member replace 4"))
    }

    @Test func anAdmissionForSomethingElseIsTold() {
        func told(_ joining: Joining, _ role: Member.Role) -> String {
            joining.otherAdmission(of: NodeID(4), in: members(role)) ?? ""
        }
        let ofTwo = joining(replacing: 2)
        #expect(told(ofTwo, .joining(replacing: NodeID(2))) == "")
        #expect(told(joining(), .joining(replacing: NodeID(3))) == "", "nothing else was asked for")
        let third = told(ofTwo, .joining(replacing: NodeID(3)))
        #expect(
            third.contains("admitted before to take the place of node 3, and that counts, not --replace 2"))
        #expect(third.contains("run `decree member remove 4 --nodes …`"))
        #expect(told(ofTwo, .joining(replacing: nil)).contains("admitted before to vote"))
        #expect(told(ofTwo, .nonVoter).contains("admitted before to learn, and not to vote"))
        #expect(
            told(joining(isVoter: false), .joining(replacing: nil)).contains("that counts, not --non-voter"))
        #expect(told(joining(replacing: 9), .voter) == "", "node 9 has left")
    }

    /// Killed before it had a store, it asks again.
    @Test func aNodeThatNeverHadAStoreAsksAgain() async throws {
        guard case .clusterUnavailable = try await error(with: ["join.id": "00000000000000a1\n"]) else {
            Issue.record("it does not ask")
            return
        }
    }
}
