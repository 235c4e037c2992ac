import json
import os
import unittest

from lib.thresholds import excesses, judge, lower

LIMITS = {"core: propose": {"calibration": "mix", "limit": 2}}


class Thresholds(unittest.TestCase):
    def judged(self, nanoseconds):
        return judge({"calibration: mix": 100, "core: propose": nanoseconds}, LIMITS)

    def test_within_the_limit(self):
        judged, broken = self.judged(200)
        self.assertEqual((judged[0]["ratio"], broken, excesses(judged)), (2, [], []))

    def test_above_it_the_benchmark_the_ratio_and_the_limit_are_named(self):
        self.assertEqual(
            excesses(self.judged(250)[0]),
            ["core: propose: 2.5 times the calibration (mix), and the limit is 2"])

    def test_a_slower_machine_has_a_slower_calibration(self):
        judged, _ = judge({"calibration: mix": 1000, "core: propose": 1900}, LIMITS)
        self.assertEqual(excesses(judged), [])

    def test_what_has_no_limit_or_was_not_measured_is_no_success(self):
        self.assertIn("no limit", judge({"calibration: mix": 1, "new": 1, "core: propose": 1}, LIMITS)[1][0])
        self.assertIn("was not measured", judge({"calibration: mix": 1}, LIMITS)[1][0])
        self.assertIn("its calibration, mix,", judge({"core: propose": 1}, LIMITS)[1][0])

    def test_of_two_runs_the_lower_ratio_counts(self):
        both = lower(self.judged(250)[0], self.judged(150)[0])
        self.assertEqual([one["ratio"] for one in both], [1.5])

    def test_the_stored_limits_are_positive_and_name_a_calibration(self):
        with open(os.path.join(os.path.dirname(__file__), "..", "thresholds.json")) as file:
            for name, limit in json.load(file).items():
                self.assertGreater(limit["limit"], 0, name)
                self.assertIn(limit["calibration"], ("mix 64 KiB", "dictionary look-up", "fdatasync of 4 KiB"), name)
