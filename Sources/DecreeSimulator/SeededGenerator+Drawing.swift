package import Paxos

extension SeededGenerator {
    /// A number of 0 ..< `bound`; 0 when the bound is 1 or less. (The bias is under 2^-32 for any bound a
    /// simulation has.)
    package mutating func below(_ bound: Int) -> Int {
        bound <= 1 ? 0 : Int(next() % UInt64(bound))
    }

    /// True `numerator` times in `denominator`.
    package mutating func chance(_ numerator: Int, in denominator: Int) -> Bool {
        below(denominator) < numerator
    }
}
