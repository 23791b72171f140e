"""``nakawari doctor``: tells what is installed, whether it works, and if not, what to do."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from nakawari import __version__
from nakawari.errors import UserError
from nakawari.memory import machine_mib
from nakawari.shipped import shipped_model
from nakawari.video.codecs import CODECS
from nakawari.wording import count, printable

PACKAGES = ("torch", "diffusers", "vector-quantize-pytorch", "av", "opencv-python-headless")
EXTRAS = {
    "train": ("lightning", "accelerate", "jsonargparse", "torchvision", "tensorboard", "wandb"),
    "eval": ("lpips", "pillow", "scipy"),
    "sweep": ("optuna", "plotly"),
    "ray": ("ray",),
    "web": ("starlette", "uvicorn"),
}
"""Packages that each extra installs: those that show whether it was installed."""
DECODERS = ("h264", "hevc", "vp9", "av1", "mpeg2video", "aac")
ENCODERS = (CODECS["h264"].encoder, "aac")
"""The encoders with which an output is written by default, without ``--codec``."""
LITTLE_MEMORY = 4096
"""Memory [MiB] below which the report warns: drawing a clip of 1920x1080 takes more."""


class Finding(NamedTuple):
    """A line of the report."""

    name: str
    text: str
    fine: bool = True


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command, which has no arguments."""
    doctor = commands.add_parser(
        "doctor",
        help="tell versions, devices, weights and codecs, and what is wrong",
        description="Tell versions, devices, weights and codecs, and what is wrong with them.",
    )
    doctor.set_defaults(run=run_doctor)


def run_doctor(args: argparse.Namespace) -> None:
    """Print the report; ``UserError`` if anything that slowing a clip needs is wrong."""
    wrong = 0
    for find in (_versions, _extras, _machine, _weights, _codecs):
        for finding in find():
            wrong += not finding.fine
            mark = "ok   " if finding.fine else "WRONG"
            print(printable(f"{mark}  {finding.name}: {finding.text}"), flush=True)
    if wrong:
        raise UserError(f"{count(wrong, 'thing')} wrong; the lines above say what to do")


def _versions() -> Iterator[Finding]:
    yield Finding("nakawari", f"{__version__}, Python {platform.python_version()}")
    for package in PACKAGES:
        found = _version(package)
        text = found or "not installed; install nakawari anew with pip"
        yield Finding(package, text, fine=found is not None)


def _extras() -> Iterator[Finding]:
    for extra, packages in EXTRAS.items():
        missing = [package for package in packages if _version(package) is None]
        text = f"without {', '.join(missing)}: pip install 'nakawari[{extra}]'"
        yield Finding(f"for {extra}", text if missing else "installed")


def _machine() -> Iterator[Finding]:
    cores = len(os.sched_getaffinity(0))
    memory = machine_mib()
    text = f"{cores} CPU cores, {memory / 1024:.1f} GiB of memory"
    if memory < LITTLE_MEMORY:
        text += "; large clips may not fit, slow them on another machine"
    yield Finding("machine", text, fine=memory >= LITTLE_MEMORY)
    yield _guarded("graphics card", _graphics_card)


def _graphics_card() -> str:
    import torch

    if not torch.cuda.is_available():
        return "none that torch can use; clips are drawn on the CPU"
    total = torch.cuda.get_device_properties(0).total_memory / 2**30
    torch.zeros(1, device="cuda").add_(1).item()  # fails here if the driver does not fit
    return f"{torch.cuda.get_device_name(0)}, {total:.0f} GiB"


def _weights() -> Iterator[Finding]:
    yield _guarded("weights", _draw_with_weights)


def _draw_with_weights() -> str:
    """Draw a frame of 64x64 with the shipped weights."""
    import torch

    from nakawari.cli.slowing.chosen_model import load_interpolator

    args = argparse.Namespace(model=None, steps=None, seed=0)
    interpolator = load_interpolator(args, "cpu")
    frames = torch.zeros(1, 3, 64, 64), torch.ones(1, 3, 64, 64)
    drawn = interpolator(*frames, torch.tensor([0.5]))
    if not drawn.isfinite().all():
        raise UserError("they draw numbers that are not finite; restore them")
    return f"{shipped_model()} draws"


def _codecs() -> Iterator[Finding]:
    yield _guarded("codecs", _all_codecs)


def _all_codecs() -> str:
    import av

    missing = [f"to read {name}" for name in DECODERS if not _has_codec(name, "r")]
    missing += [f"to write {name}" for name in ENCODERS if not _has_codec(name, "w")]
    if missing:
        raise UserError(f"PyAV has none {', '.join(missing)}; install its wheel: pip install av")
    ffmpeg = av.ffmpeg_version_info
    return f"{len(DECODERS)} to read and {len(ENCODERS)} to write, of FFmpeg {ffmpeg}"


def _has_codec(name: str, mode: Literal["r", "w"]) -> bool:
    import av

    try:
        av.Codec(name, mode)
    except av.codec.codec.UnknownCodecError:
        return False
    return True


def _guarded(name: str, find: Callable[[], str]) -> Finding:
    """Return what ``find`` returns as a finding; if it raises, the error's text is the finding."""
    try:
        return Finding(name, find())
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        return Finding(name, reason, fine=False)


def _version(package: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version  # slow to import

    try:
        return version(package)
    except PackageNotFoundError:
        return None
