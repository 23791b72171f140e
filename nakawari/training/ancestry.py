"""What the user asked of a launcher that the launcher does not pass on.

``accelerate launch`` and ``torchrun`` set variables of their own. So a training's environment does
not show whether it was the user who set ``OMP_NUM_THREADS``, but the launcher's environment does.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

_PROCESSES = Path("/proc")
# Every launcher sets at least one of these variables in the processes that it starts.
LAUNCHED = frozenset({"ACCELERATE_MIXED_PRECISION", "LOCAL_RANK"})


class Launcher(NamedTuple):
    """The process by which the user started the training or its ranks."""

    words: list[str]  # its command line
    environment: Mapping[str, str]


def find_launcher(processes: Path = _PROCESSES) -> Launcher | None:
    """Return the nearest ancestor of this process that was not itself started by a launcher.

    Returns None if that cannot be read: on another system than Linux, or if it has ended.
    """
    for process in _above(processes):
        try:
            words = (process / "cmdline").read_bytes()
            variables = (process / "environ").read_bytes()
        except OSError:
            return None
        environment = dict(
            variable.partition("=")[::2]
            for variable in os.fsdecode(variables).split("\0")
            if "=" in variable
        )
        if not LAUNCHED & environment.keys():
            return Launcher(os.fsdecode(words).rstrip("\0").split("\0"), environment)
    return None


def _above(processes: Path) -> Iterator[Path]:
    number = os.getppid()
    while number > 1:
        yield (process := processes / str(number))
        try:
            # "PID (NAME) STATE PARENT …", and NAME may hold anything.
            number = int((process / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return


def asked_processes(words: list[str]) -> int:
    """Return how many processes a command line of ``accelerate launch`` asks for; 1 by default.

    Options after the script's name are the script's, and are not read.
    """
    asked = 1
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word.endswith(".py"):
            break
        name, _, value = word.partition("=")
        if name.replace("-", "_") == "__num_processes":
            number = value or following
            asked = int(number) if number.isdecimal() else asked
    return asked
