"""bench.json, bench.md and bench.svg: one look at this tree."""
import json
import os

from lib import charts
from lib.formats import count, duration, table
from lib.svg import COLOURS


def write(machine, rows, judged, troubles, directory):
    """Writes everything; the paths."""
    os.makedirs(directory, exist_ok=True)
    paths = [os.path.join(directory, name) for name in ("bench.json", "bench.md", "bench.svg")]
    with open(paths[0], "w") as file:
        json.dump({"machine": machine, "rows": rows, "microbenchmarks": judged, "troubles": troubles}, file, indent=1)
        file.write("\n")
    with open(paths[1], "w") as file:
        file.write(markdown(machine, rows, judged, troubles))
    curves = [
        (name, [(row["clients"], row[key]) for row in rows], COLOURS[place], None)
        for place, (name, key) in enumerate((("p50", "p50Microseconds"), ("p99", "p99Microseconds")))]
    return paths if charts.draw(paths[2], "Latency by clients", "p50 and p99", curves, duration) else paths[:2]


def markdown(machine, rows, judged, troubles):
    parts = [f"# Benchmarks\n\n{machine['date']}, commit {machine['commit']}, on {machine['cpu']}, "
             f"{machine['cores']} cores, {machine['disk']['fileSystem']}"]
    if rows:
        parts.append(cluster(rows))
    if judged:
        parts.append(table(
            ["microbenchmark", "time", "calibration", "ratio", "limit"],
            [[one["name"], duration(one["nanoseconds"] / 1000), one["calibration"], f"{one['ratio']:.4f}",
              f"{one['limit']:g}"] for one in judged]))
    parts.append("\n".join(f"- {trouble}" for trouble in troubles) if troubles else "Everything is within its limits.")
    return "\n\n".join(parts) + "\n"


def cluster(rows):
    """Three nodes under load. Proofs are there where all nodes were killed in the end."""
    floor = rows[0].get("floor")
    text = table(
        ["clients", "commands/s", "p50", "p99", "p99.9", "fsyncs each", "CPU µs, nodes + load", "acknowledged",
         "lost"],
        [[f"{row['clients']:,}", count(row["commandsPerSecond"]), duration(row["p50Microseconds"]),
          duration(row["p99Microseconds"]), duration(row["p999Microseconds"]), count(row["fsyncsPerCommand"]),
          f"{count(sum(row['cpuMicrosecondsPerCommand'].values()))} + {count(row['cpuMicrosecondsPerCommandBench'])}",
          *(f"{row['proof'][key]:,}" if row.get("proof") else "–" for key in ("acknowledged", "lost"))]
         for row in rows])
    if floor:
        text += (f"\n\nThe machine's floor of one command is {duration(floor['commandMicroseconds'])}: one-row commits "
                 f"by {floor['processes']} processes at once take {duration(floor['concurrentCommitMicroseconds'])}, a "
                 f"loopback round trip {duration(floor['loopbackMicroseconds'])}.")
    return text
