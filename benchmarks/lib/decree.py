"""Decree: `decree bench` starts the nodes, makes the load, and measures the machine's floor."""
import json
import os

from lib.processes import Trouble, run


class Decree:
    programs = ()

    def __init__(self, program):
        self.program = program

    def version(self):
        return "decree " + run([self.program, "--version"], 20)[0].strip()

    def turn(self, scenario, clients, options):
        """Runs a scenario with each number of clients: its rows, and the floors that were measured with them."""
        if scenario.connections is not None:
            return self._bench(scenario, clients, scenario.connections, options, has_floor=True)
        # The number of connections is one for a whole run.
        rows = []
        for count in clients:
            rows += self._bench(scenario, [count], count, options, has_floor=False)[0]
        return rows, []

    def _bench(self, scenario, clients, connections, options, has_floor):
        data = os.path.join(options.directory, f"{scenario.name}-{clients[0]}")
        arguments = [
            self.program, "bench", "--work", "append", "--value-bytes", str(options.value_bytes),
            "--clients", ",".join(map(str, clients)), "--connections", str(connections),
            "--seconds", str(options.seconds), "--warmup", str(options.warmup), "--data", data, "--json",
            *([] if has_floor else ["--skip-floor"]), *scenario.arguments]
        text, _ = run(arguments, 60 + len(clients) * (options.seconds + options.warmup + 30))
        lines = [json.loads(line) for line in text.splitlines() if line.strip()]
        if len(lines) != len(clients):
            raise Trouble(f"decree bench printed {len(lines)} rows for {len(clients)} numbers of clients")
        floors = [lines[0]["floor"]] if lines[0].get("floor") else []
        return [row_of(line) for line in lines], floors


def row_of(line):
    """A line of `decree bench --json` as a row of the comparison."""
    return {
        "clients": line["clients"],
        "perSecond": line["commandsPerSecond"],
        "p50Microseconds": line["p50Microseconds"],
        "p99Microseconds": line["p99Microseconds"],
        "p999Microseconds": line["p999Microseconds"],
        "maxMicroseconds": line["maxMicroseconds"],
        "errors": line["errors"],
        "didLeaderChange": line["didLeaderChange"],
        "fsyncsPerCommand": line["fsyncsPerCommand"],
        "clientCPUMicroseconds": line["cpuMicrosecondsPerCommandBench"],
        "serverCPUMicroseconds": sum(line["cpuMicrosecondsPerCommand"].values()),
    }
