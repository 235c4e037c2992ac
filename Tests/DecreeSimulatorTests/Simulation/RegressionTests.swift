import DecreeSimulator
import Testing

/// Every seed that ever failed. Seeds age (when what a world draws changes, an old seed is another world), so each
/// has a smaller test besides, which does not; it is named here. Seeds that failed before members could change and
/// logs were truncated are other worlds now; those tests are what is left of them.
struct RegressionTests {
    struct Regression: Sendable, CustomTestStringConvertible {
        let seed: UInt64
        let stormSeconds: ClosedRange<Int>
        /// What it was, and the test that holds it.
        let was: String
        var testDescription: String { "seed \(seed): \(was)" }
    }

    static let all = [
        Regression(
            seed: 2, stormSeconds: 20...36,
            was: "in the simulator, a process that ended kept its locks (SimulatedNode.vanish)"),
        Regression(
            seed: 885, stormSeconds: 24...44,
            was: "the simulator counted a rotten node toward the quorum that heals (Simulation.healQuorum)"),
        Regression(seed: 996, stormSeconds: 24...44, was: "the same"),
        Regression(
            seed: 382, stormSeconds: 20...36,
            was: "a client waited 8 s for a mute node (redirectsDoNotLengthenTheWaitForASilentNode)"),
        Regression(seed: 912, stormSeconds: 20...36, was: "the same, three nodes"),
        Regression(seed: 1_281, stormSeconds: 20...36, was: "the same, while it opened a session"),
        Regression(
            seed: 1_177, stormSeconds: 24...44,
            was: "an expired session came back with a doubled answer (anExpiredSessionDoesNotComeBack)"),
        Regression(
            seed: 2_676, stormSeconds: 24...44,
            was: "the simulator doubled a request on a client's connection (World+Network.put)"),
        Regression(
            seed: 1_612, stormSeconds: 24...44,
            was: "200 slots vanished behind a rotten key (DatabaseRotTests.aKeyThatRottedIsMissed)"),
        Regression(seed: 1_834, stormSeconds: 24...44, was: "the same, among seven nodes"),
        Regression(
            seed: 2, stormSeconds: 24...44,
            was:
                "whoever told a removed node that it was removed took it for itself (aRemovedNodeThatKnocksEndsNobodyElse)"
        ),
        Regression(
            seed: 88, stormSeconds: 24...44,
            was: "a snapshot that was being installed was deleted when another was begun "
                + "(aNodeTakesASnapshotWhileItInstallsAnother)"),
        Regression(seed: 149, stormSeconds: 24...44, was: "the same"),
        Regression(
            seed: 732, stormSeconds: 24...44,
            was: "the judge took slots that were learnt below a floor for votes (Judge.apply)"),
        Regression(
            seed: 855, stormSeconds: 24...44,
            was: "in the simulator nobody reached for a joiner that was not there yet (World.startNode)"),
        Regression(
            seed: 544, stormSeconds: 24...44,
            was:
                "the judge forgot the chunks of a snapshot when a later one was complete in the same transaction "
                + "(Judge.complete)"),
        Regression(
            seed: 8_806_550, stormSeconds: 24...44,
            was: "the judge held a vote that had rotted against the value learnt again "
                + "(JudgeRotTests.aVoteThatRottedIsLearntInALowerBallot)"),
        Regression(
            seed: 8_803_212, stormSeconds: 24...44,
            was: "the simulated operator counted pending removals as done (OperatorTests)"),
        Regression(
            seed: 57, stormSeconds: 24...44,
            was: "a candidate whose disk hung prepared without a promise of its own (SlowDiskTests)"),
        Regression(
            seed: 48, stormSeconds: 24...44,
            was: "where one node alone reached all others, no node voted after a restart of all "
                + "(OneProcessTests.wordsArePassedOnOnce)"),
        Regression(
            seed: 641, stormSeconds: 24...44,
            was: "a prepared founder waited for nodes that had moved (FounderTests)"),
        Regression(seed: 642, stormSeconds: 24...44, was: "the same, with an empty directory"),
        Regression(
            seed: 738, stormSeconds: 24...44,
            was: "a connection of a machine without power hid a node's later start "
                + "(OneProcessTests.aConnectionThatHearsayDoubtsIsAsked)"),
        Regression(
            seed: 309, stormSeconds: 24...44,
            was: "batches waited for ever for a member that the leader never met "
                + "(aMemberThatDoesNotComeIsNotWaitedForWithABatch)"),
        Regression(
            seed: 500_000_062, stormSeconds: 24...44,
            was: "in the simulator, a client came into the process of a node that was yet to be founded "
                + "(World.startClient)"),
        Regression(
            seed: 510_000_436, stormSeconds: 24...44,
            was: "a word that was lost was not said again (OneProcessTests.aStartIsWitnessedWhenItIsDurable)"),
        Regression(
            seed: 510_000_842, stormSeconds: 24...44,
            was: "in the simulator, a node was to end sooner than it looks at its files (World.expectEnd)"),
        Regression(
            seed: 510_000_866, stormSeconds: 24...44,
            was:
                "the simulated reader held on to a connection over which it sent nothing (SimulatedReader.ask)"
        ),
        Regression(
            seed: 520_001_226, stormSeconds: 24...44,
            was:
                "a removed node of an older build was sent what it does not understand (NodeCore.deliver)"
        ),
        Regression(
            seed: 520_000_156, stormSeconds: 24...44,
            was:
                "the simulator ran two processes of one node among builds that know nothing of it (World.areAllWell)"
        ),
        Regression(
            seed: 520_000_657, stormSeconds: 24...44,
            was: "in the simulator, nodes of an older build refused who joins as later builds do "
                + "(World+Network)"),
        Regression(
            seed: 497, stormSeconds: 24...44,
            was: "a word that was taken back for a process that died was never given again "
                + "(OneProcessTests.whoWasAskedIsToldAgain)"),
        Regression(
            seed: 344_981_043, stormSeconds: 24...44,
            was: "founders waited for the answer of one that they could not reach "
                + "(FounderTests.aFounderThatMovedIsAskedWhereItIs)"),
        Regression(
            seed: 345_000_176, stormSeconds: 24...44,
            was: "the simulated reader waited for connections that were gone (SimulatedReader.disconnected)"),
        Regression(
            seed: 904_108_164, stormSeconds: 24...44,
            was: "an earlier start from hearsay passed for the one that was seen "
                + "(OneProcessTests.aStartToldByWhoSawLessIsNotTakenUp)"),
        Regression(
            seed: 640_001_049, stormSeconds: 24...44,
            was: "in the simulator, a leader of an older build put batches off for ever "
                + "(ClusterVersionTests.anOlderBuildTakesBatches)"),
        Regression(
            seed: 650_000_666, stormSeconds: 24...44,
            was: "in the simulator, members that had moved were to turn a removed node without a disk away "
                + "(World.isOutOfReach)"),
        Regression(
            seed: 650_001_575, stormSeconds: 24...44,
            was:
                "in the simulator, a leader without files was not to ask again in its ballot (Judge.isAskedAgain)"
        ),
        Regression(
            seed: 650_010_484, stormSeconds: 24...44,
            was: "in the simulator, a request from within a node's process arrived twice (World.put)"),
        Regression(
            seed: 650_010_530, stormSeconds: 24...44,
            was: "in the simulator, the disks of all nodes were gone at once (World.isAnotherMounted)"),
        Regression(
            seed: 660_002_017, stormSeconds: 24...44,
            was: "in the simulator, an operator stopped the process that the others let vote (World.endCopy)"),
        Regression(
            seed: 710_000_808, stormSeconds: 24...44,
            was: "the third chunk of an answer was dropped for want of room "
                + "(LinkFlowTests.anAnswerInSeveralChunksFindsRoom)"),
    ]

    @Test(arguments: all) func passes(_ regression: Regression) async {
        var options = SimulationOptions()
        options.stormSeconds = regression.stormSeconds
        let report = await Simulation(seed: regression.seed, options: options).run()
        #expect(report.violations == [])
    }
}
