"""etcd: three members with its defaults (every entry fsynced), and h2load speaking gRPC to the leader."""
import json
import os

from lib.h2load import check_successes, parse_log, parse_summary, put_request
from lib.processes import Servers, Trouble, free_ports, run, wait_until

MEMBERS = 3
KEY = b"benchmark"


class Etcd:
    programs = ("etcd", "etcdctl", "h2load")

    def version(self):
        first = run(["etcd", "--version"], 20)[0].splitlines()[0]
        return f"{first}; load by {run(['h2load', '--version'], 20)[0].strip()}"

    def turn(self, scenario, clients, options):
        directory = os.path.join(options.directory, scenario.name)
        os.makedirs(directory)
        body = os.path.join(directory, "put-request")
        with open(body, "wb") as file:
            file.write(put_request(KEY, b"v" * options.value_bytes))
        with Servers() as servers:
            urls = start(servers, directory)
            leader = wait_until("etcd elects a leader", lambda: find_leader(servers, urls))
            rows = [self._measure(servers, urls, leader, scenario, count, body, directory, options)
                    for count in clients]
        return rows, []

    def _measure(self, servers, urls, leader, scenario, clients, body, directory, options):
        url, _ = leader
        log = os.path.join(directory, "h2load.log")

        def load(seconds):
            if os.path.exists(log):
                os.remove(log)
            connections = scenario.connections_of(clients)
            return run(
                ["h2load", "-c", str(connections), "-m", str(clients // connections), "-t", "1",
                 "-D", milliseconds(seconds), "-d", body, "-H", "content-type: application/grpc",
                 "-H", "te: trailers", "--log-file", log, *scenario.arguments, f"{url}/etcdserverpb.KV/Put"],
                60 + seconds)

        # A run of its own, and not h2load's warm-up: what was put then would hide errors behind it.
        load(options.warmup)
        settled = wait_until("etcd finishes the warm-up", lambda: settled_revision(url))
        cpu_before = servers.cpu_seconds()
        said, client_cpu = load(options.seconds)
        server_cpu = servers.cpu_seconds() - cpu_before
        puts = wait_until("etcd finishes", lambda: settled_revision(url)) - settled
        try:
            with open(log) as file:
                row = parse_log(file, options.seconds)
            succeeded, failed = parse_summary(said)
            if succeeded != row["answered"]:
                raise ValueError(f"{row['answered']} answers were logged of {succeeded}")
            check_successes(row["answered"], puts, clients)
        except (OSError, ValueError) as error:
            raise Trouble(f"etcd, {clients} clients: {error}; h2load said: {said.strip()[-400:]}") from None
        return {
            "clients": clients, **row, "errors": max(failed, row["errors"]),
            # A leader that was elected again has another term.
            "didLeaderChange": find_leader(servers, urls) != leader,
            "clientCPUMicroseconds": client_cpu * 1e6 / puts,
            "serverCPUMicroseconds": server_cpu * 1e6 / puts,
        }


def milliseconds(seconds):
    """A duration as h2load takes it: whole numbers."""
    return f"{round(seconds * 1000)}ms"


def start(servers, directory):
    """Starts the members; their client URLs."""
    ports = free_ports(2 * MEMBERS)
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    clients, peers = urls[:MEMBERS], urls[MEMBERS:]
    cluster = ",".join(f"member{number}={url}" for number, url in enumerate(peers))
    for number in range(MEMBERS):
        servers.start(
            ["etcd", "--name", f"member{number}", "--data-dir", f"{directory}/member{number}",
             "--listen-client-urls", clients[number], "--advertise-client-urls", clients[number],
             "--listen-peer-urls", peers[number], "--initial-advertise-peer-urls", peers[number],
             "--initial-cluster", cluster, "--initial-cluster-state", "new"],
            f"{directory}/member{number}.log")
    return clients


def status(endpoints):
    text, _ = run(["etcdctl", "--endpoints", ",".join(endpoints), "endpoint", "status", "-w", "json"], 20,
                  {"ETCDCTL_API": "3"})
    return json.loads(text)


def find_leader(servers, urls):
    """The client URL of the member that all members say leads, and its term; nil while they do not agree."""
    servers.check()
    try:
        statuses = status(urls)
    except Trouble:
        return None
    leaders = {one["Status"].get("leader", 0) for one in statuses}
    if len(statuses) < len(urls) or len(leaders) != 1 or leaders == {0}:
        return None
    for one in statuses:
        if one["Status"]["header"]["member_id"] in leaders:
            return one["Endpoint"], one["Status"]["header"].get("raft_term")
    return None


def settled_revision(endpoint):
    """How many puts were done, once there are no more to come; nothing before."""
    before, after = (status([endpoint])[0]["Status"]["header"]["revision"] for _ in range(2))
    return after if before == after else None
