"""Microbenchmarks against their limits: ratios to what the same run took for work that never changes."""

PREFIX = "calibration: "


def judge(measured, limits):
    """The benchmarks with their ratios and limits, and in sentences which cannot be judged, and why.

    `measured` is nanoseconds by name, calibrations among them; `limits` has for each name a calibration and a
    limit.
    """
    judged, broken = [], []
    for name, nanoseconds in measured.items():
        if name.startswith(PREFIX):
            continue
        limit = limits.get(name)
        if limit is None:
            broken.append(f"{name}: there is no limit for it in thresholds.json")
            continue
        base = measured.get(PREFIX + limit["calibration"])
        if not base:
            broken.append(f"{name}: its calibration, {limit['calibration']}, was not measured")
            continue
        judged.append({"name": name, "nanoseconds": nanoseconds, "ratio": nanoseconds / base, **limit})
    broken += [f"{name}: it has a limit, and was not measured" for name in limits if name not in measured]
    return judged, broken


def excesses(judged):
    """Those above their limits."""
    return [
        f"{one['name']}: {one['ratio']:.4g} times the calibration ({one['calibration']}), and the limit is "
        f"{one['limit']:g}" for one in judged if one["ratio"] > one["limit"]]


def lower(first, second):
    """Of two runs, the lower ratio of each: whatever else keeps a machine busy can only raise it. Each ratio stays
    that of one run, lest a calm calibration stand under a busy benchmark."""
    seconds = {one["name"]: one for one in second}
    return [min(one, seconds.get(one["name"], one), key=lambda either: either["ratio"]) for one in first]
