#!/usr/bin/env python3
"""Starts a second copy of a node beside the original, on real processes, and sees what becomes of it.

Each round founds a cluster, copies the directory of one of its nodes, and starts the copy at another port: the original
stopped or running meanwhile, the copy started at once or later, under load or idle, with a peer up, stopped (SIGSTOP) or
dead. It holds that one of the two is fenced, and stays so after a restart; that the other goes on; and that every
deposit that was acknowledged is there in the end, when the nodes that took it are killed and the others elect.

    scripts/two-copies.py [--decree .build/release/decree] [--rounds 40] [--seed 1] [--keep]

The exit code is 1 if a round fails.
"""

import argparse
import itertools
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Process:
    """A node's process, with what it says on standard error."""

    def __init__(self, decree, configuration, log):
        self.log = log
        self.started = time.monotonic()
        with open(log, "ab") as sink:
            self.process = subprocess.Popen(
                [decree, "node", "--config", configuration], stdin=subprocess.DEVNULL, stdout=sink, stderr=sink)

    def status(self):
        return self.process.poll()

    def send(self, number):
        if self.status() is None:
            self.process.send_signal(number)

    def end(self, number=signal.SIGKILL):
        self.send(signal.SIGCONT)
        self.send(number)
        self.process.wait()

    def last_line(self):
        with open(self.log, "rb") as log:
            lines = log.read().decode(errors="replace").strip().split("\n")
        return lines[-1]


class Load:
    """Deposits of one each, a few in flight at a time, until it is told to stop."""

    def __init__(self, decree, addresses, gap):
        self.acknowledged = 0
        self.unknown = 0
        self.process = subprocess.Popen(
            [decree, "bank", "run", "--nodes", addresses, "--deadline", "20"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.gap = gap
        self.stopping = threading.Event()
        self.writer = threading.Thread(target=self.write)
        self.reader = threading.Thread(target=self.read)
        self.writer.start()
        self.reader.start()

    def write(self):
        number = 0
        while not self.stopping.is_set():
            number += 1
            line = {"id": str(number), "op": "deposit", "account": "a", "amount": 1}
            try:
                self.process.stdin.write(json.dumps(line) + "\n")
                self.process.stdin.flush()
            except BrokenPipeError:
                return
            self.stopping.wait(self.gap)

    def read(self):
        for line in self.process.stdout:
            outcome = json.loads(line)["outcome"]
            if outcome == "ok":
                self.acknowledged += 1
            elif outcome == "unknown":
                self.unknown += 1

    def stop(self):
        self.stopping.set()
        self.writer.join()
        self.process.stdin.close()
        self.reader.join()
        self.process.wait()


class Failure(Exception):
    pass


class Round:
    def __init__(self, options, number, nodes, how, when, load, peer):
        self.options = options
        self.decree = os.path.abspath(options.decree)
        self.number, self.nodes, self.how, self.when, self.is_loaded, self.peer = (
            number, nodes, how, when, load, peer)
        self.directory = tempfile.mkdtemp(prefix="two-copies-")
        self.ports = free_ports(nodes + 1)
        self.running = {}
        self.acknowledged = 0
        self.unknown = 0
        self.victim = nodes
        for node in range(1, nodes + 1):
            self.configure(str(node), node, self.data(str(node)), self.ports[node - 1])
        self.configure("copy", self.victim, self.data("copy"), self.ports[nodes])

    def data(self, name):
        return f"{self.directory}/data-{name}"

    def configure(self, name, node, data, port):
        members = [
            {"id": other, "host": "127.0.0.1", "port": port if other == node else self.ports[other - 1]}
            for other in range(1, self.nodes + 1)]
        with open(f"{self.directory}/{name}.json", "w") as file:
            json.dump({"cluster": "bank", "node": node, "dataDirectory": data, "nodes": members}, file)

    def addresses(self, names=None):
        ports = [self.ports[int(name) - 1] if name != "copy" else self.ports[self.nodes] for name in (
            names or [str(node) for node in range(1, self.nodes + 1)])]
        return ",".join(f"127.0.0.1:{port}" for port in ports)

    def start(self, name):
        self.running[name] = Process(
            self.decree, f"{self.directory}/{name}.json", f"{self.directory}/{name}.log")

    def tool(self, *arguments, names=None, seconds=30):
        return subprocess.run(
            [self.decree, *arguments, "--nodes", self.addresses(names)], stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=seconds)

    def until(self, condition, what, seconds=20):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise Failure(what)
            time.sleep(0.01)

    def deposit(self, count, names=None):
        """Deposits that must be acknowledged."""
        for _ in range(count):
            result = self.tool("bank", "deposit", "a", "1", "--deadline", "20", names=names)
            if result.returncode != 0:
                raise Failure(f"a deposit is not acknowledged: {result.stderr.strip()}")
            self.acknowledged += 1

    def balance(self, names=None):
        result = self.tool("bank", "balance", "a", "--deadline", "20", names=names)
        if result.returncode != 0:
            raise Failure(f"no balance: {result.stderr.strip()}")
        return int(result.stdout.split()[-1])

    def play(self):
        victim, first = str(self.victim), "1"
        for node in range(1, self.nodes + 1):
            self.start(str(node))
        opened = False
        for _ in range(40):
            if self.tool("bank", "open", "a", "0", "--deadline", "10").returncode == 0:
                opened = True
                break
            time.sleep(0.1)
        if not opened:
            raise Failure("the cluster does not come up")
        self.deposit(3)
        load = Load(self.decree, self.addresses(), 0.005) if self.is_loaded else None
        try:
            if load:
                time.sleep(0.5)
            fenced_after = self.copy_and_wait(victim, first)
            time.sleep(0.3)
        finally:
            if load:
                load.stop()
                self.acknowledged += load.acknowledged
                self.unknown += load.unknown
        survivor = victim if "copy" not in self.running else "copy"
        # As in the report: deposits without node 1; then the nodes that took them die, but for those that are needed.
        if first not in self.running:
            self.start(first)
        self.running[first].send(signal.SIGCONT)
        self.deposit(2)
        self.running.pop(first).end()
        others = [str(node) for node in range(2, self.nodes)]
        self.deposit(5, names=others + [survivor])
        for name in others[:(self.nodes - 1) // 2]:
            self.running.pop(name).end()
        self.start(first)
        names = [name for name in self.running]
        balance = self.balance(names)
        if not self.acknowledged <= balance <= self.acknowledged + self.unknown:
            raise Failure(f"the balance is {balance}, acknowledged were {self.acknowledged} (unknown {self.unknown})")
        # The one that is fenced stays out.
        fenced = victim if survivor == "copy" else "copy"
        self.start(fenced)
        again = self.running.pop(fenced)
        self.until(lambda: again.status() is not None, "the fenced one runs again")
        if again.status() != 4 or "is fenced" not in again.last_line():
            raise Failure(f"the fenced one ends with {again.status()}: {again.last_line()}")
        return fenced, fenced_after

    def copy_and_wait(self, victim, first):
        if self.how == "stopped":
            self.running.pop(victim).end(signal.SIGTERM)
        for attempt in range(10):
            shutil.rmtree(self.data("copy"), ignore_errors=True)
            shutil.copytree(self.data(victim), self.data("copy"))
            if self.how == "stopped":
                break
            # A copy that was torn is refused, as it should be: it is made again.
            check = subprocess.run(
                [self.decree, "log", "verify", self.data("copy")], stdin=subprocess.DEVNULL, capture_output=True)
            if check.returncode == 0:
                break
        if self.peer == "paused":
            self.running[first].send(signal.SIGSTOP)
        if self.peer == "down":
            self.running.pop(first).end()
        if self.how == "stopped":
            self.start(victim)
        if self.when == "later":
            time.sleep(1.5)
        self.start("copy")
        pair = {victim: self.running[victim], "copy": self.running["copy"]}
        began = time.monotonic()
        while all(process.status() is None for process in pair.values()):
            if time.monotonic() - began > 20:
                raise Failure("both run on")
            time.sleep(0.002)
        elapsed = time.monotonic() - began
        time.sleep(0.5)
        ended = [name for name, process in pair.items() if process.status() is not None]
        if len(ended) != 1:
            raise Failure("both have ended: " + "; ".join(pair[name].last_line() for name in ended))
        process = self.running.pop(ended[0])
        if process.status() != 4:
            raise Failure(f"the {ended[0]} ends with {process.status()}: {process.last_line()}")
        if self.peer == "paused":
            self.running[first].send(signal.SIGCONT)
        return elapsed

    def clear(self, keep):
        for process in self.running.values():
            process.end()
        if keep:
            print(f"    kept: {self.directory}")
        else:
            shutil.rmtree(self.directory, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decree", default=".build/release/decree")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="keep the directories of rounds that fail")
    options = parser.parse_args()
    kinds = list(itertools.product(
        (3, 5), ("stopped", "running"), ("at once", "later"), (False, True), ("up", "paused", "down")))
    random.Random(options.seed).shuffle(kinds)
    times, failures, lost, winners = [], 0, 0, {"original": 0, "copy": 0}
    for number in range(options.rounds):
        nodes, how, when, load, peer = kinds[number % len(kinds)]
        words = f"{nodes} nodes, copied while {how}, started {when}, {'load' if load else 'idle'}, a peer {peer}"
        one = Round(options, number, nodes, how, when, load, peer)
        failed = False
        try:
            fenced, elapsed = one.play()
            times.append(elapsed)
            winners["original" if fenced == "copy" else "copy"] += 1
            print(f"{number + 1:3}  {words}: {'copy' if fenced == 'copy' else 'original'} fenced after "
                  f"{elapsed * 1000:.0f} ms, {one.acknowledged} acknowledged", flush=True)
        except (Failure, subprocess.TimeoutExpired) as failure:
            failures += 1
            failed = True
            lost += "the balance is" in str(failure)
            print(f"{number + 1:3}  {words}: FAILED: {failure}", flush=True)
        finally:
            one.clear(failed and options.keep)
    print(f"{options.rounds} rounds, {failures} failed, {lost} with an acknowledged deposit missing; "
          f"the original went on in {winners['original']}, the copy in {winners['copy']}")
    if times:
        print(f"until one is fenced, from the start of the copy's process: median {statistics.median(times) * 1000:.0f} ms, "
              f"worst {max(times) * 1000:.0f} ms")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
