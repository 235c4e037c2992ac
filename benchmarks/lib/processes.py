"""Processes that are started, watched, and stopped by their ids alone."""
import os
import resource
import signal
import socket
import subprocess
import time

STOP_SECONDS = 10


class Trouble(Exception):
    """Something did not go as it must, said in a sentence for whoever ran the benchmark."""


class Servers:
    """Servers of one turn. Used as a context: behind it none is left."""

    def __init__(self):
        self._running = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self, arguments, log):
        with open(log, "wb") as file:
            # A session of its own: a ^C is for us, who then stop them in order.
            process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True)
        self._running.append((process, log))

    def check(self):
        for process, log in self._running:
            if process.poll() is not None:
                raise Trouble(f"{process.args[0]} ended with {process.returncode}: {last_lines(log)}")

    def cpu_seconds(self):
        """Processor time that all have used since they were started."""
        return sum(cpu_seconds(process.pid) for process, _ in self._running)

    def stop(self):
        for process, _ in self._running:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        end = time.monotonic() + STOP_SECONDS
        for process, _ in self._running:
            try:
                process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()


def run(arguments, seconds, environment=None):
    """Runs a program to its end: what it printed, and the processor time that it used."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        done = subprocess.run(
            arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds,
            env={**os.environ, **(environment or {})})
    except subprocess.TimeoutExpired:
        raise Trouble(f"{arguments[0]} did not end within {seconds:.0f} s") from None
    except OSError as error:
        raise Trouble(f"cannot run {arguments[0]}: {error.strerror}") from None
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()[-8:]
        raise Trouble(f"{' '.join(arguments[:2])} ended with {done.returncode}: " + " / ".join(said))
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def cpu_seconds(process):
    """User and system time of a process that runs."""
    with open(f"/proc/{process}/stat") as file:
        # The name, in parentheses, may hold anything.
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_ports(count):
    """Ports of the loopback interface that nobody uses."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def wait_until(what, is_so, seconds=20):
    """Asks until there is an answer, and gives it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = is_so()
        if answer:
            return answer
        time.sleep(0.1)
    raise Trouble(f"{what}: not within {seconds} s")


def last_lines(path, count=3):
    with open(path, errors="replace") as file:
        return " / ".join(line.strip() for line in file.read().strip().splitlines()[-count:])
