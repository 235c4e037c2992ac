"""Machines of network namespaces, whose links are as slow as one wants; and a cluster on them."""
import json
import os
import subprocess
import time

CLIENT = 100


def why_not():
    """Why namespaces cannot be made here; None if they can."""
    if os.uname().sysname != "Linux":
        return "it needs Linux: network namespaces and tbf"
    if os.geteuid() != 0:
        return "it needs root: it makes network namespaces of its own, which go with it"
    probe = f"decree-probe-{os.getpid()}"
    try:
        subprocess.run(["ip", "netns", "add", probe], check=True, capture_output=True)
        subprocess.run(["ip", "netns", "del", probe], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        return f"namespaces cannot be made here (install iproute2; in a container, give it CAP_NET_ADMIN): {error}"
    return None


class Network:
    """Machines 1 to `nodes`, and the client's, on one switch that has a namespace of its own."""

    def __init__(self, nodes):
        self.prefix = f"decree-links-{os.getpid()}"
        self.machines = list(range(1, nodes + 1)) + [CLIENT]
        self.hub = f"{self.prefix}-switch"

    def __enter__(self):
        script = [f"ip netns add {self.hub}", f"ip -n {self.hub} link add switch type bridge stp_state 0 forward_delay 0",
                  f"ip -n {self.hub} link set switch up"]
        for machine in self.machines:
            own = self.namespace(machine)
            script += [
                f"ip netns add {own}",
                f"ip -n {self.hub} link add port{machine} type veth peer name eth0 netns {own}",
                f"ip -n {self.hub} link set port{machine} master switch up",
                f"ip -n {own} link set lo up",
                f"ip -n {own} addr add {self.address(machine)}/24 dev eth0",
                f"ip -n {own} link set eth0 up",
            ]
        try:
            shell(script)
        except Exception:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in [self.hub] + [self.namespace(machine) for machine in self.machines]:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)

    def namespace(self, machine):
        return f"{self.prefix}-{machine}"

    def address(self, machine):
        return f"10.78.0.{machine}"

    def within(self, machine, arguments):
        return ["ip", "netns", "exec", self.namespace(machine)] + arguments

    def limit(self, machine, megabits):
        """What reaches a machine comes at this rate, behind a buffer of 400 ms; None for all that the kernel can."""
        port = f"port{machine}"
        subprocess.run(["tc", "-n", self.hub, "qdisc", "del", "dev", port, "root"], capture_output=True)
        if megabits:
            shell([f"tc -n {self.hub} qdisc add dev {port} root tbf rate {megabits}mbit burst 64kb latency 400ms"])

    def sent_bytes(self, machine):
        """What a machine has sent."""
        output = subprocess.run(["ip", "-n", self.namespace(machine), "-s", "-j", "link", "show", "eth0"],
                                check=True, capture_output=True, text=True).stdout
        return json.loads(output)[0]["stats64"]["tx"]["bytes"]


def shell(lines):
    subprocess.run(["sh", "-e", "-c", "\n".join(lines)], check=True, capture_output=True)


class Cluster:
    """Nodes of `decree`, each on a machine of its own; node 1 leads when it has started."""

    PORT = 7000

    def __init__(self, network, nodes, decree, directory):
        self.network, self.nodes, self.decree, self.directory = network, list(range(1, nodes + 1)), decree, directory
        self.processes = []

    def __enter__(self):
        members = [{"id": node, "host": self.network.address(node), "port": self.PORT} for node in self.nodes]
        for node in self.nodes:
            path = f"{self.directory}/{node}.json"
            with open(path, "w") as file:
                json.dump({"cluster": "links", "node": node, "nodes": members,
                           "dataDirectory": f"{self.directory}/data-{node}"}, file)
            log = open(f"{self.directory}/{node}.log", "w")
            self.processes.append(subprocess.Popen(
                self.network.within(node, [self.decree, "node", "--config", path, "--machine", "append"]),
                stdout=log, stderr=log, stdin=subprocess.DEVNULL))
        self.wait_until("a leader", lambda: self.leader() is not None)
        self.wait_until("node 1 to lead", self.is_led_by_first)
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def wait_until(self, what, holds, seconds=30):
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                raise TimeoutError(f"waited {seconds} s for {what}; the nodes' logs are in {self.directory}")
            time.sleep(0.2)

    def is_led_by_first(self):
        if self.leader()[0] == 1:
            return True
        self.tool(["leader", "transfer", "1"])
        return False

    def tool(self, arguments, **options):
        addresses = ",".join(f"{self.network.address(node)}:{self.PORT}" for node in self.nodes)
        return subprocess.run(self.network.within(CLIENT, [self.decree] + arguments + ["--nodes", addresses]),
                              capture_output=True, text=True, **options)

    def leader(self):
        """The node that leads, and its ballot; None if no node says that it does."""
        for line in self.tool(["status", "--json"]).stdout.splitlines():
            status = json.loads(line)
            for group in status.get("groups", []):
                if group["role"] == "leader":
                    return status["node"], group["ballot"]
        return None
