"""h2load speaking gRPC: the body it posts, and the log it writes, a line for each response."""
import re

from lib.numbers import percentile

SUMMARY = re.compile(r"(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout")


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def put_request(key, value):
    """A gRPC message: not compressed, its length, and etcd's PutRequest {bytes key = 1; bytes value = 2}."""
    message = b"".join(
        bytes([number << 3 | 2]) + varint(len(field)) + field for number, field in ((1, key), (2, value)))
    return b"\0" + len(message).to_bytes(4, "big") + message


def parse_log(lines, seconds):
    """Throughput and percentiles of the responses.

    A line is the start in microseconds since 1970, the HTTP status (-1 if the stream failed), and the
    microseconds to the end of the response.
    """
    latencies, failed = [], 0
    for line in lines:
        fields = line.split()
        if len(fields) < 3:
            continue
        if fields[1] == "200":
            latencies.append(int(fields[2]))
        else:
            failed += 1
    latencies.sort()
    return {
        "answered": len(latencies),
        "errors": failed,
        "perSecond": len(latencies) / seconds,
        "p50Microseconds": percentile(latencies, 50),
        "p99Microseconds": percentile(latencies, 99),
        "p999Microseconds": percentile(latencies, 99.9),
        "maxMicroseconds": percentile(latencies, 100),
    }


def parse_summary(text):
    """Requests that succeeded, and those that did not, as h2load sums them up."""
    found = SUMMARY.search(text)
    if not found:
        raise ValueError("h2load printed no summary")
    succeeded, *others = map(int, found.groups())
    return succeeded, sum(others)


def check_successes(answered, revisions, clients):
    """gRPC says an error with status 200 too. etcd counts a revision for every put that was done: with fewer
    revisions than answers, some answers were errors. At the end each client may leave a put that was done and not
    answered any more; with more than those, answers are missing."""
    if answered == 0:
        raise ValueError("nothing was answered")
    if revisions < answered:
        raise ValueError(f"{answered} answers, but only {revisions} puts were done: the others were errors")
    if revisions > answered + clients:
        raise ValueError(f"{revisions} puts were done, and only {answered} answered")
