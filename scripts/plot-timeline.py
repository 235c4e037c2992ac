#!/usr/bin/env python3
"""Draws what `decree bench --timeline FILE` wrote: throughput, p99, store and memory over time, as an SVG.

    scripts/plot-timeline.py FILE [OUTPUT.svg] [TITLE]

Seconds in which a snapshot was under way on some node are shaded.
"""
import json
import sys

WIDTH, PANEL, LEFT, RIGHT, TOP, GAP = 960, 150, 76, 20, 48, 34
COLOURS = ["#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df"]


def nice(top):
    """The smallest of 1, 2, 5 times a power of ten that is at least `top`."""
    step = 1.0
    while step * 10 < top:
        step *= 10
    for factor in (1, 2, 5, 10):
        if step * factor >= top:
            return step * factor
    return top


def panel(out, number, title, unit, series, seconds, shaded):
    """One panel: a title, a grid, the shaded seconds, and a line for each series."""
    y0 = TOP + number * (PANEL + GAP)
    inner = WIDTH - LEFT - RIGHT
    top = nice(max((value for _, values in series for value in values if value is not None), default=1) or 1)

    def x(second):
        return LEFT + inner * (second - seconds[0]) / max(1, seconds[-1] - seconds[0])

    def y(value):
        return y0 + PANEL - PANEL * min(value, top) / top

    for start, end in shaded:
        out.append(f'<rect x="{x(start - 1):.1f}" y="{y0}" width="{max(1.0, x(end) - x(start - 1)):.1f}" '
                   f'height="{PANEL}" fill="#fff1c9"/>')
    for part in range(0, 5):
        value = top * part / 4
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="#e5e7eb"/>')
        out.append(f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value:,.6g}</text>')
    out.append(f'<text x="{LEFT}" y="{y0 - 8}" font-weight="bold">{title} ({unit})</text>')
    for place, (name, values) in enumerate(series):
        colour = COLOURS[place % len(COLOURS)]
        points = " ".join(f"{x(s):.1f},{y(v):.1f}" for s, v in zip(seconds, values) if v is not None)
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.4"/>')
        if len(series) > 1:
            out.append(f'<text x="{WIDTH - RIGHT - 80 * (len(series) - place)}" y="{y0 - 8}" fill="{colour}">{name}</text>')


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    lines = [json.loads(line) for line in open(sys.argv[1]) if line.strip()]
    if not lines:
        sys.exit(f"{sys.argv[1]} holds no line: was the bench stopped before its first second?")
    output = sys.argv[2] if len(sys.argv) > 2 else sys.argv[1].rsplit(".", 1)[0] + ".svg"
    title = sys.argv[3] if len(sys.argv) > 3 else "decree bench, second by second"
    seconds = [line["second"] for line in lines]
    nodes = sorted({node["node"] for line in lines for node in line["nodes"]})

    def of_node(key, scale):
        found = []
        for node in nodes:
            values = []
            for line in lines:
                value = next((n.get(key) for n in line["nodes"] if n["node"] == node), None)
                values.append(None if value is None else value / scale)
            found.append((f"node {node}", values))
        return found

    shaded, start = [], None
    for line in lines:
        if line["isSnapshotUnderWay"]:
            start = start or line["second"]
        elif start:
            shaded.append((start, line["second"] - 1))
            start = None
    if start:
        shaded.append((start, seconds[-1]))

    panels = [
        ("throughput", "commands a second", [("", [line["perSecond"] for line in lines])]),
        ("p99 of each second", "ms", [("", [line["p99Microseconds"] / 1000 for line in lines])]),
        ("store", "MiB", of_node("storeBytes", 1 << 20)),
        ("memory", "MiB", of_node("residentBytes", 1 << 20)),
    ]
    height = TOP + len(panels) * (PANEL + GAP)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
           f'font-size="11" fill="#24292f">', f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
           f'<text x="{LEFT}" y="20" font-size="15" font-weight="bold">{title}</text>']
    for number, (name, unit, series) in enumerate(panels):
        panel(out, number, name, unit, series, seconds, shaded)
    out.append(f'<text x="{WIDTH - RIGHT}" y="{height - 10}" text-anchor="end">seconds {seconds[0]} to {seconds[-1]}; '
               f'shaded: a snapshot under way on some node</text>')
    out.append("</svg>")
    with open(output, "w") as file:
        file.write("\n".join(out) + "\n")
    print(output)


if __name__ == "__main__":
    main()
