"""Kills ``nakawari slow`` amid several clips, again and again: a program for test_kills.

As in ``tests.robustness.killing``, every run is a fork of a process that has loaded all before.
Arguments: how many kills, the folder for the outputs, and the clips. It prints a line for every
run: its exit status, and the states of the jobs after it.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from pathlib import Path

import nakawari.cli.slowing.many  # noqa: F401  loaded before the runs are forked
from nakawari.queue.store import FILE_NAME, JobStore
from nakawari.slowmo import baselines
from nakawari.slowmo.kept import segments
from tests.robustness.killing import run
from tests.robustness.resuming import at_leisure


def states(folder: str) -> list[str]:
    """Return the states of the jobs, read by a process that is not forked any more."""
    path = Path(folder) / FILE_NAME
    if not path.exists():
        return []
    with JobStore(path) as store:
        return [str(job.state) for job in store.jobs()]


def main() -> None:
    """Kill runs at moments by chance, and let the last one end."""
    kills, folder, *clips = sys.argv[1:]
    baselines.BASELINES["leisure"] = at_leisure  # type: ignore[assignment]
    segments.SEGMENT_SECONDS = 0.02
    words = ["slow", *clips, "--slow", "3", "--holds", "keep", "-o", f"{folder}/"]
    words += ["--model", "leisure"]
    chance = random.Random(int(os.environ.get("NAKAWARI_FUZZ_SEED", "0")))
    # The shortest run first: on a fast machine a long one would do all the work before its kill.
    for seconds in sorted(chance.uniform(0.1, 1.5) for _ in range(int(kills))):
        status, _ = run(words, signal.SIGKILL, seconds)
        print(status, *states(folder), flush=True)
    status, _ = run(words, None, 0)
    print(status, *states(folder), flush=True)


if __name__ == "__main__":
    main()
