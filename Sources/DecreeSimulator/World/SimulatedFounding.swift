import DecreeNode
import DecreeStore
import DecreeWire
import Paxos

/// A node that founds the cluster with others: the server's `Founder`, on the world's network and disks.
struct SimulatedFounding {
    var founder: Founder
    private let owner: StoreIdentity
    private let group: StoreGroup
    private let options: StoreOptions
    /// What it asked each machine last, by its number, and when.
    var asked: [Int: (number: Int, claim: FoundingClaim, at: UInt64)] = [:]
    var questions = 0
    /// What the disk is to do, or has done.
    var job: Founder.Action?

    init(_ founder: Founder, owner: StoreIdentity, group: StoreGroup, options: StoreOptions) {
        self.founder = founder
        self.owner = owner
        self.group = group
        self.options = options
    }

    /// Does the disk's job.
    func work() throws(StoreError) {
        switch job {
        case .prepare(let record):
            var options = options
            options.founding = record
            try open(group.founded(by: record), options).close()
        case .complete(let record):
            let store = try open(group, existing)
            try store.complete(record)
            try store.close()
        case .delete(let record): try open(group, existing).delete(unfounded: record, options.files)
        case .refuse, nil: break
        }
    }

    private var existing: StoreOptions {
        var options = options
        options.mayCreate = false
        return options
    }

    private func open(_ group: StoreGroup, _ options: StoreOptions) throws(StoreError) -> Store {
        try Store.open(
            directory: SimulatedNode.directory, identity: owner, groups: [group], options: options)
    }
}
