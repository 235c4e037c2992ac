import Paxos
import Testing

@testable import DecreeNode

/// The order in which addresses are believed, and that none is final.
@Suite struct AddressBookTests {
    private let peer = NodeID(2)

    @Test func theLogOutranksAnUneditedFile() {
        var book = AddressBook(configured: [peer: "old:1"])
        #expect(book.next(of: peer) == "old:1")
        book.note(peer, logged: "new:1")
        #expect(book.next(of: peer) == "new:1" && book.address(of: peer) == "new:1")
    }

    @Test func eachFailedDialGoesOnToTheNextAddress() {
        var book = AddressBook(configured: [peer: "file:1"])
        book.note(peer, logged: "log:1")
        var dialled: [String?] = []
        for _ in 0..<4 {
            dialled.append(book.next(of: peer))
            book.failed(peer)
        }
        #expect(dialled == ["log:1", "file:1", "log:1", "file:1"])
    }

    @Test func whereItWasReachedItIsDialledAgain() {
        var book = AddressBook(configured: [peer: "file:1"])
        book.note(peer, logged: "log:1")
        _ = book.next(of: peer)
        book.failed(peer)
        #expect(book.next(of: peer) == "file:1")
        book.reached(peer)
        #expect(book.next(of: peer) == "file:1", "its connection broke")
        book.failed(peer)
        #expect(book.next(of: peer) == "log:1")
    }

    @Test func whatItSaysIsBelievedUntilItIsNotReachedThere() {
        var book = AddressBook(configured: [peer: "file:1"])
        book.hear(peer, at: "told:1")
        #expect(book.next(of: peer) == "told:1")
        book.failed(peer)
        #expect(book.address(of: peer) == "file:1", "never reached, it comes last")
        #expect(book.next(of: peer) == "file:1")
        book.failed(peer)
        #expect(book.next(of: peer) == "told:1", "and is not given up")
        book.reached(peer)
        #expect(book.address(of: peer) == "told:1")
    }

    @Test func whereItWasReachedIsRememberedAndTriedLast() {
        let once = NodePlace(node: peer, address: "once:1", configured: "file:1")
        var book = AddressBook(configured: [peer: "file:1"], remembered: [once])
        book.note(peer, logged: "log:1")
        var dialled: [String?] = []
        for _ in 0..<3 {
            dialled.append(book.next(of: peer))
            book.failed(peer)
        }
        #expect(dialled == ["log:1", "file:1", "once:1"])
        #expect(book.takeUnwritten().isEmpty)
        #expect(book.next(of: peer) == "log:1")
        book.reached(peer)
        #expect(book.isUnwritten)
        #expect(book.takeUnwritten() == [NodePlace(node: peer, address: "log:1", configured: "file:1")])
        book.reached(peer)
        #expect(!book.isUnwritten, "it is there already")
        // It comes itself, and says the same, before the dial is answered.
        #expect(book.next(of: peer) == "log:1")
        book.failed(peer)
        #expect(book.next(of: peer) == "file:1")
        book.hear(peer, at: "file:1")
        book.reached(peer)
        #expect(book.takeUnwritten().map(\.address) == ["file:1"])
    }

    /// A cluster of copies, whose files were edited, has nothing to do with the one that they were made of.
    @Test func whatWasRememberedIsVoidWhenTheFileIsAnother() {
        let once = NodePlace(node: peer, address: "once:1", configured: "file:1")
        var book = AddressBook(configured: [peer: "file:2"], remembered: [once])
        for _ in 0..<3 {
            #expect(book.next(of: peer) == "file:2")
            book.failed(peer)
        }
        #expect(book.next(of: peer) == "file:2")
        book.reached(peer)
        #expect(book.takeUnwritten() == [NodePlace(node: peer, address: "file:2", configured: "file:2")])
    }

    @Test func whatContradictsTheLogOrTheFileIsSaidOnce() {
        var book = AddressBook(configured: [peer: "file:1"])
        #expect(book.contradiction(of: peer, at: "file:1") == nil)
        #expect(book.contradiction(of: peer, at: "new:1") == "file:1")
        book.note(peer, logged: "log:1")
        #expect(book.contradiction(of: peer, at: "new:1") == "log:1")
        book.hear(peer, at: "new:1")
        #expect(book.contradiction(of: peer, at: "new:1") == nil)
        #expect(book.contradiction(of: peer, at: "") == nil)
        #expect(AddressBook().contradiction(of: peer, at: "new:1") == nil, "nothing is known")
    }

    @Test func whereNobodySaysAnythingNobodyDials() {
        var book = AddressBook()
        #expect(book.next(of: peer) == nil)
        book.failed(peer)
        book.reached(peer)
        #expect(book.next(of: peer) == nil)
    }
}
