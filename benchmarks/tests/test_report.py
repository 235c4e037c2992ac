import os
import tempfile
import unittest
import xml.dom.minidom

from lib import report, timeline
from lib.formats import count, duration, table
from lib.scenarios import CLIENTS, SCENARIOS, clients_of, rotated
from lib.summary import remarks, summarise

FLOOR = {"fdatasyncMicroseconds": 90, "commitMicroseconds": 110, "concurrentCommitMicroseconds": 160, "processes": 3,
         "loopbackMicroseconds": 12, "commandMicroseconds": 184, "drift": 1}


def row(scenario, clients, speed, number=1, **more):
    return {"scenario": scenario, "clients": clients, "round": number, "perSecond": speed, "errors": 0,
            "p50Microseconds": 1e6 / speed, "p99Microseconds": 2e6 / speed, "p999Microseconds": 3e6 / speed,
            "maxMicroseconds": 4e6 / speed, "clientCPUMicroseconds": 1, "serverCPUMicroseconds": 2, **more}


def result(rows, load=0.0, troubles=()):
    machine = {"date": "today", "commit": "abc", "cpu": "a processor", "cores": 2, "memoryBytes": 2**34,
               "kernel": "Linux", "disk": {"device": "/dev/vda", "fileSystem": "ext4"}, "loadAverageBefore": load,
               "versions": {"decree": "decree 1", "etcd": "etcd 3"}}
    return {"machine": machine, "rounds": 3, "seconds": 5, "warmup": 1, "valueBytes": 256, "troubles": list(troubles),
            "floors": [FLOOR], "rows": rows}


class Formats(unittest.TestCase):
    def test_numbers(self):
        self.assertEqual(
            [count(one) for one in (None, 0, 0.1234, 12.34, 1234.5)], ["–", "0", "0.123", "12.3", "1,234"])

    def test_durations(self):
        self.assertEqual(
            [duration(one) for one in (0, 0.5, 12.3, 4560, 2e6)], ["–", "500 ns", "12.3 µs", "4.56 ms", "2 s"])

    def test_table(self):
        self.assertEqual(table(["a", "b"], [["1", "2"]]), "| a | b |\n|---|---:|\n| 1 | 2 |")


class Scenarios(unittest.TestCase):
    def test_every_round_begins_with_another_and_has_all(self):
        orders = [rotated(SCENARIOS, number) for number in range(3)]
        self.assertEqual(len({order[0].name for order in orders}), 3)
        self.assertTrue(all(set(order) == set(SCENARIOS) for order in orders))

    def test_names_are_unique_and_clients_share_their_connections_evenly(self):
        self.assertEqual(len({one.name for one in SCENARIOS}), len(SCENARIOS))
        for scenario in SCENARIOS:
            for clients in clients_of(scenario, CLIENTS):
                self.assertEqual(clients % scenario.connections_of(clients), 0)


class Report(unittest.TestCase):
    rows = [row(name, clients, speed * clients, number)
            for name, speed in (("decree", 300), ("etcd", 100), ("redis", 50))
            for clients in CLIENTS for number in (1, 2, 3)]

    def test_medians_and_ratios_are_in_the_table(self):
        with tempfile.TemporaryDirectory() as directory:
            paths = report.write(result(self.rows), SCENARIOS, directory)
            with open(os.path.join(directory, "compare.md")) as file:
                text = file.read()
            self.assertIn("| 16 | 4,800 | 1,600 | 3.00 |", text)
            self.assertIn("ONE node", text)
            self.assertIn("| one command: that commit and two round trips | 184 µs |", text)
            for path in paths:
                if path.endswith(".svg"):
                    self.assertEqual(xml.dom.minidom.parse(path).documentElement.tagName, "svg")

    def test_a_quiet_run_has_nothing_to_remark(self):
        self.assertEqual(remarks(result(self.rows), SCENARIOS), [])

    def test_whatever_spoils_the_numbers_is_remarked(self):
        rows = [row("etcd", 1, 100), row("etcd", 1, 200, 2, errors=4, didLeaderChange=True)]
        found = "\n".join(remarks(result(rows, load=3.0, troubles=["redis was not measured"]), SCENARIOS))
        for words in ("redis was not measured", "4 requests came to nothing", "from 100 to 200", "the leader changed",
                      "load average was 3.0"):
            self.assertIn(words, found)

    def test_a_scenario_that_was_measured_in_part(self):
        summary = summarise([row("decree", 1, 100), row("decree", 16, 900), row("etcd", 16, 300)])
        text = "\n".join(report.section(SCENARIOS[:2], summary))
        self.assertIn("| 1 | 100 | – | – |", text)
        self.assertIn("| 16 | 900 | 300 | 3.00 |", text)


class Timeline(unittest.TestCase):
    lines = [{"second": second, "perSecond": 10, "p50Microseconds": 5, "p99Microseconds": 9,
              "isSnapshotUnderWay": second in (2, 3, 5),
              "nodes": [{"node": 1, "storeBytes": 1 << 20, "checkpoints": 7 * second, "slowCommits": second // 4}]}
             for second in (1, 2, 3, 4, 5)]

    def test_seconds_that_belong_together(self):
        self.assertEqual(timeline.spans(self.lines, "isSnapshotUnderWay"), [(2, 3), (5, 5)])

    def test_a_node_that_could_not_be_asked_leaves_a_gap(self):
        lines = [*self.lines, {**self.lines[0], "second": 6, "nodes": []}]
        self.assertEqual(timeline.by_node(lines, "storeBytes", 1 << 20), [("node 1", [1, 1, 1, 1, 1, None])])

    def test_counts_are_told_as_what_they_grew_by(self):
        self.assertEqual(timeline.grown([5, 7, 7, None, 9, 2, 4]), [None, 2, 0, None, None, None, 2])

    def test_a_disk_that_stood_still_is_told(self):
        self.assertEqual(timeline.stalls(self.lines), [4])

    def test_it_is_drawn(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "timeline.svg")
            timeline.draw(self.lines, path, "one & two")
            drawn = xml.dom.minidom.parse(path)
            colours = [one.getAttribute("fill") for one in drawn.getElementsByTagName("rect")]
            self.assertEqual((colours.count("#fff1c9"), colours.count("#f7c6c5")), (2 * 5, 5))
