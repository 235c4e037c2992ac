/// What is planned. What belongs to a node's or a client's life is void once that life is over.
enum WorldEvent {
    case tick(node: Int, life: Int)
    case turnEnds(node: Int, life: Int)
    /// The disk does the job it was given.
    case diskWorks(node: Int, life: Int)
    /// What the disk has to say reaches the node.
    case diskReports(node: Int, life: Int)
    case arrives(Packet)
    /// An end that dials tries again, unless it has been let in.
    case dials(Endpoint, life: Int, to: Int)
    /// No answer to a hello.
    case givesUp(Endpoint, life: Int, to: Int, connection: Int)
    case clientTicks(client: Int, life: Int)
    case laneActs(client: Int, life: Int, lane: Int)
    case clientStarts(client: Int)
    case nodeStarts(node: Int, boot: Int)
    case machineFails(node: Int, Survival)
    case faultBegins(Int)
    case faultEnds(Int)
    case hunts(fault: Int)
    /// So much of what waits in a narrow link is through it.
    case passes(fault: Int)
    /// The node whose disk was cloned comes back.
    case copyGoesOn(fault: Int)
    /// What is encoded or decoded beside a node's loop is done.
    case worksBeside(node: Int, life: Int)
    case operatorActs
    /// A reader, or another who came for a fault, looks what to do next.
    case visitorActs(Int)
    /// A node that founds a cluster asks the others.
    case foundingAsks(node: Int, life: Int)
    /// Its disk does what it wants, and tells it a little later.
    case foundingWorks(node: Int, life: Int)
    case foundingReports(node: Int, life: Int)
}
