"""Redis: ONE node that fsyncs its append-only file before it answers, and redis-benchmark."""
import os

from lib.processes import Servers, Trouble, free_ports, run, wait_until
from lib.redis_output import parse_benchmark, parse_set_calls


class Redis:
    programs = ("redis-server", "redis-benchmark", "redis-cli")

    def version(self):
        return run(["redis-server", "--version"], 20)[0].strip()

    def turn(self, scenario, clients, options):
        directory = os.path.join(options.directory, scenario.name)
        os.makedirs(directory)
        port = free_ports(1)[0]
        with Servers() as servers:
            servers.start(
                ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", directory,
                 "--appendonly", "yes", "--appendfsync", "always", "--save", "", "--daemonize", "no"],
                f"{directory}/redis.log")
            wait_until("Redis answers", lambda: is_there(servers, port))
            return [self._measure(servers, port, scenario, count, options) for count in clients], []

    def _measure(self, servers, port, scenario, clients, options):
        # redis-benchmark counts requests, not seconds: the warm-up finds out how many fill the time.
        requests, rate = max(200, 4 * clients), None
        while rate is None or requests < rate * options.warmup:
            if rate is not None:
                requests = round(min(4 * requests, max(2 * requests, rate * options.warmup)))
            rate = self._run(port, scenario, clients, requests, options)[0]["perSecond"]
        requests = max(200, round(rate * options.seconds))
        (calls_before, failed_before), cpu_before = set_calls(port), servers.cpu_seconds()
        row, client_cpu = self._run(port, scenario, clients, requests, options)
        (calls, failed), server_cpu = set_calls(port), servers.cpu_seconds() - cpu_before
        calls, failed = calls - calls_before, failed - failed_before
        if calls < row["answered"]:
            raise Trouble(f"Redis, {clients} clients: {row['answered']} answers, but {calls} SETs were done")
        return {
            "clients": clients, **row, "errors": failed,
            "clientCPUMicroseconds": client_cpu * 1e6 / calls,
            "serverCPUMicroseconds": server_cpu * 1e6 / calls,
        }

    def _run(self, port, scenario, clients, requests, options):
        connections = scenario.connections_of(clients)
        text, cpu = run(
            ["redis-benchmark", "-h", "127.0.0.1", "-p", str(port), "-t", "set", "-d",
             str(options.value_bytes), "-c", str(connections), "-P", str(clients // connections),
             "-n", str(requests), "--precision", "3", *scenario.arguments], 120 + 4 * options.seconds)
        try:
            return parse_benchmark(text), cpu
        except ValueError as error:
            raise Trouble(f"Redis, {clients} clients: {error}") from None


def is_there(servers, port):
    servers.check()
    try:
        return run(["redis-cli", "-p", str(port), "ping"], 5)[0].strip() == "PONG"
    except Trouble:
        return False


def set_calls(port):
    return parse_set_calls(run(["redis-cli", "-p", str(port), "info", "commandstats"], 20)[0])
