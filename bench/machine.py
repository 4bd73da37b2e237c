"""Where the figures come from: the machine, and the versions of everything that had a part in them."""

from __future__ import annotations

import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from bench import servers

PACKAGES = ("locust", "gevent", "geventhttpclient", "boto3", "botocore", "cryptography", "hdrhistogram")


def cores() -> tuple[int | None, int | None]:
    """A core for the client and one for the server; None for both where there is one only, or no way to pin."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    usable = sorted(os.sched_getaffinity(0))
    return (usable[-1], usable[0]) if len(usable) > 1 else (None, None)


def slug() -> str:
    """A name for the machine's file: the processor and its number of cores, never the host's name."""
    return re.sub(r"[^a-z0-9]+", "-", f"{_processor()} {os.cpu_count()} cores".lower()).strip("-")


def describe() -> dict[str, str]:
    """Everything a reader needs to judge the figures."""
    memory_gb = psutil.virtual_memory().total / 2**30
    client, server = cores()
    pinned = f"client on core {client}, server on core {server}" if client is not None else "processes not pinned"
    versions = [f"{package} {_version(package)}" for package in PACKAGES]
    return {
        "Date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "Commit": _commit(),
        "Machine": f"{_processor()}, {os.cpu_count()} cores, {memory_gb:.0f} GB; {pinned}",
        "System": f"{platform.system()} {platform.release()}, load average {os.getloadavg()[0]:.1f} at the start",
        "Python": f"{platform.python_implementation()} {' '.join(sys.version.split())}",
        "Packages": ", ".join(versions),
        "Canned answers": servers.name(),
    }


class Others:
    """How much of the machine somebody else used while the bench ran: above some percent, think twice."""

    def __init__(self) -> None:
        self._started_s, self._busy_s, self._own_s = time.monotonic(), _busy_s(), _own_s()

    def share(self) -> float:
        """Of all cores' time, what neither idled nor was ours. Right only when all our children have ended."""
        there_was_s = (time.monotonic() - self._started_s) * (os.cpu_count() or 1)
        return max(0.0, _busy_s() - self._busy_s - _own_s() + self._own_s) / there_was_s


def _busy_s() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))


def _own_s() -> float:
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


def _commit() -> str:
    if not shutil.which("git"):
        return "unknown"

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(Path(__file__).parent), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    changed = " with changes that are not committed" if git("status", "--porcelain", "--", "../harness", ".") else ""
    return (git("rev-parse", "--short", "HEAD") or "unknown") + changed
