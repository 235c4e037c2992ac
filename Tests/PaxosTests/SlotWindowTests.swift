import Testing

@testable import Paxos

/// Values for the open slots at the end of a log.
@Suite struct SlotWindowTests {
    @Test func slotsAreFoundAndMissed() {
        var window = SlotWindow<String>(after: Slot(10))
        window[Slot(13)] = "c"
        window[Slot(11)] = "a"
        #expect((9...14).map { window[Slot($0)] } == [nil, nil, "a", nil, "c", nil])
        #expect(window.last == Slot(13))
        window[Slot(13)] = nil
        #expect(window.last == Slot(11))
        window[Slot(11)] = nil
        #expect(window.isEmpty && window.last == Slot(10))
    }

    @Test func whatLeavesIsReturned() {
        var window = SlotWindow<String>(after: .zero)
        for slot: UInt64 in [1, 2, 4, 6] { window[Slot(slot)] = "\(slot)" }
        #expect(window.removeThrough(Slot(3)) == ["1", "2"])
        #expect(window.base == Slot(3))
        #expect(window.removeThrough(Slot(2)) == [], "it does not move back")
        #expect(window.base == Slot(3))
        #expect(window[Slot(4)] == "4")
        #expect(window.removeThrough(Slot(99)) == ["4", "6"])
        #expect(window.base == Slot(99) && window.last == Slot(99))
    }

    @Test func presentSlotsAreListedFromAnyPlace() {
        var window = SlotWindow<String>(after: Slot(5))
        for slot: UInt64 in [6, 8, 9] { window[Slot(slot)] = "\(slot)" }
        for (first, expected): (UInt64, [UInt64]) in [
            (0, [6, 8, 9]), (6, [6, 8, 9]), (7, [8, 9]), (9, [9]), (10, []), (50, []),
        ] {
            #expect(window.present(from: Slot(first)).map(\.slot.rawValue) == expected, "from \(first)")
        }
    }

    /// Against a dictionary.
    @Test(arguments: 1...20)
    func itAgreesWithADictionary(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var window = SlotWindow<UInt64>(after: .zero)
        var model: [UInt64: UInt64] = [:]
        for value: UInt64 in 0..<300 {
            let base = window.base.rawValue
            let slot = base + .random(in: 1...20, using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                let through = base + .random(in: 0...4, using: &random)
                let dropped = window.removeThrough(Slot(through))
                #expect(dropped == model.filter { $0.key <= through }.sorted { $0.key < $1.key }.map(\.value))
                model = model.filter { $0.key > through }
            case 1:
                window[Slot(slot)] = nil
                model[slot] = nil
            default:
                window[Slot(slot)] = value
                model[slot] = value
            }
            #expect(window.last.rawValue == model.keys.max() ?? window.base.rawValue, "seed \(seed)")
            #expect(window[Slot(slot)] == model[slot], "seed \(seed)")
        }
    }
}
