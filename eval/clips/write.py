"""Clips whose ground truth is known exactly, drawn by the cel generator and encoded as video.

Every clip is a function of its set, family and number. Its truth is a JSON file beside it, with an
exposure sheet (``nakawari xsheet --json``) and with what each frame shows (``per_frame``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any
from zlib import crc32

import av
import cv2
import numpy as np

from eval.clips.families import FAMILIES
from eval.clips.halves import ClipSet
from eval.clips.stage import UnusableError
from eval.clips.strips import UNCLEAR, Strip, holds_of
from eval.clips.studio import Studio
from eval.sets.json_text import parsed
from nakawari.data.art import Art
from nakawari.opencv import use_one_opencv_thread
from nakawari.whole import PartialFile
from nakawari.xsheet.sheet.sheet import Cadence, CameraMove, ExposureSheet, SheetDrawing, Shot

FILM_RATE = Fraction(24000, 1001)
VIDEO_RATE = Fraction(30000, 1001)  # of telecined clips
ATTEMPTS = 200
VERSION = 1  # increase it when the same number would give another clip: cached clips are redrawn


@dataclass(frozen=True)
class Coding:
    """How a strip is encoded."""

    crf: int
    grain: bool


CODINGS = tuple(Coding(crf, grain) for crf in (18, 26, 32) for grain in (False, True))


def draw_strip(
    clip_set: ClipSet, art: Art, family: str, index: int, height: int, width: int
) -> Strip:
    """Draw clip ``index`` of a family; a random scene that is unusable is drawn again."""
    use_one_opencv_thread()
    for attempt in range(ATTEMPTS):
        rng = np.random.default_rng([clip_set.seed, crc32(family.encode()), index, attempt])
        try:
            return FAMILIES[family](Studio(rng, art, clip_set, height, width))
        except UnusableError:
            continue
    raise RuntimeError(f"no usable scene for {family} {index} in {ATTEMPTS} attempts")


def with_grain(rng: np.random.Generator, clip_set: ClipSet, strip: Strip) -> Iterator[np.ndarray]:
    """Yield the frames with luma noise, new for each; strength and blur are the clip's."""
    sigma, blur = rng.uniform(*clip_set.grain_sigma), rng.uniform(*clip_set.grain_blur)
    height = strip.frames[0].shape[0]
    for frame in strip.frames:
        noise = rng.standard_normal(frame.shape[:2], np.float32)
        noise = cv2.GaussianBlur(noise, (0, 0), blur * max(1.0, height / 576))
        noise *= sigma / noise.std()
        yield np.clip(np.rint(frame + noise[:, :, None]), 0, 255).astype(np.uint8)


def encode(
    path: Path, frames: Iterator[np.ndarray] | Sequence[np.ndarray], rate: Fraction, crf: int
) -> None:
    """Write (H, W, 3) uint8 RGB frames as H.264, in one thread, so that it is repeatable."""
    partial = PartialFile(path)
    try:
        _encode(partial.path, frames, rate, crf)
        partial.finish()
    except BaseException:
        partial.discard()
        raise


def _encode(
    path: Path, frames: Iterator[np.ndarray] | Sequence[np.ndarray], rate: Fraction, crf: int
) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": str(crf)})
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        stream.codec_context.time_base = 1 / rate
        for number, pixels in enumerate(frames):
            if not number:
                stream.height, stream.width = pixels.shape[:2]
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def true_sheet(name: str, strip: Strip, rate: Fraction) -> ExposureSheet:
    """Return the true exposure sheet of a strip."""
    new = strip.new_drawings()
    holds = holds_of(new)
    starts = [frame for frame, is_new in enumerate(new) if is_new]
    bounds = [0, *strip.cuts, len(new)]
    shots = []
    for number, cadence in enumerate(strip.cadences):
        start, end = bounds[number], bounds[number + 1]
        drawings = sum(new[start:end])
        known: Cadence = "mixed" if cadence == UNCLEAR else cadence
        shots.append(
            Shot(
                start=start,
                end=end - 1,
                cadence=known,
                animation_fps=None if drawings == 1 else float(drawings * rate / (end - start)),
            )
        )
    return ExposureSheet(
        clip=name,
        fps=rate,
        frames=len(new),
        drawings=tuple(
            SheetDrawing(start=start, hold=hold) for start, hold in zip(starts, holds, strict=True)
        ),
        shots=tuple(shots),
        camera=tuple(_camera_moves(strip.camera)),
        pulldown=strip.pulldown,
    )


def _camera_moves(kinds: Sequence[str | None]) -> Iterator[CameraMove]:
    start = 0
    for frame in range(1, len(kinds) + 1):
        if frame == len(kinds) or kinds[frame] != kinds[start]:
            if kind := kinds[start]:
                yield CameraMove(start=start, end=frame - 1, kind=kind)
            start = frame


def truth_of(name: str, strip: Strip, rate: Fraction, about: dict[str, Any]) -> dict[str, Any]:
    """Return the truth file's content: the sheet, ``about``, and what each frame shows."""
    sheet = json.loads(true_sheet(name, strip, rate).to_json())
    return (
        sheet
        | about
        | {
            "cadence_is_clear": [cadence != UNCLEAR for cadence in strip.cadences],
            "flashes": [list(flash) for flash in strip.flashes],
            "motions": [round(motion, 2) for motion in strip.motions if motion == motion],
            "per_frame": [
                {
                    "frame": frame,
                    "new_drawing": new,
                    "visible_change": new,
                    "camera_moves": strip.camera[frame] is not None,
                }
                for frame, new in enumerate(strip.new_drawings())
            ],
        }
    )


def clip_name(family: str, index: int, coding: Coding) -> str:
    """Return a clip's name without its ending."""
    return f"{family}_{index:03d}_crf{coding.crf}{'_grain' if coding.grain else ''}"


def write_clips(
    folder: Path,
    clip_set: ClipSet,
    art: Art,
    *,
    families: Sequence[str],
    per_family: int,
    height: int = 288,
    width: int = 512,
    stamp: dict[str, Any] | None = None,
) -> Iterator[Path]:
    """Write the missing clips of a set to a folder; yield the path of each clip's truth.

    Each strip is drawn once, and encoded in all ways of ``CODINGS``. ``stamp`` is written into the
    truth. Files with another stamp, set or size are written anew.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for family in families:
        for index in range(per_family):
            yield from _write_clip(folder, clip_set, art, family, index, (height, width), stamp)


def _write_clip(
    folder: Path,
    clip_set: ClipSet,
    art: Art,
    family: str,
    index: int,
    size: tuple[int, int],
    stamp: dict[str, Any] | None,
) -> Iterator[Path]:
    strip: Strip | None = None
    for number, coding in enumerate(CODINGS):
        name = clip_name(family, index, coding)
        truth_path = folder / f"{name}.json"
        about = {
            "family": family,
            "crf": coding.crf,
            "grain": coding.grain,
            "set": clip_set.name,
            "seed": clip_set.seed,
            "index": index,
            "size": [size[1], size[0]],
            "version": VERSION,
        } | (stamp or {})
        if not _is_current(truth_path, about):
            strip = strip or draw_strip(clip_set, art, family, index, *size)
            rate = VIDEO_RATE if strip.pulldown else FILM_RATE
            frames: Iterator[np.ndarray] | Sequence[np.ndarray] = strip.frames
            if coding.grain:
                rng = np.random.default_rng(
                    [clip_set.seed, crc32(family.encode()), index, ATTEMPTS + number]
                )
                frames = with_grain(rng, clip_set, strip)
            encode(folder / f"{name}.mp4", frames, rate, coding.crf)
            truth = truth_of(f"{name}.mp4", strip, rate, about)
            truth_path.write_text(json.dumps(truth) + "\n", encoding="utf-8")
        yield truth_path


def _is_current(path: Path, about: dict[str, Any]) -> bool:
    if not (path.exists() and path.with_suffix(".mp4").exists()):
        return False
    try:
        truth = parsed(path.read_text(encoding="utf-8"))
    except ValueError:
        return False  # damaged, so it is written anew
    return isinstance(truth, dict) and all(truth.get(key) == value for key, value in about.items())
