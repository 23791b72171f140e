"""The peak memory of this process, or of a program that it starts, and the machine's memory."""

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

_NO_MEMORY = (
    "out of memory",  # CUDA
    "ALLOC_FAILED",  # cuBLAS
    "can't allocate memory",  # torch on a CPU
    "could not create a primitive",  # oneDNN on a CPU
    "Insufficient memory",  # OpenCV
)
"""What libraries say when they get no memory."""


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that there was too little memory, on whatever device."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY)


def own_peak_mib() -> float:
    """Return the peak resident memory of this process [MiB].

    ``ru_maxrss`` is used only where ``/proc`` does not tell it. On Linux that may be too large: a
    process begins with the ``ru_maxrss`` of the one that started it.
    """
    try:
        found = re.search(r"^VmHWM:\s*(\d+) kB$", _STATUS.read_text(), re.MULTILINE)
    except OSError:
        found = None
    kib = int(found[1]) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kib / 1024


def machine_mib() -> float:
    """Return the memory [MiB] of this machine, or its container's limit if that is lower."""
    size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = _CONTAINER_LIMIT.read_text().strip()
    except OSError:
        limit = "max"
    return min(size, int(limit) if limit.isdecimal() else size) / 2**20


def program_peak_mib(words: Sequence[str], seconds: float) -> float:
    """Run a program, and return its peak resident memory [MiB].

    If the program waits for processes of its own, it is the peak of the largest one. The program is
    started by a process of about 10 MiB, so no smaller result is possible. Raises
    ``subprocess.SubprocessError`` if the program fails, or takes longer than ``seconds``.
    """
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *words], capture_output=True, check=True, timeout=seconds
    )
    return int(done.stdout) / 1024
