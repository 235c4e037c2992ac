extension Frame {
    /// What a log line calls it.
    package var name: String {
        switch self {
        case .hello: "a hello"
        case .helloReply: "a hello's reply"
        case .peer: "a peer's message"
        case .client(.request): "a request"
        case .client(.relay): "a request to be passed on"
        case .client(.response): "a response"
        case .client(.statusRequest): "a status request"
        case .client(.statusResponse): "a status response"
        case .client(.join): "a request to join"
        case .client(.welcome): "a welcome"
        case .node: "what a node says of nodes"
        }
    }
}
