"""Rounds brought together, and what must be said of them."""
from lib.numbers import lowest_floor, medians

# Beyond this, from the floor before to the floor behind, the machine was busy with something else.
BEARABLE_DRIFT = (0.8, 1.25)
# Beyond this, between rounds, a median of throughput is not one that would come again.
BEARABLE_SPREAD = 1.5


def summarise(rows):
    """Medians by scenario and clients."""
    groups = {}
    for row in rows:
        groups.setdefault((row["scenario"], row["clients"]), []).append(row)
    return {key: medians(group) for key, group in groups.items()}


def remarks(result, scenarios):
    """Whatever the reader of the numbers should know, in sentences."""
    lines = list(result["troubles"])
    titles = {scenario.name: scenario for scenario in scenarios}
    summary = summarise(result["rows"])
    for (name, clients), row in summary.items():
        who = f"{titles[name].title} ({name}), {clients:,} clients"
        if row["errors"]:
            lines.append(f"{who}: {row['errors']:,} requests came to nothing")
        if row["lowestPerSecond"] * BEARABLE_SPREAD < row["highestPerSecond"]:
            lines.append(f"{who}: rounds went from {row['lowestPerSecond']:,.0f} to {row['highestPerSecond']:,.0f} "
                         "a second")
    for row in result["rows"]:
        if row.get("didLeaderChange"):
            lines.append(f"{row['scenario']}, {row['clients']:,} clients, round {row['round']}: the leader changed")
    floor = lowest_floor(result["floors"])
    if floor and not BEARABLE_DRIFT[0] <= floor["drift"] <= BEARABLE_DRIFT[1]:
        lines.append(f"the machine's floor changed by a factor of {floor['drift']:.2f} within a round: something else "
                     "kept the machine busy, run it again")
    cores, load = result["machine"]["cores"], result["machine"]["loadAverageBefore"]
    if load > 0.25 * cores:
        lines.append(f"the load average was {load} on {cores} cores before anything was begun: run it on an idle "
                     "machine")
    return lines
