"""Percentiles and medians."""
import math


def percentile(ascending, percent):
    """The smallest value that so many per cent do not exceed; 0 of none."""
    if not ascending:
        return 0
    place = math.ceil(len(ascending) * percent / 100) - 1
    return ascending[min(max(place, 0), len(ascending) - 1)]


def median(values):
    ascending = sorted(values)
    middle = len(ascending) // 2
    if len(ascending) % 2:
        return ascending[middle]
    return (ascending[middle - 1] + ascending[middle]) / 2


def medians(rows):
    """Rounds of one measurement as one row: the median of every number, and how far throughput went up and down.
    A number that only some rounds have is the median of those."""
    merged = {}
    for key in dict.fromkeys(key for row in rows for key in row):
        values = [row[key] for row in rows if row.get(key) is not None]
        if values and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
            merged[key] = median(values)
        elif values:
            merged[key] = values[-1]
    # Errors are not outvoted.
    merged["errors"] = sum(row.get("errors", 0) for row in rows)
    merged["rounds"] = len(rows)
    merged["lowestPerSecond"] = min(row["perSecond"] for row in rows)
    merged["highestPerSecond"] = max(row["perSecond"] for row in rows)
    return merged


def lowest_floor(floors):
    """The machine's floor of several rounds: whatever else keeps a machine busy can only raise it. The drift that
    is farthest from 1 is kept: it says that something did."""
    if not floors:
        return None
    lowest = {key: min(floor[key] for floor in floors) for key in floors[0]}
    lowest["drift"] = max((floor["drift"] for floor in floors), key=lambda drift: abs(math.log(max(drift, 1e-9))))
    return lowest
