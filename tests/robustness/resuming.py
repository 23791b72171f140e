"""Runs ``nakawari slow --resume`` again and again and kills it: a program for test_resume.

As in ``killing``, every run is a fork. Arguments: a clip, the output, how many kills, and how many
takes. It prints a line for every run: its exit status, how many frames are kept after it, and how
many files of what was compared.
"""

from __future__ import annotations

import os
import random
import select
import signal
import sys
import time
from functools import partial
from pathlib import Path

from torch import Tensor

import diffusion  # noqa: F401  loaded before the runs are forked
import nakawari.slowmo.job  # noqa: F401
from nakawari.cli.slowing import chosen_model
from nakawari.slowmo import baselines
from nakawari.slowmo.kept import segments
from tests.robustness.killing import run

PATIENCE = 60  # s; a busy machine takes its time
LATEST = 0.5  # s from the first drawing of a run to its kill, at most
LEISURE = 0.1  # s for what is drawn at once; a test's clip needs more of it than all kills leave
EARLY = 4  # every so many kills one comes before anything is drawn
drawing, tells_drawing = os.pipe()


def at_leisure(*arguments: object, seed: int = 0) -> Tensor:
    """Cross-fade, as slowly as a model draws, and say so; other seeds differ in a corner."""
    os.write(tells_drawing, b".")
    time.sleep(LEISURE)
    drawn = baselines.blend(*arguments)  # type: ignore[arg-type]
    if seed:
        drawn[..., :8, :8] = -1 + 0.2 * seed
    return drawn


def allow_takes() -> None:
    """Let the model of this test have seeds, as a folder of weights has."""
    chosen_model.reseed_for = lambda settings: lambda artist, seed: partial(artist, seed=seed)


def wait_for_drawing() -> None:
    """Wait until the run draws, however long reading takes it."""
    while select.select([drawing], [], [], 0)[0]:
        os.read(drawing, 4096)  # of runs before
    select.select([drawing], [], [], PATIENCE)


def told(output: Path) -> str:
    """Return how many frames are kept, and how many files of what was compared."""
    folder = segments.compared_folder(output)
    compared = len(list(folder.glob("*.mkv"))) if folder.is_dir() else 0
    return f"{segments.kept_frames(output)} {compared}"


def main() -> None:
    """Kill runs at moments by chance, and let the last one end."""
    clip, output, kills, takes = sys.argv[1:]
    baselines.BASELINES["leisure"] = at_leisure  # type: ignore[assignment]
    allow_takes()
    segments.SEGMENT_SECONDS = 0.02
    words = ["slow", clip, "--slow", "8", "--holds", "keep", "-o", output, "--model", "leisure"]
    words += ["--takes", takes] if takes != "1" else []
    chance = random.Random(int(os.environ.get("NAKAWARI_FUZZ_SEED", "0")))
    for number in range(int(kills)):
        wait = (lambda: None) if number % EARLY == 0 else wait_for_drawing
        status, _ = run([*words, "--resume"], signal.SIGKILL, chance.uniform(0.05, LATEST), wait)
        print(status, told(Path(output)), flush=True)
        if Path(output).exists():
            sys.exit("the clip is too short: it was done before the last kill")
    status, _ = run([*words, "--resume"], None, 0)
    print(status, told(Path(output)), flush=True)


if __name__ == "__main__":
    main()
