"""Runs ``nakawari slow`` again and again, and stops it in the middle: a program for test_kills.

It loads what is slow to load once, and forks for every run, before it has any thread of its own.
Arguments: a clip, and the folder for the output. It prints a line for every run.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import diffusion  # noqa: F401  loaded before the runs are forked
import nakawari.slowmo.job  # noqa: F401
from nakawari import cli
from nakawari.slowmo import baselines

SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
KILLS = 20


def slowly(*arguments: object) -> None:
    """Draw as a large model on a large picture does: not to be interrupted."""
    time.sleep(600)


def run(
    words: list[str],
    stop_with: signal.Signals | None,
    after: float,
    wait: Callable[[], object] = lambda: None,
) -> tuple[int, float]:
    """Run a command; return its exit status, and how long it took to stop [s].

    It is stopped so many seconds ``after`` what ``wait`` waits for.
    """
    child = os.fork()
    if child == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os._exit(cli.main(words))
    if stop_with is not None:
        wait()
        time.sleep(after)
        os.kill(child, stop_with)
    began = time.monotonic()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), time.monotonic() - began


def main() -> None:
    """Stop runs that read and draw, at times by chance, and let the last one end."""
    clip, folder = sys.argv[1:]
    # A shell that starts tests in the background has its children ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    output = Path(folder) / "out.mp4"
    words = ["slow", clip, "--slow", "2", "-o", str(output), "--overwrite", "--model"]
    chance = random.Random(0)
    baselines.BASELINES["never"] = slowly  # type: ignore[assignment]
    for number in range(KILLS):
        kind = SIGNALS[number % len(SIGNALS)]
        status, seconds = run([*words, "never"], kind, chance.uniform(0, 2))
        left = sorted(path.name for path in Path(folder).iterdir())
        print(kind.name, status, f"{seconds:.2f}", *left, flush=True)
    status, seconds = run([*words, "blend"], None, 0)
    left = sorted(path.name for path in Path(folder).iterdir())
    print("none", status, f"{seconds:.2f}", *left, flush=True)


if __name__ == "__main__":
    main()
