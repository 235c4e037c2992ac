import DecreeSimulator
import Paxos
import Testing

@testable import DecreeStore

extension CrashRig {
    /// What became of what a store had reported, once it was opened again.
    enum Verdict: Equatable {
        /// Everything is there, and no more than the transaction that was being written: through this one.
        case kept(through: Int)
        /// Something reported is missing, or something was served that was never written.
        case lost(String)
    }

    /// Opens the store on the disk as it is and holds what it says against what was reported. The store is
    /// left closed as a kill would leave it.
    func verdict(on progress: Progress) -> Verdict {
        do {
            let store = try open()
            return try verdict(on: progress, store)
        } catch {
            return .lost("refused: \(error)")
        }
    }

    /// Holds what an open store says against what was reported.
    func verdict(on progress: Progress, _ store: Store) throws -> Verdict {
        let through = Int(store.persistSequence)
        if let storeID = progress.storeID, storeID != store.storeID {
            return .lost("the store is another")
        }
        guard through >= progress.reported else {
            return .lost("\(progress.reported) transactions were reported, \(through) are there")
        }
        guard through <= progress.reported + 1, through < script.contents.count else {
            return .lost("\(progress.reported) transactions were reported, there are \(through)")
        }
        guard try recover(store) == script.contents[through] else {
            return .lost("the contents are not those after \(through) transactions")
        }
        return .kept(through: through)
    }
}

/// What many runs came to.
struct CrashTally: CustomStringConvertible {
    private(set) var runs = 0
    private(set) var losses = 0
    /// The first loss, in words.
    private(set) var firstLoss = ""
    /// Runs that kept the transaction that was being written, and runs that undid it.
    private(set) var completed = 0
    private(set) var undone = 0
    /// Places where a fault was injected.
    var indices = 0

    mutating func add(_ verdict: CrashRig.Verdict, _ progress: CrashRig.Progress, _ place: String) {
        runs += 1
        switch verdict {
        case .kept(let through):
            if through > progress.reported { completed += 1 } else { undone += 1 }
        case .lost(let what):
            losses += 1
            if losses == 1 { firstLoss = "\(place): \(what)" }
        }
    }

    var description: String {
        "\(indices) indices, \(runs) runs, \(losses) losses; the transaction in flight was there "
            + "\(completed) times, not there \(undone) times"
    }
}
