"""Installs the peers from the system's packages, where there is apt-get and one may."""
import os
import shutil
import subprocess

# What brings each program, on Debian and Ubuntu.
PACKAGE_OF = {
    "etcd": "etcd-server",
    "etcdctl": "etcd-client",
    "h2load": "nghttp2-client",
    "redis-server": "redis-server",
    "redis-benchmark": "redis-tools",
    "redis-cli": "redis-tools",
}
# Where the system's own user for downloads may not reach the network.
AS_ROOT = ["-o", "APT::Sandbox::User=root"]


def missing(programs, find=shutil.which):
    return [program for program in programs if find(program) is None]


def packages_for(programs):
    return sorted({PACKAGE_OF[program] for program in programs})


def install(programs, say):
    """Tries to install what brings the programs; those that are still missing behind it, and why."""
    lacking = missing(programs)
    if not lacking:
        return [], ""
    if not shutil.which("apt-get"):
        return lacking, "there is no apt-get here: install them yourself"
    prefix = []
    if os.geteuid() != 0:
        if not shutil.which("sudo"):
            return lacking, "installing them takes root"
        prefix = ["sudo", "-n"]
    packages = packages_for(lacking)
    say(f"installing {' '.join(packages)}")
    extra = []
    if failure := apt(prefix, ["update"]):
        extra = AS_ROOT
        if failure := apt(prefix, extra + ["update"]):
            # The lists that are there may do.
            say(f"apt-get update failed: {failure}")
    failure = apt(prefix, extra + ["install", "-y", "--no-install-recommends", *packages])
    return missing(programs), f"apt-get install {' '.join(packages)} failed: {failure}" if failure else ""


def apt(prefix, arguments):
    """Runs apt-get; nothing if it went well, else its last line."""
    try:
        done = subprocess.run(
            [*prefix, "apt-get", "-q", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=600, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    except subprocess.TimeoutExpired:
        return "not within 10 minutes"
    # An update that reached no server says so with warnings alone.
    warned = [line for line in done.stderr.splitlines() if line.startswith(("E:", "W: Failed"))]
    if done.returncode != 0 or warned:
        return (warned or done.stderr.strip().splitlines() or ["no reason given"])[-1]
    return ""
