import unittest

from lib.numbers import lowest_floor, median, medians, percentile


class Percentile(unittest.TestCase):
    def test_the_smallest_value_that_so_many_do_not_exceed(self):
        self.assertEqual([percentile([10, 20, 30, 40], percent) for percent in (0, 25, 50, 51, 100)],
                         [10, 10, 20, 30, 40])

    def test_of_nothing(self):
        self.assertEqual(percentile([], 99), 0)


class Medians(unittest.TestCase):
    def test_of_odd_and_even(self):
        self.assertEqual((median([3, 1, 2]), median([4, 1, 2, 3])), (2, 2.5))

    def test_rounds_become_one_row(self):
        row = medians([{"perSecond": speed, "p50Microseconds": 100 - speed, "scenario": "etcd", "errors": 1}
                       for speed in (10, 30, 20)])
        self.assertEqual((row["perSecond"], row["p50Microseconds"], row["scenario"]), (20, 80, "etcd"))
        self.assertEqual((row["lowestPerSecond"], row["highestPerSecond"], row["rounds"]), (10, 30, 3))

    def test_errors_are_not_outvoted(self):
        self.assertEqual(medians([{"perSecond": 1, "errors": count} for count in (0, 7, 0)])["errors"], 7)

    def test_a_number_that_one_round_lacks(self):
        self.assertEqual(medians([{"perSecond": 1, "fsyncs": 3}, {"perSecond": 1}])["fsyncs"], 3)


class Floor(unittest.TestCase):
    def test_the_lowest_counts_and_the_worst_drift(self):
        floor = lowest_floor([{"commit": 5, "drift": 1.1}, {"commit": 4, "drift": 0.5}, {"commit": 6, "drift": 1.5}])
        self.assertEqual(floor, {"commit": 4, "drift": 0.5})

    def test_none_was_measured(self):
        self.assertIsNone(lowest_floor([]))
