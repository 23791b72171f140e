"""Runs ``nakawari slow --resume`` again and again and kills it: a program for test_resume.

As in ``killing``, every run is a fork. Arguments: a clip, the output, and how many kills. It prints
a line for every run: its exit status, and how many frames are kept after it.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

import diffusion  # noqa: F401  loaded before the runs are forked
import nakawari.slowmo.job  # noqa: F401
from nakawari.slowmo import baselines, segments
from tests.robustness.killing import run


def at_leisure(*arguments: object) -> object:
    """Cross-fade, as slowly as a model draws."""
    time.sleep(0.05)
    return baselines.blend(*arguments)  # type: ignore[arg-type]


def main() -> None:
    """Kill runs at moments by chance, and let the last one end."""
    clip, output, kills = sys.argv[1:]
    baselines.BASELINES["leisure"] = at_leisure  # type: ignore[assignment]
    segments.SEGMENT_SECONDS = 0.02
    words = ["slow", clip, "--slow", "8", "--holds", "keep", "-o", output, "--model", "leisure"]
    chance = random.Random(int(os.environ.get("NAKAWARI_FUZZ_SEED", "0")))
    for _ in range(int(kills)):
        status, _ = run([*words, "--resume"], signal.SIGKILL, chance.uniform(0.1, 1.5))
        print(status, segments.kept_frames(Path(output)), flush=True)
        if Path(output).exists():
            sys.exit("the clip is too short: it was done before the last kill")
    status, _ = run([*words, "--resume"], None, 0)
    print(status, segments.kept_frames(Path(output)), flush=True)


if __name__ == "__main__":
    main()
