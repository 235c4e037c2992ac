import Paxos

extension StateMachine {
    /// A batch as its documentation says, written a second time: it shares nothing with what nodes do but the form of
    /// batches and of their replies.
    mutating func executeAsSpecified(batch bytes: ArraySlice<UInt8>, at position: LogPosition) -> Reply {
        guard let batch = CommandBatch(bytes: bytes) else { return .rejected("malformed batch") }
        return batch.isAtomic
            ? executeAllOrNone(batch.commands, at: position) : executeEach(batch.commands, at: position)
    }

    private mutating func executeEach(_ commands: [ArraySlice<UInt8>], at position: LogPosition) -> Reply {
        var replies: [Reply] = []
        for command in commands {
            var reply = execute(command, at: position)
            if BatchReply.bytes(of: replies + [reply]).count > BatchReply.limitBytes {
                reply = Reply(isRejected: reply.isRejected, bytes: [])
            }
            replies.append(reply)
        }
        return .ok(BatchReply.bytes(of: replies))
    }

    /// On trial: the state is replaced when nothing was refused.
    private mutating func executeAllOrNone(
        _ commands: [ArraySlice<UInt8>], at position: LogPosition
    ) -> Reply {
        var trial = self
        var replies: [Reply] = []
        for (place, command) in commands.enumerated() {
            let reply = trial.execute(command, at: position)
            guard !reply.isRejected else { return .rejected("command \(place): \(reply.text)") }
            replies.append(reply)
            guard BatchReply.bytes(of: replies).count <= BatchReply.limitBytes else {
                return .rejected(
                    "command \(place): the replies to the batch are over \(BatchReply.limitBytes) bytes")
            }
        }
        self = trial
        return .ok(BatchReply.bytes(of: replies))
    }
}
