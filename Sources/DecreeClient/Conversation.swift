import DecreeWire
import NIOCore
import NIOPosix
import Paxos

/// A connection of its own to one node, for one question at a time: status, what operators ask, a welcome. It works
/// whatever state a client's other connections are in, and says plainly what is wrong with that node.
final class Conversation: Sendable {
    /// Where the node is.
    let address: NodeAddress
    /// Which node it is.
    let node: NodeID
    /// What its cluster was created with.
    let genesis: Digest
    private let channel: any Channel
    private let handler: NIOLoopBound<ConversationHandler>

    /// Connects, and greets.
    init(
        with address: NodeAddress, cluster: String, by deadline: NIODeadline, on eventLoop: any EventLoop
    ) async throws(ClientError) {
        let greeted = eventLoop.makePromise(of: Admission.self)
        let opened = eventLoop.makePromise(of: (any Channel).self)
        let bound = eventLoop.makePromise(of: NIOLoopBound<ConversationHandler>.self)
        let timeout = eventLoop.scheduleTask(deadline: deadline) {
            greeted.fail(ClientError.timedOut(address))
        }
        defer { timeout.cancel() }
        eventLoop.flatSubmit {
            Dial.connect(
                to: address, on: eventLoop, within: max(.milliseconds(1), deadline - .now()),
                silence: .ofClients)
        }
        .flatMapThrowing { channel in
            let handler = ConversationHandler(cluster: cluster, greeted: greeted)
            bound.succeed(NIOLoopBound(handler, eventLoop: channel.eventLoop))
            do { try Dial.begin(channel, with: handler) } catch {
                channel.close(promise: nil)
                throw error
            }
            handler.greet(channel)
            return channel
        }
        .cascade(to: opened)
        opened.futureResult.whenFailure {
            greeted.fail($0)
            bound.fail($0)
        }
        do {
            let identity = try await greeted.futureResult.get().identity
            node = identity.node
            genesis = identity.genesis
            handler = try await bound.futureResult.get()
            channel = try await opened.futureResult.get()
            self.address = address
        } catch {
            opened.futureResult.whenSuccess { $0.close(promise: nil) }
            throw Self.explain(error, address)
        }
    }

    /// Asks, and waits for the answer; nil if the node is of a version that does not know the question. After an
    /// error the conversation is over; and where it is wanted, when the task is cancelled.
    func ask(
        _ question: ClientFrame, by deadline: NIODeadline, endsWhenCancelled: Bool = false
    ) async throws(ClientError) -> ClientFrame? {
        let eventLoop = channel.eventLoop
        let answer = eventLoop.makePromise(of: ClientFrame?.self)
        let timeout = eventLoop.scheduleTask(deadline: deadline) { [address] in
            answer.fail(ClientError.timedOut(address))
        }
        defer { timeout.cancel() }
        eventLoop.execute { [handler, channel] in handler.value.ask(question, answer, channel) }
        do {
            guard endsWhenCancelled else { return try await answer.futureResult.get() }
            return try await withTaskCancellationHandler {
                try await answer.futureResult.get()
            } onCancel: {
                close()
            }
        } catch {
            close()
            throw Self.explain(error, address)
        }
    }

    /// Whether it can be gone on with.
    var isOpen: Bool { channel.isActive }

    /// Ends it.
    func close() { channel.close(promise: nil) }

    private static func explain(_ error: any Error, _ address: NodeAddress) -> ClientError {
        if let error = error as? ClientError { return error }
        return .unreachable([ClientError.Trouble(address: address, reason: NodeAddress.explain(error))])
    }
}

extension ClientFrame {
    /// The id of every question: there is one at a time.
    static let questionID: UInt64 = 1
}

/// Greets, asks, and hands over the answers.
private final class ConversationHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let cluster: String
    private let greeted: EventLoopPromise<Admission>
    private var decoder = FrameDecoder()
    private var waiting: EventLoopPromise<ClientFrame?>?
    private var failure: (any Error)?

    init(cluster: String, greeted: EventLoopPromise<Admission>) {
        self.cluster = cluster
        self.greeted = greeted
    }

    func ask(_ question: ClientFrame, _ answer: EventLoopPromise<ClientFrame?>, _ channel: any Channel) {
        if let failure { return answer.fail(failure) }
        waiting = answer
        var buffer = ByteBuffer()
        do throws(WireError) {
            guard try question.write(version: decoder.version, into: &buffer) else {
                waiting = nil
                return answer.succeed(nil)
            }
            channel.writeAndFlush(buffer, promise: nil)
        } catch {
            answer.fail(error)
        }
    }

    func greet(_ channel: any Channel) {
        var buffer = ByteBuffer()
        do throws(WireError) {
            try Hello(clientOf: cluster).write(into: &buffer)
            channel.writeAndFlush(buffer, promise: nil)
        } catch {
            fail(error)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        decoder.append(unwrapInboundIn(data))
        do throws(WireError) {
            while let frame = try decoder.next() { received(frame) }
        } catch {
            fail(error)
        }
    }

    private func received(_ frame: Frame) {
        switch frame {
        case .helloReply(.admitted(let admission)):
            guard (WireVersion.minimum...WireVersion.maximum).contains(admission.version) else {
                return fail(
                    RefusedError(
                        description: "it chose protocol version \(admission.version), unknown here; "
                            + "upgrade this side"))
            }
            decoder.version = admission.version
            greeted.succeed(admission)
        case .helloReply(.refused(_, let reason)): fail(RefusedError(description: reason))
        case .client(let frame):
            guard frame.isAnswer, let waiting else { return fail(WireError.unexpected("\(frame)")) }
            self.waiting = nil
            waiting.succeed(frame)
        case .hello, .helloReply(.founding), .peer, .node: fail(WireError.unexpected("\(frame)"))
        }
    }

    private func fail(_ error: any Error) {
        failure = failure ?? error
        greeted.fail(error)
        waiting?.fail(error)
        waiting = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(RefusedError(description: "it closed the connection without an answer"))
    }
}

private struct RefusedError: Error, CustomStringConvertible {
    let description: String
}

extension ClientFrame {
    /// Whether it answers the one question that is asked.
    fileprivate var isAnswer: Bool {
        switch self {
        case .response(let id, _), .statusResponse(let id, _), .welcome(let id, _): id == Self.questionID
        case .request, .relay, .statusRequest, .join: false
        }
    }
}
