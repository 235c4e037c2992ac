import json
import unittest

from lib.targets import TARGETS, figures, is_met

LINE = {
    "commandsPerSecond": 1_000, "p50Microseconds": 500, "p99Microseconds": 900, "p999Microseconds": 2_000, "p50ToFloor": 1.5,
    "perSecondToFloor": 0.8, "residentBytes": {"1": 1 << 20, "2": 3 << 20}, "cpuMicrosecondsPerCommand": {"1": 200, "2": 100},
    "slowCommitMicroseconds": {"1": 0, "2": 70_000}, "cpuMicrosecondsPerCommandBench": 50, "fsyncsPerCommand": 1, "errors": 0,
    "floor": {"commandMicroseconds": 300, "drift": 1.1, "concurrentCommitsPerSecond": 4_000},
}


class TargetsTests(unittest.TestCase):
    def test_figures_are_read_from_a_line(self):
        row = figures(json.loads(json.dumps(LINE)))
        self.assertEqual(row["residentMebibytes"], 3)
        self.assertEqual(row["cpuMicroseconds"], 350)
        self.assertEqual(row["floorMicroseconds"], 300)
        self.assertEqual(row["slowCommitMicroseconds"], 70_000)

    def test_a_line_without_a_floor_has_none(self):
        row = figures({key: value for key, value in LINE.items() if key not in ("floor", "p50ToFloor", "perSecondToFloor")})
        self.assertIsNone(row["p50ToFloor"])
        self.assertFalse(is_met("p50ToFloor", row["p50ToFloor"], 1.25))

    def test_throughput_is_at_least_and_latency_at_most(self):
        self.assertTrue(is_met("perSecond", 3_000, 3_000) and not is_met("perSecond", 2_999, 3_000))
        self.assertTrue(is_met("p99Microseconds", 4_500, 4_500) and not is_met("p99Microseconds", 4_501, 4_500))
        self.assertTrue(is_met("perSecondToFloor", 0.7, 0.7) and not is_met("p50ToFloor", 1.3, 1.25))

    def test_every_bound_has_a_figure_and_every_rate_a_target(self):
        names = [target.name for target in TARGETS]
        self.assertEqual(len(names), len(set(names)))
        for target in TARGETS:
            for figure, _ in target.bounds:
                self.assertIn(figure, figures(LINE))
            if target.rate_of:
                self.assertIn(target.rate_of[0], names[: names.index(target.name)])


if __name__ == "__main__":
    unittest.main()
