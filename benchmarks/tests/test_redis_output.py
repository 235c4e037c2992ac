import unittest

from lib.redis_output import parse_benchmark, parse_set_calls

# As redis-benchmark 7.0.15 prints it, progress lines and all, shortened.
OUTPUT = """\rSET: rps=0.0 (overall: nan) avg_msec=nan (overall: nan)\r====== SET ======
  5000 requests completed in 1.48 seconds
  16 parallel clients
  256 bytes payload

Latency by percentile distribution:
0.000% <= 0.335 milliseconds (cumulative count 1)
50.000% <= 4.135 milliseconds (cumulative count 2501)
99.805% <= 15.911 milliseconds (cumulative count 4991)
99.902% <= 16.087 milliseconds (cumulative count 4996)
100.000% <= 19.519 milliseconds (cumulative count 5000)

Cumulative distribution of latencies:
99.920% <= 16.103 milliseconds (cumulative count 4996)
100.000% <= 20.111 milliseconds (cumulative count 9999)

Summary:
  throughput summary: 3389.83 requests per second
  latency summary (msec):
          avg       min       p50       p95       p99       max
        4.628     0.328     4.135     8.087    12.023    19.519
"""


class ParseBenchmark(unittest.TestCase):
    def test_throughput_and_percentiles(self):
        row = parse_benchmark(OUTPUT)
        self.assertEqual(row["perSecond"], 3389.83)
        self.assertEqual(row["answered"], 5000)
        self.assertAlmostEqual(row["p50Microseconds"], 4135)
        self.assertAlmostEqual(row["p99Microseconds"], 12023)
        # Of the exact distribution, not of the round one behind it.
        self.assertAlmostEqual(row["p999Microseconds"], 16087)
        self.assertAlmostEqual(row["maxMicroseconds"], 19519)

    def test_output_without_a_summary_is_refused(self):
        with self.assertRaises(ValueError):
            parse_benchmark("Could not connect to Redis at 127.0.0.1:1: Connection refused\n")


class SetCalls(unittest.TestCase):
    def test_calls_and_failures(self):
        text = ("# Commandstats\r\ncmdstat_config|get:calls=4,usec=50,rejected_calls=0,failed_calls=0\r\n"
                "cmdstat_set:calls=100,usec=61,usec_per_call=0.61,rejected_calls=2,failed_calls=3\r\n")
        self.assertEqual(parse_set_calls(text), (100, 5))

    def test_none_yet(self):
        self.assertEqual(parse_set_calls("# Commandstats\r\n"), (0, 0))
