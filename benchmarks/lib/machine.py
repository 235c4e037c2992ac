"""On what was measured: numbers without it say nothing."""
import datetime
import os
import platform
import re
import subprocess

IN_MEMORY = ("tmpfs", "ramfs", "devtmpfs")


def describe(directory, versions):
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": commit(),
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "memoryBytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "disk": disk(directory),
        "loadAverageBefore": round(os.getloadavg()[0], 2),
        "versions": versions,
    }


def commit():
    """The commit of this tree, and whether more was changed than the results of earlier runs."""
    here = os.path.dirname(os.path.abspath(__file__))
    try:
        name = subprocess.run(["git", "-C", here, "rev-parse", "--short=12", "HEAD"],
                              capture_output=True, text=True, check=True).stdout.strip()
        changed = subprocess.run(["git", "-C", here, "status", "--porcelain", ":/", ":(exclude,top)benchmarks/results"],
                                 capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return name + (" with changes" if changed else "")


def cpu_model():
    try:
        with open("/proc/cpuinfo") as file:
            found = re.search(r"^model name\s*:\s*(.+)$", file.read(), re.MULTILINE)
            return found[1] if found else platform.processor()
    except OSError:
        return platform.processor()


def mount_of(path, mounts):
    """Device and file system of a path, from the lines of /proc/mounts: the longest mount point that leads to it."""
    path = os.path.join(os.path.realpath(path), "")
    nearest = ("unknown", "", "unknown")
    for line in mounts:
        fields = line.split()
        if len(fields) < 3:
            continue
        point = os.path.join(fields[1].replace("\\040", " "), "")
        # Of two on one point, the later one covers the earlier.
        if path.startswith(point) and len(point) >= len(nearest[1]):
            nearest = (fields[0], point, fields[2])
    return nearest[0], nearest[2]


def disk(directory):
    try:
        with open("/proc/mounts") as file:
            device, system = mount_of(directory, file)
    except OSError:
        return {"device": "unknown", "fileSystem": "unknown"}
    described = {"device": device, "fileSystem": system}
    name = os.path.basename(os.path.realpath(device))
    # A partition's queue is its disk's.
    for folder in (f"/sys/class/block/{name}", f"/sys/class/block/{name}/.."):
        try:
            with open(f"{folder}/queue/rotational") as file:
                described["isRotational"] = file.read().strip() == "1"
            with open(f"{folder}/queue/write_cache") as file:
                described["writeCache"] = file.read().strip()
            with open(f"{folder}/device/model") as file:
                described["model"] = file.read().strip()
        except OSError:
            continue
    return described


def real_disk(asked):
    """A folder for the data that lies on a disk: the one that was asked for, or one that usually does."""
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".build")
    candidates = [asked] if asked else [os.environ.get("TMPDIR", ""), "/var/tmp", here]
    for candidate in candidates:
        if not candidate or not os.path.isdir(candidate):
            continue
        if disk(candidate)["fileSystem"] not in IN_MEMORY:
            return os.path.realpath(candidate)
    return None
