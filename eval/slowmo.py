"""Measure slow motion against the true animation: ``python eval/slowmo.py --help``.

A clip as it was aired (on ones, twos, threes, held) is rendered at the rate of the truth. The truth
is the same animation of the same duration, drawn for every frame, usually at 48 frames a second.
Frame k of either shows the time k/rate. After the last drawing of a shot there are no in-betweens,
not even for a method that knows all drawings: those steps count for every method.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import torch

from eval.measuring.stillness import Stillness, changes, stillness
from eval.sets.pictures import frame_from_pixels, pixels_from_frame
from nakawari.errors import UserError
from nakawari.metrics import load_lpips, psnr
from nakawari.shipped import shipped_model
from nakawari.slowmo.baselines import BASELINES
from nakawari.slowmo.interpolator import FrameInterpolator
from nakawari.slowmo.job import SlowJob, run_job
from nakawari.video.pictures.color import ColorTags, to_rgb
from nakawari.video.pictures.picture import picture_from_frame
from nakawari.video.reader import VideoReader
from nakawari.wording import count
from nakawari.xsheet.detect import detect
from nakawari.xsheet.sheet.files import load_sheet
from nakawari.xsheet.sheet.sheet import ExposureSheet
from nakawari.xsheet.show.saving import save

SHIPPED_MODEL = shipped_model()
MODELS = ("nakawari", *BASELINES)
USUAL_MODELS = ("nakawari", "blend", "nearest")
HOLDS = {"auto": "", "keep": ", holds kept"}
MAX_RATE_DIFFERENCE = Fraction(1, 100)


class Score(NamedTuple):
    """The scores of one video against the truth."""

    lpips: float  # mean over the frames
    psnr: float  # dB, mean over the frames; those that are identical to the truth are left out
    still: Stillness
    frames: int  # number that was compared
    frames_there: int  # number in the video


def read_pixels(path: Path) -> Iterator[np.ndarray]:
    """Yield a video's frames, (H, W, 3) uint8: RGB as stored, other formats as we convert them."""
    with av.open(f"file:{path}") as container:
        for frame in container.decode(video=0):
            if frame.format.is_rgb:
                yield frame.to_ndarray(format="rgb24")
            else:
                tags = ColorTags.of_frame(frame)
                picture = picture_from_frame(frame, tags.matrix, tags.value_range, frame.rotation)
                yield pixels_from_frame(to_rgb(picture, tags))


class Judge:
    """Compares videos with the truth."""

    def __init__(self, truth: Path, device: str) -> None:
        self._truth = truth
        self._device = device
        self._lpips = load_lpips("alex").to(device)
        self._changes = changes(read_pixels(truth))
        self.frames = len(self._changes.single) + 1  # number of frames of the truth

    def __call__(self, video: Path) -> Score:
        """Compare frame by frame, up to the shorter one's end; ``UserError`` if sizes differ."""
        lpips, distances = [], []
        for ours, theirs in zip(read_pixels(video), read_pixels(self._truth), strict=False):
            if ours.shape != theirs.shape:
                raise UserError(
                    f"{video} is {ours.shape[1]}x{ours.shape[0]} and the truth "
                    f"{theirs.shape[1]}x{theirs.shape[0]}; give videos of one size"
                )
            pair = (frame_from_pixels(pixels).to(self._device) for pixels in (ours, theirs))
            prediction, target = pair
            with torch.inference_mode():
                lpips.append(self._lpips(prediction, target).item())
                distances.append(psnr(prediction, target).item())
        finite = [distance for distance in distances if math.isfinite(distance)]
        own_changes = changes(read_pixels(video))
        return Score(
            lpips=float(np.mean(lpips)),
            psnr=float(np.mean(finite)) if finite else math.inf,
            still=stillness(own_changes, self._changes),
            frames=len(lpips),
            frames_there=len(own_changes.single) + 1,
        )


def render(
    options: argparse.Namespace, rate: Fraction, sheet: Path, folder: Path
) -> dict[str, Path]:
    """Render the clip with every model, both by the sheet and with every frame kept.

    Returns the videos by name.
    """
    videos = {}
    for model in options.methods:
        load = partial(load_interpolator, model, options)
        for holds, words in HOLDS.items():
            name = model + words
            print(f"slowmo: rendering {name}", file=sys.stderr)
            job = SlowJob(
                source=options.clip,
                output=folder / f"{options.clip.stem}.{model}.{holds}.mp4",
                factor=Fraction(1),
                rate=rate,
                audio="drop",
                holds=holds,
                xsheet=sheet,
                overwrite=True,
            )
            videos[name] = run_job(job, load, options.device).output
    return videos


def load_interpolator(name: str, options: argparse.Namespace) -> FrameInterpolator:
    """Return a baseline, or the pipeline from the folder of weights.

    Raises ``UserError`` if the weights are missing or cannot be used.
    """
    if name in BASELINES:
        return BASELINES[name]
    if not options.model.is_dir():
        raise UserError(f"model folder {options.model} does not exist; give another with --model")
    from diffusion import FrameInterpolationPipeline

    try:
        pipeline = FrameInterpolationPipeline.from_pretrained(str(options.model))
        return pipeline.to(options.device).configure(num_steps=options.steps, seed=options.seed)
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise UserError(f"cannot use the model in {options.model}: {reason}") from error


def undrawable_steps(sheet: ExposureSheet, rate: Fraction) -> int:
    """Return how many steps of an output at ``rate`` are after the last drawing of their shot."""
    lasts = [
        drawing
        for drawing, following in pairwise([*sheet.drawings, None])
        if drawing is not None and (following is None or following.start in sheet.cuts)
    ]
    frames = [range(drawing.start, drawing.end) for drawing in lasts]
    scale = rate / sheet.fps
    return sum(max(0, round(len(held) * scale) - 1) for held in frames)


def table(scores: dict[str, Score]) -> str:
    """Return the scores as a Markdown table."""
    lines = [
        "| Method | LPIPS ↓ | PSNR [dB] ↑ | stands still ↓ | frames |",
        "|:--|--:|--:|--:|--:|",
    ]
    for name, score in scores.items():
        still = score.still
        lines.append(
            f"| {name} | {score.lpips:.4f} | {score.psnr:.2f} | "
            f"{still.share:.1%} ({still.stills} of {still.moving}) | {score.frames} |"
        )
    return "\n".join(lines)


def measure(options: argparse.Namespace, folder: Path) -> str:
    """Render the videos to ``folder``, score them and the given ones, and return the report."""
    with VideoReader(options.truth) as reader:
        rate = reader.info.rate
    for name, video in options.prediction.items():
        with VideoReader(video) as reader:
            if abs(reader.info.rate - rate) > rate * MAX_RATE_DIFFERENCE:
                raise UserError(
                    f"{name} has {float(reader.info.rate):.3f} frames/s and the truth "
                    f"{float(rate):.3f}; give a video of the truth's rate"
                )
    sheet_path = options.xsheet or folder / f"{options.clip.stem}.xsheet.json"
    if options.xsheet is None:
        save(sheet_path, detect(options.clip).sheet.to_json())
    sheet = load_sheet(sheet_path)
    videos = render(options, rate, sheet_path, folder) | options.prediction
    judge = Judge(options.truth, options.device)
    scores = {name: judge(video) for name, video in videos.items()}
    lines = [table(scores), ""]
    lines += [
        f"{name}: {score.frames_there} frames, the truth {judge.frames}; the first "
        f"{score.frames} were compared."
        for name, score in scores.items()
        if score.frames_there != judge.frames
    ]
    lines.append(
        f"{count(len(sheet.drawings), 'drawing')} in {count(len(sheet.shots), 'shot')}, "
        f"{'from a given sheet' if options.xsheet else 'found by the detector'}; "
        f"{undrawable_steps(sheet, rate)} of {judge.frames - 1} steps lie after the last drawing "
        "of a shot, where nothing can be drawn."
    )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Measure, and return the exit status: 0, or 2 with one line on stderr if it is impossible."""
    options = _parser().parse_args(arguments)
    try:
        options.prediction = _named_videos(options.prediction)
        options.methods = [name for name in options.methods.split(",") if name]
        if unknown := [name for name in options.methods if name not in MODELS]:
            raise UserError(f"unknown method {unknown[0]!r}; choose from {', '.join(MODELS)}")
        if options.device == "cuda" and not torch.cuda.is_available():
            raise UserError("no CUDA device is available; use --device cpu")
        if options.output is not None:
            options.output.mkdir(parents=True, exist_ok=True)
            print(measure(options, options.output))
        else:
            with tempfile.TemporaryDirectory() as folder:
                print(measure(options, Path(folder)))
    except (UserError, OSError) as error:
        print(f"slowmo: {error}", file=sys.stderr)
        return 2
    return 0


def _named_videos(arguments: list[str]) -> dict[str, Path]:
    videos = {}
    for argument in arguments:
        name, separator, video = argument.partition("=")
        if not (name and separator and video):
            raise UserError(f"--prediction must be NAME=VIDEO, got {argument!r}")
        videos[name] = Path(video)
    return videos


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="slowmo",
        description="Compare slow motion with the true animation: LPIPS, PSNR, and the share of "
        "steps that stand still while the truth moves.",
    )
    add = parser.add_argument
    add("--clip", type=Path, required=True, metavar="AIRED", help="the clip as it was aired")
    add("--truth", type=Path, required=True, metavar="VIDEO", help="drawn for every frame")
    add("--methods", default=",".join(USUAL_MODELS), help=f"of {', '.join(MODELS)}; may be empty")
    add("--prediction", action="append", default=[], metavar="NAME=VIDEO", help="ready-made")
    add("--xsheet", type=Path, metavar="FILE", help="a sheet instead of the detector's")
    add("--output", type=Path, metavar="DIR", help="keep the rendered videos here")
    add("--model", type=Path, default=SHIPPED_MODEL, help="folder of weights")
    add("--steps", type=int, help="denoising steps (default: the model's own)")
    add("--seed", type=int, default=0, help="of the noise")
    add("--device", choices=("cpu", "cuda"), default="cpu")
    return parser


if __name__ == "__main__":
    sys.exit(main())
