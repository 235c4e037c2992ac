import unittest

from lib.h2load import check_successes, parse_log, parse_summary, put_request


class PutRequest(unittest.TestCase):
    def test_a_grpc_message_with_key_and_value(self):
        self.assertEqual(put_request(b"k", b"ab"), b"\0" + b"\0\0\0\x07" + b"\x0a\x01k" + b"\x12\x02ab")

    def test_a_length_of_more_than_seven_bits_takes_two_bytes(self):
        message = put_request(b"k", b"v" * 256)
        self.assertEqual(message[8:11], b"\x12\x80\x02")
        self.assertEqual(int.from_bytes(message[1:5], "big"), len(message) - 5)


class ParseLog(unittest.TestCase):
    def test_throughput_and_percentiles(self):
        lines = [f"1795306908639106\t200\t{latency}" for latency in range(100, 0, -1)]
        row = parse_log(lines, seconds=2)
        self.assertEqual(row["perSecond"], 50)
        self.assertEqual((row["p50Microseconds"], row["p99Microseconds"], row["maxMicroseconds"]), (50, 99, 100))
        self.assertEqual(row["errors"], 0)

    def test_failed_streams_are_errors_and_no_latencies(self):
        row = parse_log(["1\t200\t10", "2\t-1\t5", "3\t503\t7", ""], seconds=1)
        self.assertEqual((row["answered"], row["errors"], row["p50Microseconds"]), (1, 2, 10))

    def test_an_empty_log(self):
        self.assertEqual(parse_log([], seconds=1)["answered"], 0)


class Successes(unittest.TestCase):
    def test_every_answer_is_a_put(self):
        # What was under way at the end was done, and not answered any more.
        check_successes(answered=10, revisions=12, clients=2)

    def test_an_error_with_status_200_is_found(self):
        with self.assertRaisesRegex(ValueError, "10 answers, but only 9 puts"):
            check_successes(answered=10, revisions=9, clients=2)

    def test_answers_that_are_missing_are_found(self):
        with self.assertRaisesRegex(ValueError, "13 puts were done, and only 10 answered"):
            check_successes(answered=10, revisions=13, clients=2)

    def test_no_answers_are_no_success(self):
        with self.assertRaises(ValueError):
            check_successes(answered=0, revisions=0, clients=2)

    def test_the_summary(self):
        self.assertEqual(
            parse_summary("requests: 9 total, 9 started, 9 done, 5 succeeded, 3 failed, 1 errored, 2 timeout"), (5, 6))
        with self.assertRaises(ValueError):
            parse_summary("spawning thread #0")
