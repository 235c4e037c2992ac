"""What is aimed at, each with the run that shows it: a plain table."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    name: str
    title: str
    # Arguments of `decree bench`.
    arguments: tuple
    # Figure, bound; at least for `perSecond` and the ratio of rows, at most for all others.
    bounds: tuple
    seconds: float = 5
    # Open loop: this share of the highest throughput that the named target has shown.
    rate_of: tuple | None = None
    # Printed beside, and aimed at nothing.
    is_beside: bool = False
    # What others reach on such a machine, as they were measured for this table: who, and how many a second.
    peers: tuple = ()
    # Ends with kill -9 of all nodes, and looks up whatever was acknowledged.
    is_proved: bool = False


AT_LEAST = ("perSecond", "perSecondToFloor")
WORDS = {
    "perSecond": "a second", "p50Microseconds": "p50", "p99Microseconds": "p99", "p999Microseconds": "p99.9",
    "p50ToFloor": "p50 / floor", "perSecondToFloor": "/ rows of each process", "residentMebibytes": "MiB of memory",
}

TARGETS = (
    Target("one", "1 client", ("--clients", "1"), (("perSecond", 3_000), ("p50ToFloor", 1.25)),
           is_proved=True, peers=(("etcd", 1_288), ("TigerBeetle", 1_595), ("phxpaxos, in-process", 2_730))),
    Target("128", "128 clients", ("--clients", "128"), (("perSecond", 60_000), ("p99Microseconds", 4_500)),
           is_proved=True, peers=(("etcd", 14_863), ("phxpaxos, in-process, batched", 50_436))),
    Target("1000", "1,000 clients", ("--clients", "1000"), (("perSecond", 150_000), ("p99Microseconds", 17_000)),
           is_proved=True, peers=(("etcd", 23_100), ("Redis, one node, a connection each", 81_560),
                                  ("phxpaxos, in-process, batched", 135_402))),
    Target("embedded", "1,000 in flight in the leader's process", ("--clients", "1000", "--embedded"),
           (("perSecond", 300_000),),
           peers=(("phxpaxos, batched", 135_402), ("OmniPaxos' core, no sockets", 316_908))),
    Target("batches-8190", "batches of 8,190 transfers, 4 clients", ("--clients", "4", "--batch", "8190"),
           (("perSecond", 1_000_000), ("p99Microseconds", 60_000)), is_proved=True, peers=(("TigerBeetle", 240_000),)),
    Target("batches-100", "batches of 100 transfers, 8 clients", ("--clients", "8", "--batch", "100"),
           (("perSecond", 300_000),), is_proved=True, peers=(("TigerBeetle", 44_000),)),
    Target("append", "append of 256 B, 1,000 clients", ("--clients", "1000", "--work", "append"),
           (("perSecond", 150_000),), is_proved=True,
           peers=(("JetStream, synced", 1_888), ("JetStream, not synced", 41_018))),
    Target("append-64k", "append of 64 KiB, 32 clients",
           ("--clients", "32", "--work", "append", "--value-bytes", "65536"), (("perSecondToFloor", 0.7),),
           is_proved=True),
    Target("reads", "linearizable reads, 1,000 clients", ("--clients", "1000", "--work", "read"),
           (("perSecond", 250_000),)),
    Target("open", "open loop at half of 1,000 clients' rate, 60 s", ("--clients", "1000"),
           (("p99Microseconds", 10_000), ("p999Microseconds", 40_000)), seconds=60, rate_of=("1000", 0.5)),
    Target("million", "1,000,000 accounts, 1,000 clients", ("--clients", "1000", "--accounts", "1000000"),
           (("residentMebibytes", 400),), seconds=15),
    Target("128-each", "128 clients, a connection each", ("--clients", "128", "--connections", "128"), (),
           is_beside=True),
    Target("1000-each", "1,000 clients, a connection each", ("--clients", "1000", "--connections", "1000"), (),
           is_beside=True),
)


def figures(line):
    """A line of `decree bench --json` as figures."""
    floor = line.get("floor") or {}
    return {
        "perSecond": line["commandsPerSecond"], "p50Microseconds": line["p50Microseconds"],
        "p99Microseconds": line["p99Microseconds"], "p999Microseconds": line["p999Microseconds"],
        "p50ToFloor": line.get("p50ToFloor"), "perSecondToFloor": line.get("perSecondToFloor"),
        "residentMebibytes": max(line["residentBytes"].values(), default=0) / (1 << 20),
        "floorMicroseconds": floor.get("commandMicroseconds"), "floorDrift": floor.get("drift"),
        "rowsPerSecondOfEach": floor.get("concurrentCommitsPerSecond"),
        "cpuMicroseconds": sum(line["cpuMicrosecondsPerCommand"].values()) + line["cpuMicrosecondsPerCommandBench"],
        "slowCommitMicroseconds": max(line.get("slowCommitMicroseconds", {}).values(), default=0),
        "fsyncsPerCommand": line["fsyncsPerCommand"], "errors": line["errors"],
    }


def is_met(figure, value, bound):
    return value is not None and (value >= bound if figure in AT_LEAST else value <= bound)
