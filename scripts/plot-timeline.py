#!/usr/bin/env python3
"""Draws what `decree bench --timeline FILE` wrote: throughput, latency, store and memory over time, as an SVG.

    scripts/plot-timeline.py FILE [OUTPUT.svg] [TITLE]

Seconds in which a snapshot was under way on some node are shaded. (benchmarks/plot draws it.)
"""
import os
import sys

if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    plot = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "benchmarks", "plot")
    os.execv(sys.executable, [sys.executable, plot, "timeline", *sys.argv[1:]])
