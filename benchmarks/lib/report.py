"""compare.json, compare.md and the plots."""
import json
import os

from lib import charts
from lib.formats import count, duration, ratio, table
from lib.numbers import lowest_floor
from lib.scenarios import EACH
from lib.summary import remarks, summarise


def write(result, scenarios, directory):
    """Writes everything; the paths."""
    os.makedirs(directory, exist_ok=True)
    summary = summarise(result["rows"])
    measured = [scenario for scenario in scenarios if any(name == scenario.name for name, _ in summary)]
    result["medians"] = [{"scenario": name, **row, "clients": clients} for (name, clients), row in summary.items()]
    paths = {name: os.path.join(directory, name) for name in (
        "compare.json", "compare.md", "compare-throughput.svg", "compare-latency.svg")}
    with open(paths["compare.json"], "w") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    with open(paths["compare.md"], "w") as file:
        file.write(markdown(result, measured, summary))
    charts.draw(
        paths["compare-throughput.svg"], "Throughput by clients", "commands a second",
        charts.curves_of(scenarios, summary, "perSecond", charts.label, dashes_of_shape), count)
    shared = [scenario for scenario in scenarios if scenario.connections is not EACH or scenario.name == "redis"]
    latencies = [
        curve for key, name, dashes in (("p50Microseconds", "p50", None), ("p99Microseconds", "p99", "5 4"))
        for curve in charts.curves_of(
            shared, summary, key, lambda one, name=name: f"{name}, {charts.label(one)}", lambda _, d=dashes: d)]
    charts.draw(paths["compare-latency.svg"], "Latency by clients", "p50 and p99", latencies, duration)
    return [path for path in paths.values() if os.path.exists(path)]


def dashes_of_shape(scenario):
    return "5 4" if scenario.connections is EACH else None


def markdown(result, scenarios, summary):
    parts = ["# Decree beside its peers", about(result)]
    for is_each, title in ((False, "Connections shared by all clients"), (True, "A connection for each client")):
        some = [scenario for scenario in scenarios if (scenario.connections is EACH) == is_each]
        if some:
            parts += [f"## {title}", *section(some, summary)]
    if floor := lowest_floor(result["floors"]):
        parts += ["## The machine's floor, in the same run", table(["", "p50"], [
            ["write of 4 KiB and fdatasync", duration(floor["fdatasyncMicroseconds"])],
            ["one-row commit of Decree's store, alone", duration(floor["commitMicroseconds"])],
            [f"one-row commit, {floor['processes']:.0f} processes at once",
             duration(floor["concurrentCommitMicroseconds"])],
            ["loopback round trip of 64 B", duration(floor["loopbackMicroseconds"])],
            ["one command: that commit and two round trips", duration(floor["commandMicroseconds"])]])]
    notes = remarks(result, scenarios)
    parts += ["## Remarks", "\n".join(f"- {note}" for note in notes) or "None: no errors, no change of leader."]
    return "\n\n".join(parts) + "\n"


def about(result):
    machine = result["machine"]
    disk = machine["disk"]
    cache = f", write cache {disk['writeCache']}" if disk.get("writeCache") else ""
    lines = [
        f"{result['rounds']} round{'s' * (result['rounds'] != 1)}, medians; {result['seconds']:g} s after "
        f"{result['warmup']:g} s of warm-up each; values of {result['valueBytes']} B; every client has one request in "
        "flight. Servers and load share the machine. What each system has done when it answers, and how each load is "
        "made, is in [benchmarks/README.md](../README.md).", "",
        f"- {machine['date']}, commit {machine['commit']}",
        f"- {machine['cpu']}, {machine['cores']} cores, {machine['memoryBytes'] / 2**30:.1f} GiB, {machine['kernel']}",
        f"- {disk['fileSystem']} on {disk.get('model', disk['device'])}{cache}",
    ]
    return "\n".join(lines + [f"- {version}" for version in machine["versions"].values()])


def section(scenarios, summary):
    """The tables of one shape."""
    clients = sorted({count for name, count in summary if name in {scenario.name for scenario in scenarios}})
    first, others = scenarios[0], scenarios[1:]

    def cell(scenario, count_of_clients, key, form):
        row = summary.get((scenario.name, count_of_clients))
        return form(row.get(key)) if row else "–"

    def gain(scenario, number):
        ours, theirs = summary.get((first.name, number)), summary.get((scenario.name, number))
        return ratio(ours["perSecond"] / theirs["perSecond"] if ours and theirs and theirs["perSecond"] else None)

    titles = [scenario.title for scenario in scenarios]
    throughput = table(
        ["commands/s, by clients"] + titles + [f"{first.title.split(',')[0]} to {one.title}" for one in others],
        [[f"{number:,}"] + [cell(one, number, "perSecond", count) for one in scenarios]
         + [gain(one, number) for one in others] for number in clients])
    latency = table(
        ["p50 / p99 / p99.9, by clients"] + titles,
        [[f"{number:,}"] + [" / ".join(cell(one, number, key, duration) for key in (
            "p50Microseconds", "p99Microseconds", "p999Microseconds")) for one in scenarios] for number in clients])
    processor = table(
        ["CPU µs each, servers + load, by clients"] + titles,
        [[f"{number:,}"] + [" + ".join(cell(one, number, key, count) for key in (
            "serverCPUMicroseconds", "clientCPUMicroseconds")) for one in scenarios] for number in clients])
    return [throughput, latency, processor]
