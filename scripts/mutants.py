#!/usr/bin/env python3
"""Breaks the product on purpose, once for each entry of Tests/Mutants, and shows that the simulator notices.

All mutants are put into one copy of the tree (.build/mutants/tree), each behind a number that the process
reads from its environment, and the copy is built once. Then every mutant runs under `decree simulate` until
a seed fails, or, where its entry names tests, under those. One that survives fails this script. The product
itself knows nothing of all this.

  scripts/mutants.py                run all, and write docs/mutants.md
  scripts/mutants.py --only 3,7     run these; nothing is written
  scripts/mutants.py --list         what there is
  scripts/mutants.py --check        whether every entry still fits the sources: takes no time
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENTRIES = ROOT / "Tests" / "Mutants"
REPORT = ROOT / "docs" / "mutants.md"
WORK = ROOT / ".build" / "mutants"
TREE = WORK / "tree"
# Package.swift names more directories than are built: SwiftPM wants them there all the same.
COPIED = ["Package.swift", "Package.resolved", "Sources", "Tests", "Fuzz", "migrations"]
SWITCH = "DECREE_MUTANT"
MINUTES = 4
SOUND_SEEDS = 40

# Added to the copy, and to the copy alone.
SWITCH_SOURCE = f"""\
#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// The number of the mutant that this process is; 0 for none.
package let activeMutant: Int = getenv("{SWITCH}").flatMap {{ Int(String(cString: $0)) }} ?? 0
"""


class Stale(Exception):
    """An entry that does not fit the sources, or is no entry."""


class Mutant:
    def __init__(self, number, name, origin):
        self.number, self.name, self.origin = number, name, origin
        self.invariant, self.danger, self.faults = "", "", None
        self.tests = None  # what `swift test --filter` takes
        self.hunks = []  # (path, lines to find, lines to put, context included in both)

    def __str__(self):
        return f"mutant {self.number}, \"{self.name}\" ({self.origin})"


# MARK: Reading


def read_entries():
    mutants = []
    for path in sorted(ENTRIES.glob("*.md")):
        if path.name != "README.md":
            mutants += read_file(path)
    numbers = [mutant.number for mutant in mutants]
    for number in numbers:
        if numbers.count(number) > 1:
            raise Stale(f"there are two mutants {number}")
    names = invariant_names()
    for mutant in mutants:
        if names.get(mutant.invariant.split(" ")[0]) != mutant.invariant:
            raise Stale(f"{mutant}: docs/invariants.md knows no invariant \"{mutant.invariant}\"")
        if not mutant.danger or not any("MUTANT" in "\n".join(put) for _, _, put in mutant.hunks):
            raise Stale(f"{mutant}: it says not why it is dangerous, or changes nothing")
    return sorted(mutants, key=lambda mutant: mutant.number)


def invariant_names():
    text = (ROOT / "docs" / "invariants.md").read_text()
    rows = re.findall(r"^\| (\d+)(?: G)? \| (\w+) \|", text, re.M)
    return {number: f"{number} {name}" for number, name in rows}


def read_file(path):
    mutants, mutant, source, hunk = [], None, None, None
    for place, line in enumerate(path.read_text().splitlines(), 1):
        origin = f"{path.relative_to(ROOT)}:{place}"
        if hunk is not None:
            if line == "```":
                mutant.hunks.append((source, hunk[0], hunk[1]))
                hunk = None
            elif line[:1] not in ("-", "+", " ", ""):
                raise Stale(f"{origin}: a line of a diff begins with -, + or a space")
            else:
                if line[:1] != "+":
                    hunk[0].append(line[1:])
                if line[:1] != "-":
                    hunk[1].append(line[1:])
        elif heading := re.fullmatch(r"## (\d+)\. (.+)", line):
            mutant = Mutant(int(heading[1]), heading[2], origin)
            mutants.append(mutant)
        elif mutant and (breaks := re.fullmatch(r"Breaks \*\*(.+?)\*\*\. (.+)", line)):
            mutant.invariant, mutant.danger = breaks[1], breaks[2]
        elif mutant and (faults := re.fullmatch(r"Faults: `(.+)`", line)):
            mutant.faults = faults[1]
        elif mutant and (tests := re.fullmatch(r"Tests: `(.+)`", line)):
            mutant.tests = tests[1]
        elif named := re.fullmatch(r"`((?:Sources)/.+\.swift)`", line):
            source = named[1]
        elif line == "```diff":
            if not mutant or not source:
                raise Stale(f"{origin}: a diff without a mutant or a file")
            hunk = ([], [])
    return mutants


# MARK: Applying


def changes_of(mutants):
    """Where each file changes: path -> [(first line, end, new lines, mutant)], found in the sources as they are."""
    changes = {}
    for mutant in mutants:
        for path, find, put in mutant.hunks:
            if not (ROOT / path).is_file():
                raise Stale(f"{mutant} is stale: there is no {path}")
            lines = (ROOT / path).read_text().split("\n")
            places = [i for i in range(len(lines) - len(find) + 1) if lines[i : i + len(find)] == find]
            if len(places) != 1:
                raise Stale(
                    f"{mutant} is stale: its text stands {len(places)} times in {path}, not once:\n"
                    + "\n".join(find))
            first, end = places[0], places[0] + len(find)
            put = list(put)
            # Lines of context may be another mutant's too.
            while first < end and put and lines[first] == put[0]:
                first, put = first + 1, put[1:]
            while first < end and put and lines[end - 1] == put[-1]:
                end, put = end - 1, put[:-1]
            put = [line.replace("MUTANT", f"(activeMutant == {mutant.number})") for line in put]
            for other in changes.setdefault(path, []):
                if first < other[1] and other[0] < end or (first, end) == (other[0], other[1]):
                    raise Stale(f"{mutant} and {other[3]} change the same lines of {path}")
            changes[path].append((first, end, put, mutant))
    return changes


def mutated(path, changes):
    lines = (ROOT / path).read_text().split("\n")
    for first, end, put, _ in sorted(changes, key=lambda change: change[0], reverse=True):
        lines[first:end] = put
    if not path.startswith("Sources/Paxos/") and not any(
        re.fullmatch(r"(\w+ )?import Paxos", line) for line in lines
    ):
        lines.insert(0, "import Paxos")
    return "\n".join(lines)


def write_tree(changes):
    """Makes the copy. What is already as it should be keeps its time, so that a second build is short."""
    wanted = {"Sources/Paxos/ActiveMutant.swift": SWITCH_SOURCE.encode()}
    for top in COPIED:
        top = ROOT / top
        for path in [top] if top.is_file() else (p for p in sorted(top.rglob("*")) if p.is_file()):
            name = path.relative_to(ROOT).as_posix()
            wanted[name] = mutated(name, changes[name]).encode() if name in changes else path.read_bytes()
    if TREE.is_dir():
        for path in [p for p in TREE.rglob("*") if p.is_file()]:
            if path.relative_to(TREE).as_posix() not in wanted:
                path.unlink()
    for name, content in wanted.items():
        path = TREE / name
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def swift(*arguments):
    return [os.environ.get("SWIFT", "swift"), *arguments, "--package-path", str(TREE)]


def environment(number):
    # Code behind a condition that is never true for the compiler's eyes may well be warned of.
    kept = {k: v for k, v in os.environ.items() if k != "DECREE_WARNINGS_AS_ERRORS"}
    return kept | {SWITCH: str(number), "SWIFT_BACKTRACE": "enable=no"}


def build(mutants):
    if any(not mutant.tests for mutant in mutants):
        command = swift("build", "-c", "release", "--product", "decree", "--scratch-path", str(WORK / "build"))
        if subprocess.run(command, env=environment(0)).returncode != 0:
            sys.exit("mutants: the mutants do not build")
        # Under another name: a next build must not touch what may still run.
        shutil.copy2(WORK / "build" / "release" / "decree", WORK / "decree.new")
        os.replace(WORK / "decree.new", WORK / "decree")
    if any(mutant.tests for mutant in mutants):
        command = swift("build", "--build-tests", "--scratch-path", str(WORK / "tests"))
        if subprocess.run(command, env=environment(0)).returncode != 0:
            sys.exit("mutants: the mutants' tests do not build")


# MARK: Running


# What runs, each in a session of its own: what it has started keeps its pipes open, and must end with it.
sessions = set()
# SwiftPM lets one test run at a time from a build.
testing = threading.Lock()


def kill(session):
    subprocess.run(["pkill", "-KILL", "-s", str(session)])


def finish(command, number, seconds):
    """Runs a command to its end. Returns exit status (None if it had to be killed), what it said, seconds."""
    start = time.monotonic()
    process = subprocess.Popen(
        command, env=environment(number), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
        stdin=subprocess.DEVNULL, start_new_session=True)
    sessions.add(process.pid)
    try:
        output, errors = process.communicate(timeout=seconds)
        status = process.returncode
    except subprocess.TimeoutExpired:
        kill(process.pid)
        output, errors = process.communicate()
        status = None
    sessions.discard(process.pid)
    return status, output + errors, time.monotonic() - start


def simulate(number, arguments):
    """Runs seeds until one fails. Returns exit status, first seed that failed, what was said of it, seconds."""
    status, said, seconds = finish([str(WORK / "decree"), "simulate"] + arguments, number, MINUTES * 60 + 180)
    found = re.search(r"^seed (\d+) failed:\n  (.+)$", said, re.M)
    if not found:
        return status, None, said.strip().split("\n")[-1], seconds
    return status, int(found[1]), found[2], seconds


def test(number, tests):
    """Runs tests. Returns exit status, first test that failed (or how many ran), what was said of it, seconds."""
    command = swift("test", "--skip-build", "--scratch-path", str(WORK / "tests"), "--filter", tests)
    with testing:
        status, said, seconds = finish(command, number, 600)
    if status is None:
        return None, None, "the tests do not end", seconds
    if failed := re.search(r"^. Test \"?(\w+)[^\n]* recorded an issue", said, re.M):
        return 1, failed[1], "a test: " + failed[1], seconds
    if trap := re.search(r"Fatal error: (.+)|unexpected signal code (\d+)", said):
        return 1, "", "trap: " + (trap[1] or f"signal {trap[2]}"), seconds
    ran = re.search(r"Test run with (\d+) tests? .*passed", said)
    return (0 if ran and int(ran[1]) > 0 else 2), None, said.strip().split("\n")[-1], seconds


def try_mutant(mutant):
    if mutant.tests:
        return test(mutant.number, mutant.tests)
    arguments = ["--seeds", "1..100000", "--minutes", str(MINUTES)]
    if mutant.faults:
        arguments += ["--faults", mutant.faults]
    return simulate(mutant.number, arguments)


def shortened(said, length=110):
    """A violation or a trap's message in one line."""
    said = re.sub(r"^died: .*?Fatal error: ", "trap: ", said)
    said = re.sub(r"^invariant: ", "judge: ", said)
    said = re.sub(r"^trap: invariant (\w+) is broken: ", r"trap: \1: ", said)
    return said if len(said) <= length else said[: length - 1].rstrip() + "…"


def about(seconds):
    """Rounded so far that a second run says the same."""
    for bound in (3, 10, 30, 60, 120, 240):
        if seconds <= bound:
            return f"under {bound}"
    return f"{seconds:.0f}"


def run(mutants, jobs):
    sound = "mutants: the product fails without a mutant, which proves nothing"
    if any(not mutant.tests for mutant in mutants):
        print(f"mutants: no mutant, {SOUND_SEEDS} seeds", flush=True)
        status, seed, said, _ = simulate(0, ["--seeds", f"1..{SOUND_SEEDS}"])
        if status != 0:
            sys.exit(f"{sound}: seed {seed}, {said}")
    for tests in sorted({mutant.tests for mutant in mutants if mutant.tests}):
        print(f"mutants: no mutant, {tests}", flush=True)
        status, _, said, _ = test(0, tests)
        if status != 0:
            sys.exit(f"{sound}: {tests}, {said}")
    results, survivors = {}, []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        waiting = {pool.submit(try_mutant, mutant): mutant for mutant in mutants}
        try:
            for future in concurrent.futures.as_completed(waiting):
                mutant, result = waiting[future], future.result()
                results[mutant.number] = result
                status, seed, said, seconds = result
                if status == 1 and seed is not None:
                    seed = "tests     " if mutant.tests else f"seed {seed:<5}"
                    print(f"{mutant.number:3} caught    {seed} {seconds:5.1f} s  {mutant.name}: {shortened(said)}")
                else:
                    survivors.append(mutant)
                    print(f"{mutant.number:3} SURVIVED  exit {status}     {seconds:5.1f} s  {mutant.name}: {said}")
                sys.stdout.flush()
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            for session in list(sessions):
                kill(session)
            raise
    return results, survivors


def report(mutants, results):
    lines = [
        "# Mutants",
        "",
        "Mistakes made on purpose, one at a time, and how the simulator found each: the proof that its checks can",
        "fail. The edits are in [Tests/Mutants](../Tests/Mutants); `make mutants` runs them and writes this page.",
        "Each is given four minutes of one processor. *Judge* looks at the cluster from outside, *trap* is an",
        "assertion of the node itself; the rest is found in the clients' history, or by a cluster that stands still.",
        "What no simulated world can show, such as what a tool says or a peer that lies, is held by a test, which is",
        "run with the mistake as well.",
        "",
        "| | mutant | breaks | found by | seed | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for mutant in mutants:
        _, seed, said, seconds = results[mutant.number]
        said = shortened(said).replace("|", "\\|")
        faults = f" (`--faults {mutant.faults}`)" if mutant.faults else ""
        seed = "" if mutant.tests else seed
        lines.append(
            f"| {mutant.number} | {mutant.name}{faults} | {mutant.invariant} | {said} | {seed} | {about(seconds)} |")
    REPORT.write_text("\n".join(lines) + "\n")


def main():
    # As with ctrl-C: what runs must not outlive this.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="numbers of mutants, with commas between them")
    parser.add_argument("--list", action="store_true", help="list the mutants")
    parser.add_argument("--check", action="store_true", help="only see whether every entry fits the sources")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="mutants at once")
    options = parser.parse_args()
    try:
        mutants = read_entries()
        changes = changes_of(mutants)
    except Stale as stale:
        sys.exit(f"mutants: {stale}")
    if options.list:
        for mutant in mutants:
            print(f"{mutant.number:3}  {mutant.name} ({mutant.invariant})")
        return
    if options.check:
        print(f"mutants: {len(mutants)} entries fit the sources")
        return
    chosen = mutants
    if options.only:
        numbers = {int(word) for word in options.only.split(",")}
        chosen = [mutant for mutant in mutants if mutant.number in numbers]
        if len(chosen) < len(numbers):
            sys.exit("mutants: --only names a mutant that there is not")
    write_tree(changes)
    build(chosen)
    results, survivors = run(chosen, options.jobs)
    if survivors:
        sys.exit("mutants: survived: " + ", ".join(f"{m.number} {m.name}" for m in survivors))
    print(f"mutants: {len(chosen)} of {len(chosen)} caught")
    if not options.only:
        report(chosen, results)


if __name__ == "__main__":
    main()
