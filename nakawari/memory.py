"""How much memory a process, or a program that is started, has taken at most."""

import os
import re
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")  # of control groups, version 2
_RUN = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(done.returncode)
"""


def own_peak_mib() -> float:
    """Return the peak resident memory of this process [MiB].

    Linux's ``ru_maxrss`` would not do: a process begins with the size of the one that started it.
    """
    try:
        found = re.search(r"^VmHWM:\s*(\d+) kB$", _STATUS.read_text(), re.MULTILINE)
    except OSError:
        found = None
    kib = int(found[1]) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kib / 1024


def machine_mib() -> float:
    """Return the memory [MiB] of this machine, or what its container may take of it."""
    size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = _CONTAINER_LIMIT.read_text().strip()
    except OSError:
        limit = "max"
    return min(size, int(limit) if limit.isdecimal() else size) / 2**20


def program_peak_mib(words: Sequence[str], seconds: float) -> float:
    """Run a program, and return the peak resident memory [MiB] of it and what it waited for.

    It is started from a process of about 10 MiB, which is the least that can be found. Raises
    ``subprocess.SubprocessError`` if it fails, or takes longer than ``seconds``.
    """
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *words], capture_output=True, check=True, timeout=seconds
    )
    return int(done.stdout) / 1024
