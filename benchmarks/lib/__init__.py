"""The parts of the benchmarks: Python's standard library, and nothing else."""
