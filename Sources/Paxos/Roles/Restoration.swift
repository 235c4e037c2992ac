/// Executes a log outside a group: what a cluster is restored from is a state, and slots that were chosen after it.
package struct Restoration: Sendable {
    private var replica: Replica

    /// From the first slot.
    package init(machine: any StateMachine, genesis: Configuration) {
        replica = Replica(machine: machine, genesis: genesis)
    }

    /// From a snapshot.
    package init(_ capture: Capture) { replica = Replica(capture) }

    /// Everything through this slot was executed.
    package var executedThrough: Slot { replica.executedThrough }

    /// The chain over the log through it.
    package var chain: Digest { replica.chain }

    /// Who belonged to the group, from there on.
    package var configurations: ConfigurationLog { replica.configurations }

    /// The machine's digest.
    package var state: Digest { replica.machine.digest() }

    /// Executes the next slot.
    package mutating func execute(_ proposal: Proposal, in slot: Slot) {
        var step = Step()
        replica.execute(proposal, in: slot, tickets: [], into: &step)
    }

    /// Everything it has come to, as where another cluster begins: state, sessions with their replies, and chain stay,
    /// so that clients go on where they were; nobody of the members that were belongs to it.
    package func capture(beginning genesis: Configuration) -> Capture {
        let capture = replica.capture()
        return Capture(
            slot: capture.slot, chain: capture.chain, configurations: ConfigurationLog(genesis: genesis),
            sessions: capture.sessions, growth: capture.growth, machine: capture.machine)
    }
}
