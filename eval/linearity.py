"""Measure how linear drawn motion is in time: ``python eval/linearity.py --help``.

Figures move straight and evenly over still backgrounds. Optical flow from the true frame to the
drawn one measures how far each drawn figure is from its true place, along its way.
"""

import argparse
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from eval.benchmark import SHIPPED_MODEL
from eval.methods.commands import named
from eval.methods.method import Draw, MethodSettings, Sample
from eval.methods.registry import choose_methods
from eval.sets.hard_scenes import HardScene, at, hard_scene
from eval.sets.pictures import frame_from_pixels
from nakawari.errors import UserError
from nakawari.flow import dis_flow

KIND = "figure"
DISTANCES = (8, 16, 32)  # px, from frame_0 to frame_1
FRAME_TIMES = tuple(eighth / 8 for eighth in range(1, 8))


def offsets(draw: Draw, scene: HardScene) -> np.ndarray:
    """Return how far ahead [px] of its true place a figure is drawn, at each of ``FRAME_TIMES``.

    It is the median, over the figure's pixels, of the flow from the true frame to the drawn one,
    along the figure's way.
    """
    ends = [frame_from_pixels(at(scene, time).frame) for time in (0.0, 1.0)]
    direction = torch.from_numpy(scene.way / np.hypot(*scene.way)).float()
    found = []
    for time in FRAME_TIMES:
        moment = at(scene, time)
        sample = Sample("", ends[0], ends[1], None, torch.tensor([time]))
        flow = dis_flow(frame_from_pixels(moment.frame), draw(sample).cpu(), finest_scale=0)
        along = (flow[0] * direction.view(2, 1, 1)).sum(0)
        found.append(along[torch.from_numpy(moment.moving)].median().item())
    return np.array(found)


def markdown_table(found: dict[str, dict[int, np.ndarray]]) -> str:
    """Return a table of the mean offset at each frame_time, and the largest of any scene.

    ``found`` is ``{method: {distance: (scenes, frame_times)}}`` [px].
    """
    times = [f"{time:.3g}" for time in FRAME_TIMES]
    lines = [
        f"| method | way [px] | {' | '.join(times)} | furthest off [px] |",
        "|:--|" + "--:|" * (len(times) + 2),
    ]
    for method, distances in found.items():
        for distance, values in distances.items():
            cells = [f"{value:+.2f}" for value in values.mean(axis=0)]
            furthest = np.abs(values).max()
            lines.append(f"| {method} | {distance} | {' | '.join(cells)} | {furthest:.2f} |")
    return "\n".join(lines)


def measure(methods: dict[str, Draw], scenes: int) -> dict[str, dict[int, np.ndarray]]:
    """Measure every method on ``scenes`` scenes of each distance."""
    found: dict[str, dict[int, np.ndarray]] = {name: {} for name in methods}
    for distance, name in itertools.product(DISTANCES, methods):
        drawn = [offsets(methods[name], hard_scene(KIND, distance, n)) for n in range(scenes)]
        found[name][distance] = np.stack(drawn)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, and return the exit status.

    It is 2, with one line on stderr, if there is no such method or model.
    """
    parser = argparse.ArgumentParser(
        prog="linearity",
        description="Measure how far what moves evenly is drawn from where it should be.",
    )
    parser.add_argument("--methods", default="nakawari,dis", help="as benchmark.py takes them")
    parser.add_argument("--command", action="append", default=[], metavar="NAME='PROGRAM ...'")
    parser.add_argument("--model", type=Path, default=SHIPPED_MODEL, help="folder of weights")
    parser.add_argument("--scenes", type=int, default=6, help="of each distance")
    options = parser.parse_args(arguments)
    if options.scenes < 1:
        parser.error(f"--scenes must be at least 1, got {options.scenes}")
    settings = MethodSettings(model=options.model, steps=None, seed=0, device=torch.device("cpu"))
    try:
        commands = named(options.command, "--command", "'PROGRAM ...'")
        chosen = choose_methods(options.methods.split(","), commands=commands)
        methods = {name: method.build(settings) for name, method in chosen.items()}
        print(markdown_table(measure(methods, options.scenes)))
    except (UserError, OSError) as error:
        print(f"linearity: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
