"""Pictures of what the generator draws, and how fast it draws: ``python -m nakawari.data.preview``.

``--output docs/images`` writes the pictures of docs/data.md; ``--speed`` prints samples a second.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from torch import Tensor

from nakawari.data.cels import CelConfig, CelDataset
from nakawari.data.triplet import Triplet

_SHEET_ROWS = 6


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and write the pictures or print the speed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, help="folder for cels.jpg and cels_motion.jpg")
    parser.add_argument("--speed", action="store_true", help="measure samples a second on one core")
    parser.add_argument("--samples", type=int, default=60, help="samples for --speed")
    parser.add_argument("--art", action="append", default=[], help="folder of art, repeatable")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--width", type=int, default=256)
    options = parser.parse_args(arguments)
    config = CelConfig(
        height=options.height,
        width=options.width,
        seed=options.seed,
        art_dirs=tuple(options.art),
    )
    if options.output is None and not options.speed:
        parser.error("nothing to do: give --output FOLDER or --speed")
    if options.output is not None:
        write_pictures(CelDataset(config), options.output)
    if options.speed:
        print(f"{measure_speed(CelDataset(config), options.samples):.1f} samples/s on one core")


def write_pictures(dataset: CelDataset, folder: Path) -> None:
    """Write contact sheets: many targets, and a few triplets with their motion."""
    folder.mkdir(parents=True, exist_ok=True)
    triplets = [dataset[index] for index in range(48)]
    targets = [_picture(triplet.target) for triplet in triplets]
    _write(folder / "cels.jpg", np.vstack([np.hstack(targets[i : i + 8]) for i in range(0, 48, 8)]))
    # Triplets are sorted by how much of them moves: those with most of it show most.
    order = sorted(range(48), key=lambda index: -_moving_share(triplets[index]))
    chosen = [triplets[index] for index in order[:: max(30 // _SHEET_ROWS, 1)][:_SHEET_ROWS]]
    _write(folder / "cels_motion.jpg", np.vstack([_row(triplet) for triplet in chosen]))


def measure_speed(dataset: CelDataset, samples: int) -> float:
    """Return samples per second of processor time, measured after a few samples to warm up."""
    for index in range(5):
        dataset[index]
    start = time.process_time()
    for index in range(1000, 1000 + samples):
        dataset[index]
    return samples / (time.process_time() - start)


def _row(triplet: Triplet) -> np.ndarray:
    """Return a row: frame_0, target, frame_1, both neighbours blended, motion, visibility."""
    first, target, last = (
        _picture(frame) for frame in (triplet.frame_0, triplet.target, triplet.frame_1)
    )
    both = cv2.addWeighted(first, 0.5, last, 0.5, 0)
    motion = (triplet.motion_1 - triplet.motion_0).float().numpy()
    seen = np.zeros_like(target)
    seen[:, :, 0] = triplet.visible_0[0].numpy() * 255
    seen[:, :, 1] = triplet.visible_1[0].numpy() * 255
    return np.hstack([first, target, last, both, colour_wheel(motion), seen])


def colour_wheel(motion: np.ndarray) -> np.ndarray:
    """Return (2, H, W) motion [px] as (H, W, 3) uint8 RGB: hue is direction, 40 px full value."""
    length, angle = cv2.cartToPolar(motion[0], motion[1])
    hue = (angle * (90 / np.pi)).astype(np.uint8)
    value = np.clip(length * (255 / 40), 0, 255).astype(np.uint8)
    wheel = np.dstack([hue, np.full_like(hue, 255), value])
    return cv2.cvtColor(wheel, cv2.COLOR_HSV2RGB)


def _moving_share(triplet: Triplet) -> float:
    return float(((triplet.motion_1 - triplet.motion_0).float().norm(dim=0) > 1).float().mean())


def _picture(frame: Tensor) -> np.ndarray:
    return np.ascontiguousarray(frame.permute(1, 2, 0).numpy())


def _write(path: Path, picture: np.ndarray) -> None:
    half = cv2.resize(picture, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    quality = [cv2.IMWRITE_JPEG_QUALITY, 86]
    if not cv2.imwrite(str(path), cv2.cvtColor(half, cv2.COLOR_RGB2BGR), quality):
        raise OSError(f"cannot write {path}; is the folder writable?")
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
