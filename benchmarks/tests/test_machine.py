import os
import signal
import subprocess
import sys
import tempfile
import unittest

from lib.decree import row_of
from lib.machine import mount_of
from lib.packages import PACKAGE_OF, missing, packages_for
from lib.processes import Servers, Trouble, run
from lib.systems import make


class Mounts(unittest.TestCase):
    mounts = ["/dev/vda / ext4 rw 0 0", "tmpfs /run tmpfs rw 0 0", "/dev/vdb /run/disk xfs rw 0 0", "broken"]

    def test_the_longest_mount_point_counts(self):
        self.assertEqual(mount_of("/run/disk/data", self.mounts), ("/dev/vdb", "xfs"))
        self.assertEqual(mount_of("/run/diskette", self.mounts), ("tmpfs", "tmpfs"))
        self.assertEqual(mount_of("/home", self.mounts), ("/dev/vda", "ext4"))


class Packages(unittest.TestCase):
    def test_what_is_missing_and_what_brings_it(self):
        lacking = missing(
            ["etcd", "redis-cli", "redis-benchmark"], find=lambda name: "/bin/etcd" if name == "etcd" else None)
        self.assertEqual(lacking, ["redis-cli", "redis-benchmark"])
        self.assertEqual(packages_for(lacking), ["redis-tools"])

    def test_every_program_that_a_system_needs_has_a_package(self):
        for system in make("decree").values():
            self.assertLessEqual(set(system.programs), set(PACKAGE_OF))


class Rows(unittest.TestCase):
    def test_a_line_of_the_bench_becomes_a_row(self):
        line = {"clients": 16, "commandsPerSecond": 9, "p50Microseconds": 1, "p99Microseconds": 2,
                "p999Microseconds": 3, "maxMicroseconds": 4, "errors": 0, "didLeaderChange": False, "fsyncsPerCommand": 0.5,
                "cpuMicrosecondsPerCommandBench": 7, "cpuMicrosecondsPerCommand": {"1": 10, "2": 5, "3": 6}}
        row = row_of(line)
        self.assertEqual((row["perSecond"], row["clientCPUMicroseconds"], row["serverCPUMicroseconds"]), (9, 7, 21))


class Processes(unittest.TestCase):
    def test_processor_time_of_a_child_is_counted(self):
        _, seconds = run([sys.executable, "-c", "sum(range(3_000_000))"], 60)
        self.assertGreater(seconds, 0.01)

    def test_a_failure_says_what_was_said(self):
        with self.assertRaisesRegex(Trouble, "ended with 3: no disk"):
            run([sys.executable, "-c", "import sys; print('no disk', file=sys.stderr); sys.exit(3)"], 60)

    def test_a_program_that_is_not_there(self):
        with self.assertRaisesRegex(Trouble, "cannot run /nowhere"):
            run(["/nowhere"], 1)

    def test_servers_are_stopped_whatever_happens(self):
        with tempfile.TemporaryDirectory() as directory:
            log = os.path.join(directory, "log")
            with self.assertRaises(KeyError), Servers() as servers:
                servers.start([sys.executable, "-c", "import time; time.sleep(600)"], log)
                process = servers._running[0][0]
                raise KeyError
            self.assertEqual(process.poll(), -signal.SIGTERM)

    def test_a_server_that_ended_is_noticed(self):
        with tempfile.TemporaryDirectory() as directory, Servers() as servers:
            log = os.path.join(directory, "log")
            servers.start([sys.executable, "-c", "print('address in use'); raise SystemExit(1)"], log)
            servers._running[0][0].wait()
            with self.assertRaisesRegex(Trouble, "ended with 1: address in use"):
                servers.check()


class Commands(unittest.TestCase):
    def test_help_is_there(self):
        here = os.path.join(os.path.dirname(__file__), "..")
        for name in ("compare", "bench"):
            done = subprocess.run([sys.executable, os.path.join(here, name), "--help"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("benchmarks/results", done.stdout)
