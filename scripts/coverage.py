#!/usr/bin/env python3
"""Shows which code of the core and of a node the simulator never reaches.

Builds the tool with LLVM's coverage, in a directory of its own (.build-coverage), runs `decree simulate`, and prints
for each file of Sources/Paxos and Sources/DecreeNode how many of its regions ran; then the regions that never did.

A region that says what is wrong when an invariant fails, or that traps, runs only when the product is broken. Those are
counted apart: they are no part of the figure.

  scripts/coverage.py                 500 seeds
  scripts/coverage.py --seeds 1..50   fewer
  scripts/coverage.py --only Scout    the regions of files whose path holds this
  scripts/coverage.py --keep          of the last run; builds and runs nothing
"""
import argparse
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCRATCH = ROOT / ".build-coverage"
PROFILES = SCRATCH / "profiles"
MERGED = SCRATCH / "simulator.profdata"
COVERED = ["Sources/Paxos/", "Sources/DecreeNode/"]
# A region that begins on a line like these, or the text that such a line gives, is a trap's.
TRAP = re.compile(r"\bInvariant\.\w+\(|\bhold\(|fatalError\(|preconditionFailure\(|precondition\(|assertionFailure\(")
# Coverage does not slow the simulator down enough to matter; an unoptimised build would.
BUILD = ["swift", "build", "-c", "release", "--product", "decree", "--scratch-path", str(SCRATCH),
         "-Xswiftc", "-profile-generate", "-Xswiftc", "-profile-coverage-mapping"]

Region = collections.namedtuple("Region", "path line column end_line end_column")


def tool(name):
    """Swift brings LLVM's tools with it: those beside `swift` read what it writes."""
    swift = shutil.which("swift")
    beside = pathlib.Path(swift).resolve().parent / name if swift else None
    found = str(beside) if beside and beside.exists() else shutil.which(name)
    if not found and shutil.which("xcrun"):
        found = subprocess.run(["xcrun", "--find", name], capture_output=True, text=True).stdout.strip()
    return found or sys.exit(f"coverage: {name} is not there; it comes with Swift's toolchain")


def binary():
    shown = subprocess.run(BUILD[:-4] + ["--show-bin-path"], cwd=ROOT, check=True, capture_output=True, text=True)
    return pathlib.Path(shown.stdout.strip()) / "decree"


def run(seeds, jobs):
    subprocess.run(BUILD, cwd=ROOT, check=True)
    shutil.rmtree(PROFILES, ignore_errors=True)
    PROFILES.mkdir(parents=True)
    # %p: a process each; workers that trap write none.
    environment = dict(os.environ, LLVM_PROFILE_FILE=str(PROFILES / "%p.profraw"))
    command = [str(binary()), "simulate", "--seeds", seeds, "--keep-going"] + (["--jobs", str(jobs)] if jobs else [])
    if subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL).returncode:
        print("coverage: a seed failed; what it reached before counts all the same", file=sys.stderr)
    profiles = [str(path) for path in PROFILES.glob("*.profraw")]
    subprocess.run([tool("llvm-profdata"), "merge", "-sparse", "-o", str(MERGED)] + profiles, check=True)


def regions():
    """Region -> how often it ran. A generic function has its regions once for each of its kinds: any of them counts."""
    export = subprocess.run(
        [tool("llvm-cov"), "export", str(binary()), f"-instr-profile={MERGED}", "-format=text"]
        + [str(ROOT / path) for path in COVERED],
        check=True, capture_output=True, text=True)
    counts = {}
    for function in json.loads(export.stdout)["data"][0]["functions"]:
        for line, column, end_line, end_column, count, file, _, kind in function["regions"]:
            path = os.path.relpath(function["filenames"][file], ROOT)
            # Kind 0 is code; the others are gaps and expansions.
            if kind == 0 and path.startswith(tuple(COVERED)):
                region = Region(path, line, column, end_line, end_column)
                counts[region] = max(counts.get(region, 0), count)
    return counts


class Sources:
    def __init__(self):
        self.lines = {}

    def text(self, path, line):
        if path not in self.lines:
            self.lines[path] = (ROOT / path).read_text().split("\n")
        return self.lines[path][line - 1]

    def is_trap(self, region):
        """Whether it is only there to say what is wrong: it traps, or is the text that something which traps is given."""
        if region.path.endswith("/Invariants.swift"):
            return True
        first = max(1, region.line - 3)
        context = [self.text(region.path, line) for line in range(first, region.end_line + 1)]
        inside = "\n".join(context[region.line - first:])
        if TRAP.search(inside):
            return True
        # An argument of such a call that began a line or two before.
        is_text = self.text(region.path, region.line)[region.column - 1:].lstrip().startswith('"')
        return is_text and bool(TRAP.search("\n".join(context)))


def report(only):
    counts, sources = regions(), Sources()
    files = collections.defaultdict(lambda: [0, 0, 0])
    missed = []
    for region, count in counts.items():
        if not count and sources.is_trap(region):
            files[region.path][2] += 1
            continue
        files[region.path][0] += 1
        if not count:
            files[region.path][1] += 1
            missed.append(region)
    width = max(len(path) for path in files)
    print(f"{'file':{width}}  regions  missed  reached  traps")
    total = [0, 0, 0]
    for path, (all_, not_reached, traps) in sorted(files.items()):
        total = [a + b for a, b in zip(total, (all_, not_reached, traps))]
        print(f"{path:{width}}  {all_:7}  {not_reached:6}  {share(all_, not_reached)}  {traps:5}")
    print(f"{'in all':{width}}  {total[0]:7}  {total[1]:6}  {share(*total[:2])}  {total[2]:5}")
    print("\nnever reached:")
    for region in sorted(missed):
        if only in region.path:
            text = sources.text(region.path, region.line).strip()
            print(f"  {region.path}:{region.line}:{region.column}-{region.end_line}  {text[:90]}")


def share(all_, missed):
    return f"{100 * (all_ - missed) / max(1, all_):6.2f}%"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", default="1..500")
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--only", default="", help="list the regions of files whose path holds this")
    parser.add_argument("--keep", action="store_true", help="print the last run's")
    options = parser.parse_args()
    if not options.keep:
        run(options.seeds, options.jobs)
    report(options.only)


if __name__ == "__main__":
    main()
