import ArgumentParser

/// `decree bank`: the bank's operations, one at a time or many in flight.
struct BankTool: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bank",
        abstract: "Open accounts, move money, read balances.",
        discussion: """
            One operation a call, or a stream of them with `decree bank run`. Amounts are whole numbers of the \
            smallest unit, from 0 to 9223372036854775807; a name has 1 to 64 bytes of UTF-8.

            EXAMPLES
              decree bank open alice 100 --nodes 127.0.0.1:7001,127.0.0.1:7002,127.0.0.1:7003
              decree bank transfer alice bob 5 --nodes …
              decree bank balance alice --nodes … --json

            An operation is done once, however often it is sent on the way, and it is durable on a majority \
            of the nodes before it is reported. `--json` prints one line with what `decree bank run` prints \
            of an operation, but for the id; its help says what each key means.

            EXIT CODES
              0  done
              1  rejected by the bank: nothing changed, and asking again changes nothing
              2  wrong usage: nothing was sent
              3  the cluster cannot be reached: the message says whether nothing was
                 done, or whether it may or may not have been done (read the state
                 before asking anew)

            A name or a number that begins with a dash stands behind `--`, after all options.
            """,
        subcommands: [
            BankRun.self, BankOpen.self, BankDeposit.self, BankWithdraw.self, BankTransfer.self,
            BankBalance.self, BankTotal.self,
        ])
}
