import Bank
import Foundation
import Paxos

/// A line of input to the bank: an operation that is written back as the same line would be read, or an error.
enum OperationsTarget {
    static func run(_ input: [UInt8]) throws(FuzzFailure) {
        let operation: BankOperation
        do throws(BankOperationError) {
            operation = try BankOperation(line: input[...])
        } catch {
            try require(!error.description.isEmpty, "refused without a word")
            return
        }
        let line = json(of: operation)
        let again: BankOperation
        do throws(BankOperationError) {
            again = try BankOperation(line: Array(line.utf8)[...])
        } catch {
            throw FuzzFailure("\(operation) is accepted, and refused as \(line): \(error)")
        }
        try require(again == operation, "\(operation) is written as \(line), and read as \(again)")
        // Swift takes two spellings of a letter for one; an id is bytes.
        try require(again.id.utf8.elementsEqual(operation.id.utf8), "the id of \(line) is spelt otherwise")
        try compare(operation, with: input)
    }

    private static func json(of operation: BankOperation) -> String {
        let rest =
            switch operation.request {
            case .command(let command): String(command.json.dropFirst())
            case .query(let query): String(query.json.dropFirst())
            }
        return #"{"id":\#(operation.id.json),"# + rest
    }

    /// What another reader of JSON finds in a line that was accepted.
    private struct Line: Decodable {
        let id: String
        let op: String
        let account: String?
        let from: String?
        let to: String?
        let amount: Int64?
        let balance: Int64?
    }

    /// Foundation, whose grammar is looser, must find the same in whatever the strict one accepts.
    private static func compare(_ operation: BankOperation, with input: [UInt8]) throws(FuzzFailure) {
        let line: Line
        do {
            line = try JSONDecoder().decode(Line.self, from: Data(input))
        } catch {
            throw FuzzFailure("\(operation) is accepted, but is no JSON to Foundation: \(error)")
        }
        let request: BankOperation.Request
        do throws(BankRejection) {
            switch line.op {
            case "open":
                request = .command(.open(try AccountName(line.account ?? ""), balance: line.balance ?? 0))
            case "deposit":
                request = .command(.deposit(try AccountName(line.account ?? ""), amount: line.amount ?? 0))
            case "withdraw":
                request = .command(.withdraw(try AccountName(line.account ?? ""), amount: line.amount ?? 0))
            case "transfer":
                request = .command(
                    .transfer(
                        from: try AccountName(line.from ?? ""), to: try AccountName(line.to ?? ""),
                        amount: line.amount ?? 0))
            case "balance": request = .query(.balance(try AccountName(line.account ?? "")))
            default: request = .query(.total)
            }
        } catch {
            throw FuzzFailure("\(operation) is accepted with a name that is refused: \(error)")
        }
        try require(
            request == operation.request && line.id.utf8.elementsEqual(operation.id.utf8),
            "\(operation), but to Foundation \(line)")
    }

    static let seeds: [[UInt8]] = [
        #"{"id":"1","op":"open","account":"a","balance":100}"#,
        #"{"id":"2","op":"deposit","account":"a","amount":5}"#,
        #"{"op":"withdraw","amount":-9223372036854775808,"account":"\u00e9\ud83d\ude00","id":""}"#,
        #" { "id" : "4" , "op" : "transfer" , "from" : "a\\\"" , "to" : "ü/\/" , "amount" : 0 } "# + "\n",
        #"{"id":"\t\b\f\n\r","op":"balance","account":"a"}"#,
        #"{"id":"6","op":"total"}"#,
    ].map { Array($0.utf8) }
}
