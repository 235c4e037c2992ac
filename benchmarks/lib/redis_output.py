"""What redis-benchmark and redis-cli print."""
import re

DISTRIBUTION = re.compile(r"^([\d.]+)% <= ([\d.]+) milliseconds \(cumulative count (\d+)\)$")


def parse_benchmark(text):
    """Throughput and percentiles of one test, from the long form of redis-benchmark 7 with --precision 3."""
    lines = [line.strip() for line in re.split(r"[\r\n]", text)]
    throughput = next((re.match(r"throughput summary: ([\d.]+) requests per second", line)
                       for line in lines if line.startswith("throughput summary:")), None)
    if throughput is None:
        raise ValueError("redis-benchmark printed no summary")
    names, values = [], []
    for line, following in zip(lines, lines[1:]):
        if line.split() == ["avg", "min", "p50", "p95", "p99", "max"]:
            names, values = line.split(), [float(number) for number in following.split()]
    if len(values) != 6:
        raise ValueError("redis-benchmark printed no latencies")
    summary = dict(zip(names, values))
    # The distribution stands first, the cumulative one, of round latencies, behind it.
    distribution, answered = [], 0
    for line in lines:
        if line.startswith("Cumulative distribution"):
            break
        if found := DISTRIBUTION.match(line):
            distribution.append((float(found[1]), float(found[2])))
            answered = int(found[3])
    p999 = next((latency for percent, latency in distribution if percent >= 99.9), summary["max"])
    return {
        "answered": answered,
        "perSecond": float(throughput[1]),
        "p50Microseconds": summary["p50"] * 1000,
        "p99Microseconds": summary["p99"] * 1000,
        "p999Microseconds": p999 * 1000,
        "maxMicroseconds": summary["max"] * 1000,
    }


def parse_set_calls(text):
    """SETs that were done, and those that were refused or failed, from `INFO commandstats`."""
    found = re.search(r"^cmdstat_set:(.*)$", text, re.MULTILINE)
    if not found:
        return 0, 0
    fields = dict(pair.split("=", 1) for pair in found[1].strip().split(","))
    failed = int(fields.get("failed_calls", 0)) + int(fields.get("rejected_calls", 0))
    return int(fields["calls"]), failed
