import DecreeWire
import NIOCore
import Paxos

/// The frames that every command passes through: the client's request, and the leader's accept.
enum CodecBenchmarks {
    static func run(_ stopwatch: inout Stopwatch, _ sink: Sink) throws {
        let payload = [UInt8](repeating: 0x5a, count: 256)[...]
        try measure(
            "a client's request",
            .client(
                .request(
                    id: 7, group: .first,
                    .command(
                        session: SessionID(rawValue: 1 << 20), sequence: 9, firstUnacknowledged: 9,
                        payload: payload))),
            &stopwatch, sink)
        var batch = ProposalBuilder()
        for sequence in 1...100 as ClosedRange<UInt64> {
            batch.append(
                .command(
                    session: SessionID(rawValue: 1 << 20), sequence: sequence, firstUnacknowledged: 1,
                    payload: payload))
        }
        let ballot = Ballot(round: 2, node: NodeID(2))
        try measure(
            "an accept of 100 commands",
            .peer(
                PeerFrame(
                    group: .first, persistSequence: 3,
                    message: .accept(
                        Accept(
                            ballot: ballot, slot: Slot(7), proposal: batch.build(), chosenThrough: Slot(6))))),
            &stopwatch, sink)
    }

    private static func measure(
        _ what: String, _ frame: Frame, _ stopwatch: inout Stopwatch, _ sink: Sink
    ) throws {
        var encoded = ByteBuffer()
        try frame.write(version: WireVersion.maximum, into: &encoded)
        var scratch = ByteBuffer()
        try stopwatch.measure("codec: encode \(what)") {
            scratch.clear()
            try frame.write(version: WireVersion.maximum, into: &scratch)
            sink.take(scratch.readableBytes)
        }
        var decoder = FrameDecoder(expectsHandshake: false, version: WireVersion.maximum)
        try stopwatch.measure("codec: decode \(what)") {
            decoder.append(encoded)
            guard try decoder.next() != nil else { throw BenchmarkFailure("no frame was decoded") }
        }
    }
}
