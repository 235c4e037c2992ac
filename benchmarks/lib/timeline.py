"""A run second by second, from what `decree bench --timeline FILE` wrote: throughput, latencies, checkpoints, stores and
memory; with the seconds marked in which a snapshot was under way, or a disk stood still."""
import json

from lib.svg import COLOURS, LEFT, RIGHT, TOP, WIDTH, Drawing, nice

PANEL, GAP = 150, 34


def read(path):
    with open(path) as file:
        return [json.loads(line) for line in file if line.strip()]


def spans(lines, key):
    """The seconds in which something was under way, as pairs of the first and the last of each time."""
    found, start = [], None
    for line in lines:
        if line.get(key):
            start = start if start is not None else line["second"]
        elif start is not None:
            found.append((start, line["second"] - 1))
            start = None
    if start is not None:
        found.append((start, lines[-1]["second"]))
    return found


def by_node(lines, key, scale):
    """A series for each node; nothing for seconds in which it could not be asked."""
    series = []
    for node in sorted({node["node"] for line in lines for node in line["nodes"]}):
        values = [next((one.get(key) for one in line["nodes"] if one["node"] == node), None) for line in lines]
        series.append((f"node {node}", [None if value is None else value / scale for value in values]))
    return series


def grown(values):
    """What a count that only grows grew by since the second before; nothing where either is not known, or it began anew."""
    return [None if before is None or now is None or now < before else now - before
            for before, now in zip([None, *values], values)]


def stalls(lines):
    """The seconds in which some node had a commit of 20 ms or more."""
    counts = [grown(values) for _, values in by_node(lines, "slowCommits", 1)]
    return [line["second"] for line, *grew in zip(lines, *counts) if any(grew)]


def draw(lines, output, title):
    seconds = [line["second"] for line in lines]
    shaded = [(start, end, "#fff1c9") for start, end in spans(lines, "isSnapshotUnderWay")]
    shaded += [(second, second, "#f7c6c5") for second in stalls(lines)]
    panels = [
        ("throughput", "commands a second", [("", [line["perSecond"] for line in lines])]),
        ("latency of each second", "ms", [
            ("p99", [line["p99Microseconds"] / 1000 for line in lines]),
            ("p50", [line["p50Microseconds"] / 1000 for line in lines])]),
        ("checkpoints", "a second", [
            (name, grown(values)) for name, values in by_node(lines, "checkpoints", 1)]),
        ("store", "MiB", by_node(lines, "storeBytes", 1 << 20)),
        ("memory", "MiB", by_node(lines, "residentBytes", 1 << 20)),
    ]
    drawing = Drawing(title, TOP + len(panels) * (PANEL + GAP))
    for number, (name, unit, series) in enumerate(panels):
        draw_panel(drawing, TOP + number * (PANEL + GAP), f"{name} ({unit})", series, seconds, shaded)
    drawing.text(WIDTH - RIGHT, drawing.height - 10, f"seconds {seconds[0]} to {seconds[-1]}; yellow: a snapshot "
                 "under way; red: a commit of 20 ms or more; on some node", anchor="end")
    drawing.write(output)


def draw_panel(drawing, top, title, series, seconds, shaded):
    """One panel: a title, a grid, the shaded seconds, and a line for each series."""
    inner = WIDTH - LEFT - RIGHT
    most = nice(max((value for _, values in series for value in values if value is not None), default=1) or 1)

    def x(second):
        return LEFT + inner * (second - seconds[0]) / max(1, seconds[-1] - seconds[0])

    def y(value):
        return top + PANEL - PANEL * min(value, most) / most

    for start, end, colour in shaded:
        # A line tells of the second that ended then; of the first there is nothing to be seen.
        left = max(x(start - 1), LEFT)
        drawing.rectangle(left, top, max(1.0, x(end) - left), PANEL, colour)
    for part in range(5):
        value = most * part / 4
        drawing.line(LEFT, y(value), WIDTH - RIGHT, y(value))
        drawing.text(LEFT - 8, y(value) + 4, f"{value:,.6g}", anchor="end")
    drawing.text(LEFT, top - 8, title, is_bold=True)
    for place, (name, values) in enumerate(series):
        colour = COLOURS[place % len(COLOURS)]
        drawing.curve([(x(s), y(v)) for s, v in zip(seconds, values) if v is not None], colour)
        if len(series) > 1:
            drawing.text(WIDTH - RIGHT - 80 * (len(series) - place), top - 8, name, colour=colour)
