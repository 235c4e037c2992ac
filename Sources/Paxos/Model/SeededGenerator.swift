/// Randomness that a seed repeats: SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
/// Generators", 2014). The host owns the seed; the core draws nothing from anywhere else.
public struct SeededGenerator: RandomNumberGenerator, Hashable, Sendable {
    private var state: UInt64

    /// The same seed gives the same numbers.
    public init(seed: UInt64) { state = seed }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word &>> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word &>> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word &>> 31
    }

    /// A number of 0 ..< `bound`; 0 when the bound is 1 or less. (The bias is under 2^-32 for any bound a
    /// simulation has.)
    public mutating func below(_ bound: Int) -> Int {
        bound <= 1 ? 0 : Int(next() % UInt64(bound))
    }

    /// True `numerator` times in `denominator`.
    public mutating func chance(_ numerator: Int, in denominator: Int) -> Bool {
        below(denominator) < numerator
    }

    /// Somewhere between half of `span` and all of it: spreads retries, so that many who were refused
    /// together do not come back together.
    public mutating func within(_ span: UInt64) -> UInt64 {
        span / 2 + next() % (span / 2 + 1)
    }

    /// An independent generator, so that what one part draws does not shift what another does.
    public mutating func fork() -> SeededGenerator { SeededGenerator(seed: next()) }
}
