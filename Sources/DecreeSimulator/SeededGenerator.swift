/// Where all chance in a simulation comes from: SplitMix64 (Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators"). One seed, one sequence, on every machine and in every version of Swift.
public struct SeededGenerator: RandomNumberGenerator, Hashable, Sendable {
    private var state: UInt64

    /// A generator whose whole future is `seed`.
    public init(seed: UInt64) { state = seed }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed &>> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed &>> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed &>> 31
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

    /// An independent generator, so that what one part draws does not shift what another does.
    public mutating func fork() -> SeededGenerator { SeededGenerator(seed: next()) }
}
