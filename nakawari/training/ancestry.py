"""What the user asked of a launcher, as far as the launcher does not pass it on.

``accelerate launch`` and ``torchrun`` set variables of their own, so a training cannot tell from
its environment whether it was the user who set ``OMP_NUM_THREADS``. The launcher's can.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

_PROCESSES = Path("/proc")
# Of these at least one is set by every launcher, in what it starts.
LAUNCHED = frozenset({"ACCELERATE_MIXED_PRECISION", "LOCAL_RANK"})


class Launcher(NamedTuple):
    """The process that started the training or its ranks, as the user started it."""

    words: list[str]  # its command line
    environment: Mapping[str, str]


def find_launcher(processes: Path = _PROCESSES) -> Launcher | None:
    """Return the nearest process above this one that no launcher has started itself.

    None if that cannot be read: on another system than Linux, or where it has ended.
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
    """Return how many processes a command line of ``accelerate launch`` asks for; 1 if it does not.

    What comes after the script's name is the script's.
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
