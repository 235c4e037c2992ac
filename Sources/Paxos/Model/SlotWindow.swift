import DequeModule

/// Values for the slots after `base`, some of which may be missing: what is open at the end of a log.
/// Slots are found by subtraction, so an order other than theirs never shows.
package struct SlotWindow<Element: Sendable>: Sendable {
    /// Slots up to this one have left the window.
    package private(set) var base: Slot
    private var elements: Deque<Element?> = []

    package init(after base: Slot) { self.base = base }

    /// The highest slot that has a value; `base` if none has.
    package var last: Slot { base.advanced(by: elements.count) }

    package var isEmpty: Bool { elements.isEmpty }

    /// The slot's value; nil below the window and above it. Setting below the window is a mistake.
    package subscript(slot: Slot) -> Element? {
        get {
            let index = base.distance(to: slot) - 1
            return elements.indices.contains(index) ? elements[index] : nil
        }
        set {
            let index = base.distance(to: slot) - 1
            precondition(index >= 0, "slot \(slot) has left the window after \(base)")
            while elements.count <= index { elements.append(nil) }
            elements[index] = newValue
            while let last = elements.last, last == nil { elements.removeLast() }
        }
    }

    /// Drops the slots up to `slot`. Returns the values dropped.
    package mutating func removeThrough(_ slot: Slot) -> [Element] {
        let count = base.distance(to: slot)
        guard count > 0 else { return [] }
        let dropped = elements.prefix(count).compactMap { $0 }
        elements.removeFirst(Swift.min(count, elements.count))
        base = slot
        return dropped
    }

    /// The slots that have values, ascending, from `first` on.
    package func present(from first: Slot) -> [(slot: Slot, element: Element)] {
        let skipped = Swift.max(0, base.distance(to: first) - 1)
        return elements.enumerated().dropFirst(skipped).compactMap { index, element in
            element.map { (base.advanced(by: index + 1), $0) }
        }
    }
}
