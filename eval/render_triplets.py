"""Draw the small set that the repository ships: ``python eval/render_triplets.py --help``.

It is cel animation from the built-in generator, with a seed of its own, so that no training sample
is in it. Run it again only when the generator's drawing changes: scores on one rendering of the set
cannot be compared with scores on another.
"""

import argparse
import itertools
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from eval.sets.hard_scenes import KINDS as HARD_KINDS
from eval.sets.hard_scenes import HardScene, at, hard_scene
from eval.sets.layered_scenes import LAYERED_KINDS, ground_of, layered_scene
from eval.sets.tiers import motion_size, motion_tier
from nakawari.data.art import load_art
from nakawari.data.moving.render import render
from nakawari.data.scenes.scene import KINDS, sample_scene

SHIPPED = Path(__file__).parent / "triplets"
SEED = 1_000_003  # training counts its seeds from 0
FRAME_TIMES = (0.25, 0.5, 0.75)
MAX_MOTION = 60.0  # px at a height of 288 px
HARD_DISTANCES = (10, 30, 60)  # px, from frame_0 to frame_1
PANS = (8, 16, 32)  # px from drawing to drawing; TV animation rarely pans faster


class RenderedTriplet(NamedTuple):
    """Three pictures, (H, W, 3) uint8, and the facts that are known about them."""

    frame_0: np.ndarray
    target: np.ndarray
    frame_1: np.ndarray
    frame_time: float
    tags: list[str]


def draw_triplets(
    height: int, width: int, per_kind: int, seed: int = 0
) -> Iterator[RenderedTriplet]:
    """Draw ``per_kind`` triplets of each kind of movement; the frame_times are taken in turn.

    Scenes are taken in the order of their index. A scene is passed over only if there are enough of
    its kind, or if nothing moves in it.
    """
    wanted = dict.fromkeys(KINDS, per_kind)
    for index in itertools.count():
        if not any(wanted.values()):
            return
        rng = np.random.default_rng([SEED + seed, index])
        scene = sample_scene(rng, load_art(), height, width, MAX_MOTION)
        if not wanted[scene.kind]:
            continue
        frame_time = FRAME_TIMES[wanted[scene.kind] % len(FRAME_TIMES)]
        target = render(scene.layers, frame_time, height, width, motion_times=(0.0, 1.0))
        tier = motion_tier(motion_size(target.motions[1] - target.motions[0], height))
        if tier is None:
            continue
        wanted[scene.kind] -= 1
        frame_0, frame_1 = (render(scene.layers, time, height, width).frame for time in (0.0, 1.0))
        yield RenderedTriplet(
            frame_0, target.frame, frame_1, frame_time, [f"moves:{scene.kind}", tier]
        )


def draw_hard_triplets(per_kind: int, seed: int = 0) -> Iterator[RenderedTriplet]:
    """Draw ``per_kind`` scenes of each kind of ``eval.sets.hard_scenes``, at each distance.

    Each scene gives a triplet for each of ``FRAME_TIMES``. The tags are ``scene:KIND`` and
    ``distance:N``.
    """
    for kind, distance in itertools.product(HARD_KINDS, HARD_DISTANCES):
        for number in range(per_kind):
            scene = hard_scene(kind, distance, seed * per_kind + number)
            yield from _at_all_times(scene, [f"scene:{kind}", f"distance:{distance:02d}"])


def draw_layered_triplets(per_kind: int, seed: int = 0) -> Iterator[RenderedTriplet]:
    """Draw ``per_kind`` scenes of each kind of ``eval.sets.layered_scenes``, at each pan.

    Each scene gives a triplet for each of ``FRAME_TIMES``. The tags are ``layered``,
    ``scene:KIND``, ``pan:N`` and ``ground:WHAT``.
    """
    for kind, pan in itertools.product(LAYERED_KINDS, PANS):
        for number in range(seed * per_kind, (seed + 1) * per_kind):
            tags = ["layered", f"scene:{kind}", f"pan:{pan:02d}", f"ground:{ground_of(number)}"]
            yield from _at_all_times(layered_scene(kind, pan, number), tags)


def _at_all_times(scene: HardScene, tags: list[str]) -> Iterator[RenderedTriplet]:
    frame_0, frame_1 = (at(scene, time).frame for time in (0.0, 1.0))
    for time in FRAME_TIMES:
        yield RenderedTriplet(frame_0, at(scene, time).frame, frame_1, time, tags)


def write_set(folder: Path, triplets: Iterable[RenderedTriplet]) -> int:
    """Write ``triplets.jsonl`` and its pictures to ``folder``; return the number of triplets."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for number, triplet in enumerate(triplets):
        name = f"cel_{number:03d}"
        entry: dict[str, Any] = {"id": name}
        for frame in ("frame_0", "frame_1", "target"):
            entry[frame] = f"{name}_{frame}.webp"
            # Lossless files would be four times as large, and all methods use the same files.
            picture = Image.fromarray(getattr(triplet, frame))
            picture.save(folder / entry[frame], quality=95, method=6)
        lines.append(entry | {"frame_time": triplet.frame_time, "tags": triplet.tags})
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "triplets.jsonl").write_text(text, encoding="utf-8")
    return len(lines)


def main(arguments: list[str] | None = None) -> int:
    """Render the set, and print where it is."""
    parser = argparse.ArgumentParser(prog="render_triplets", description="Draw the shipped set.")
    parser.add_argument("--output", type=Path, default=SHIPPED)
    parser.add_argument(
        "--per-kind", type=int, default=3, help=f"triplets for each of {list(KINDS)}"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="0 or more; no training has any of them (default: 0)"
    )
    parser.add_argument(
        "--hard",
        action="store_true",
        help=f"instead, scenes of {list(HARD_KINDS)} that move {HARD_DISTANCES} px, then layered "
        f"ones of {list(LAYERED_KINDS)} over a ground that pans {PANS} px",
    )
    options = parser.parse_args(arguments)
    if options.hard and options.output == SHIPPED:
        parser.error("--hard is no set to ship; name a folder with --output")
    if options.seed < 0:
        parser.error(f"--seed must be 0 or more, got {options.seed}")
    triplets: Iterator[RenderedTriplet]
    if options.hard:
        triplets = itertools.chain(
            draw_hard_triplets(options.per_kind, options.seed),
            draw_layered_triplets(options.per_kind, options.seed),
        )
    else:
        triplets = draw_triplets(288, 512, options.per_kind, options.seed)
    count = write_set(options.output, triplets)
    print(f"{count} triplets in {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
