import DecreeStore
import Paxos

/// What befalls disks beyond what a crash does to them: they rot, are emptied, put back, and exchanged.
extension World {
    func rot(_ node: SimulatedNode, _ file: Fault.RottenFile, _ place: Int, _ bit: Int) {
        let path = SimulatedNode.directory + "/" + file.rawValue
        let length = node.disk.contents(of: path)?.count ?? 0
        guard length > 0, judge.void[node.index] == nil, !swapped.contains(node.index), isFounded,
            unmounted[node.index] == nil
        else { return }
        judge.rotten.insert(node.index)
        node.disk.flipBit(bit, ofByteAt: min(length - 1, length * place / 1_000), in: path)
    }

    /// Rots a row that can be told by its bytes, wherever in the database it stands.
    func rot(_ node: SimulatedNode, _ row: Fault.RottenRow, _ place: Int, _ bit: Int) {
        guard judge.void[node.index] == nil, !swapped.contains(node.index), isFounded,
            unmounted[node.index] == nil, let bytes = bytes(of: row, place, on: node)
        else { return }
        let path = SimulatedNode.directory + "/" + Fault.RottenFile.database.rawValue
        // Pages that are used no more may hold it too: which is the row cannot be told.
        for start in node.disk.contents(of: path)?.places(of: bytes) ?? [] {
            judge.rotten.insert(node.index)
            note(.fault, node.index, detail: UInt64(start), "rots: \(row.rawValue), byte \(start)")
            node.disk.flipBit(bit, ofByteAt: start + bytes.count / 2, in: path)
        }
    }

    private func bytes(of row: Fault.RottenRow, _ place: Int, on node: SimulatedNode) -> [UInt8]? {
        let durable = judge.nodes[node.index]
        switch row {
        case .value:
            let (floor, through) = (durable.floor.rawValue, durable.chosenThrough.rawValue)
            guard through > floor else { return nil }
            // The end of it: the beginnings of values are alike. Long ones are spread over pages.
            let value = judge.chosen[floor + 1 + (through - floor - 1) * UInt64(place) / 1_000]?.proposal
                .bytes
            guard let value, value.count >= 24 else { return nil }
            return Array(value.suffix(24))
        case .chunk:
            guard let slot = durable.snapshots.last?.slot.rawValue, let state = judge.states[slot] else {
                return nil
            }
            // Within the padding, which follows from the state: see `PaddedMachine`.
            let word = UInt64(settings.paddingBytes / 8) * UInt64(place) / 1_000
            guard word + 2 < UInt64(settings.paddingBytes / 8) else { return nil }
            var bytes: [UInt8] = []
            bytes.appendInteger(state.rawValue &+ word)
            bytes.appendInteger(state.rawValue &+ (word + 1))
            return bytes
        }
    }

    // MARK: Lost and found

    /// Whether everybody else who votes, or may before long, would know a store again that was so far.
    private func isKnown(_ node: SimulatedNode) -> Bool {
        let others = judge.members.governing(from: judge.chosenThrough).flatMap(\.members.keys)
        return Set(others).sorted().allSatisfy { id in
            guard id != node.id.rawValue, let other = NodeID(rawValue: id).flatMap({ place(of: $0) }) else {
                return true
            }
            return nodes[other].retired != nil || judge.void[other] != nil
                || nodes[other].sightings[node.id]?.isKept == true
        }
    }

    private func watch(_ node: SimulatedNode, above sequence: PersistSequence) {
        for other in nodes where other !== node { other.sightings[node.id] = Sighting(above: sequence) }
    }

    func isVictim(_ node: SimulatedNode) -> Bool {
        // A store that is lost before its founding is complete is a lost member: the cluster would never begin.
        isFounded && node.retired == nil && judge.void[node.index] == nil && !swapped.contains(node.index)
            && unmounted[node.index] == nil && !judge.rotten.contains(node.index)
    }

    /// The disk is emptied while others know the node, and the process started again with what its configuration says.
    func wipe(_ node: SimulatedNode, _ fault: Fault) {
        guard isVictim(node), judge.nodes[node.index].persistSequence > 0, isMetByAll(node),
            isAnotherMounted(than: node)
        else { return }
        lose(node, .wiped, to: SimulatedDisk().image)
    }

    /// The files are deleted while the process has them open. Returns whether they are.
    func unlink(_ node: SimulatedNode) -> Bool {
        guard isVictim(node), node.isUp, !node.isPaused, !node.hasReports,
            judge.nodes[node.index].persistSequence > 0, isMetByAll(node), isAnotherMounted(than: node)
        else { return false }
        note(.fault, node.index, "its files are deleted")
        counts.disksLost += 1
        node.disk.unlinkFiles()
        node.unlinkedIn = node.life
        node.unlinkedAt = now
        judge.voided(node.index, .unlinked)
        return true
    }

    /// A process whose files are gone ends within a second, unless it is stopped or its disk stands still.
    func expectEnd(of node: SimulatedNode) {
        guard node.unlinkedIn == node.life, now >= node.unlinkedAt + VirtualTime.second, node.isUp,
            !node.isPaused, afflictions[node.index] == nil,
            node.diskMicroseconds < 100_000
        else { return }
        violate(.node, "node \(node.id) runs on, though its files are deleted")
    }

    /// Those who met a store keep it: its node said so when they last spoke, and it was written before long.
    func isMetByAll(_ node: SimulatedNode) -> Bool {
        let others = Set(judge.members.governing(from: judge.chosenThrough).flatMap(\.members.keys)).sorted()
        return others.allSatisfy { id in
            guard id != node.id.rawValue, let other = NodeID(rawValue: id).flatMap({ place(of: $0) }) else {
                return true
            }
            return nodes[other].retired != nil || judge.void[other] != nil
                || nodes[other].meetings[node.id]?.isKept == true
        }
    }

    func copy(_ node: SimulatedNode) {
        guard isVictim(node), images[node.index] == nil else { return }
        images[node.index] = node.disk.image
        watch(node, above: judge.nodes[node.index].persistSequence + 1)
    }

    func putBack(_ node: SimulatedNode) {
        guard let image = images.removeValue(forKey: node.index), isVictim(node), isKnown(node) else {
            return
        }
        lose(node, .restored, to: image)
    }

    private func lose(_ node: SimulatedNode, _ why: Judge.Void, to image: DiskImage) {
        note(.fault, node.index, "its disk is \(why.rawValue)")
        counts.disksLost += 1
        if node.isUp { stop(node, .kill, downNanoseconds: 50 * VirtualTime.millisecond) }
        node.disk.restore(image, seed: UInt64(node.index) + now)
        judge.voided(node.index, why)
        if !node.isUp { startLater(node, in: 50 * VirtualTime.millisecond) }
    }

    // MARK: Exchanged

    /// Neither may start with the other's disk.
    func swapDisks(_ first: SimulatedNode, _ second: SimulatedNode, _ active: ActiveFault) {
        guard isVictim(first), isVictim(second), images[first.index] == nil, images[second.index] == nil
        else { return }
        exchange(first, second)
        swapped.formUnion([first.index, second.index])
        active.struck = [first.index, second.index]
    }

    func swapBack(_ first: SimulatedNode, _ second: SimulatedNode) {
        guard swapped.contains(first.index), swapped.contains(second.index) else { return }
        exchange(first, second)
        swapped.subtract([first.index, second.index])
    }

    private func exchange(_ first: SimulatedNode, _ second: SimulatedNode) {
        for node in [first, second] where node.isUp {
            stop(node, .kill, downNanoseconds: 50 * VirtualTime.millisecond)
        }
        let (one, other) = (first.disk.image, second.disk.image)
        first.disk.restore(other, seed: now + 1)
        second.disk.restore(one, seed: now + 2)
        for node in [first, second] where !node.isUp { startLater(node, in: 50 * VirtualTime.millisecond) }
    }
}

extension [UInt8] {
    /// Where some bytes stand.
    fileprivate func places(of bytes: [UInt8]) -> [Int] {
        guard let first = bytes.first, count >= bytes.count else { return [] }
        return withUnsafeBufferPointer { all in
            (0...(all.count - bytes.count)).filter { start in
                all[start] == first && all[start..<start + bytes.count].elementsEqual(bytes)
            }
        }
    }
}
