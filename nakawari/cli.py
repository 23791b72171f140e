"""The command line: ``nakawari slow``. torch and FFmpeg are loaded only when there is work."""

from __future__ import annotations

import argparse
import contextlib
import re
import signal
import sys
import threading
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from nakawari import __version__
from nakawari.errors import UserError

if TYPE_CHECKING:
    from tqdm import tqdm

    from nakawari.slowmo.interpolator import FrameInterpolator

BAD_INPUT = 2  # exit status
INTERRUPTED = 130
SHIPPED_MODEL = Path("checkpoints") / "nakawari"
# H.264 and MP4 store a rate as two 32-bit numbers.
MAX_RATE = 1000
MAX_RATE_DENOMINATOR = 1_000_000
MAX_FACTOR = 1000
# Fraction("1e999999999") is an exact number of a billion digits, and takes as long to write down.
MAX_NUMBER_LENGTH = 40
LONG_EXPONENT = re.compile(r"e[+-]?[\d_]{4}", re.IGNORECASE)
MAX_SEED = 2**63 - 1


class _Parser(argparse.ArgumentParser):
    """Reports a bad argument in one line, as every other error."""

    def error(self, message: str) -> NoReturn:
        print(f"nakawari: {message}; see {self.prog} --help", file=sys.stderr)
        sys.exit(BAD_INPUT)


def _positive_fraction(text: str) -> Fraction:
    if len(text) > MAX_NUMBER_LENGTH or LONG_EXPONENT.search(text):
        raise argparse.ArgumentTypeError(
            f"{text[:MAX_NUMBER_LENGTH]!r} has too many digits; "
            "give a number such as 4, 2.5 or 60000/1001"
        )
    try:
        value = Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number; give one such as 4, 2.5 or 60000/1001"
        ) from error
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not above 0; give a positive number")
    return value


def factor(text: str) -> Fraction:
    """Parse a slow-motion factor: a whole, decimal or fractional number above 0."""
    value = _positive_fraction(text)
    if not Fraction(1, MAX_FACTOR) <= value <= MAX_FACTOR:
        raise argparse.ArgumentTypeError(
            f"{text!r} is out of range; give a factor from 1/{MAX_FACTOR} to {MAX_FACTOR}"
        )
    return value


def rate(text: str) -> Fraction:
    """Parse a frame rate: a whole, decimal or fractional number above 0 [frames/s]."""
    value = _positive_fraction(text)
    if not Fraction(1, MAX_RATE) <= value <= MAX_RATE:
        raise argparse.ArgumentTypeError(
            f"{text!r} is out of range; give a rate from 1/{MAX_RATE} to {MAX_RATE}"
        )
    return value.limit_denominator(MAX_RATE_DENOMINATOR)


def _positive_int(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def seed(text: str) -> int:
    """Parse a seed: a whole number that torch takes, 0 to 2**63 - 1."""
    digits = len(str(MAX_SEED))
    value = int(text) if text.isascii() and text.isdigit() and len(text) <= digits else -1
    if not 0 <= value <= MAX_SEED:
        raise argparse.ArgumentTypeError(
            f"{text[:MAX_NUMBER_LENGTH]!r} is no seed; give a whole number from 0 to {MAX_SEED}"
        )
    return value


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of every command."""
    parser = _Parser(prog="nakawari", description="Slow motion for anime.")
    parser.add_argument("--version", action="version", version=f"nakawari {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    slow = commands.add_parser(
        "slow",
        help="slow a clip down by drawing its in-betweens",
        description="Slow a clip down by drawing its in-betweens.",
    )
    slow.add_argument("input", type=Path, metavar="INPUT", help="a video file")
    slow.add_argument("-o", "--output", type=Path, help="default: beside INPUT, NAME.slow4x.mp4")
    slow.add_argument(
        "--slow", type=factor, default=Fraction(4), metavar="FACTOR",
        help="how many times as long, such as 4, 2.5 or 1 (default: 4)",
    )  # fmt: skip
    slow.add_argument(
        "--fps", type=rate, metavar="RATE",
        help="frames a second of the output, such as 48 or 60000/1001 (default: the input's)",
    )  # fmt: skip
    slow.add_argument(
        "--audio", choices=("stretch", "drop"), default="stretch",
        help="slow the sound down at its own pitch, or leave it out (default: stretch)",
    )  # fmt: skip
    slow.add_argument(
        "--holds", choices=("auto", "keep"), default="auto",
        help="auto: repeated frames are one drawing; keep: every frame is one (default: auto)",
    )  # fmt: skip
    slow.add_argument(
        "--model", metavar="DIR",
        help="other weights than the shipped ones; 'blend' (cross-fade) and 'nearest' need none",
    )  # fmt: skip
    slow.add_argument("--steps", type=_positive_int, metavar="N", help="denoising steps")
    slow.add_argument("--seed", type=seed, default=0, metavar="N", help="of the noise (default: 0)")
    slow.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    slow.add_argument("--overwrite", action="store_true", help="replace an existing output")
    return parser


def default_output(source: Path, slow: Fraction) -> Path:
    """Return where the output goes without ``-o``: beside the input, named after the factor."""
    name = f"{float(slow):.4g}".replace("+", "")
    return source.with_name(f"{source.stem}.slow{name}x.mp4")


def choose_device(name: str) -> str:
    """Return ``cpu`` or ``cuda``; ``UserError`` if the latter was asked for and is not there."""
    import torch

    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("no CUDA device is available here; use --device auto or --device cpu")
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return name


def _return_freed_memory() -> None:
    """Have glibc give blocks of 1 MiB and more back as soon as they are freed.

    Left to itself it keeps blocks of up to 32 MiB, which is most of a network's feature maps: at
    720p that held 80 MB that nobody used. Elsewhere than on glibc this does nothing.
    """
    import ctypes

    m_mmap_threshold = -3  # malloc.h
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").mallopt(m_mmap_threshold, 2**20)


def load_interpolator(args: argparse.Namespace, device: str) -> FrameInterpolator:
    """Return what draws the in-betweens: a baseline by name, or a pipeline from its folder."""
    from nakawari.slowmo.baselines import BASELINES

    if args.model in BASELINES:
        return BASELINES[args.model]
    folder = Path(args.model) if args.model else _shipped_model()
    if not folder.is_dir():
        raise UserError(f"model folder {folder} does not exist; give another with --model")
    from diffusion import FrameInterpolationPipeline

    try:
        pipeline = FrameInterpolationPipeline.from_pretrained(str(folder)).to(device)
        return pipeline.configure(num_steps=args.steps, seed=args.seed)
    except (ValueError, OSError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"cannot use the model in {folder}: {reason}") from error
    except TypeError as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"cannot use the model in {folder}: a config.json has a value of the wrong type "
            f"({reason}); restore it, or give another folder with --model"
        ) from error


def _shipped_model() -> Path:
    installed = Path(__file__).resolve().parents[1] / SHIPPED_MODEL
    return installed if installed.is_dir() else SHIPPED_MODEL


def run_slow(args: argparse.Namespace) -> None:
    """Do ``nakawari slow``: check, load, draw, tell."""
    from nakawari.slowmo.job import SlowJob, run_job

    job = SlowJob(
        source=args.input,
        output=args.output or default_output(args.input, args.slow),
        factor=args.slow,
        rate=args.fps,
        audio=args.audio,
        holds=args.holds,
        overwrite=args.overwrite,
    )
    _return_freed_memory()
    device = choose_device(args.device)
    with _ProgressBar() as bar:
        result = run_job(
            job,
            lambda: load_interpolator(args, device),
            device,
            tell=bar.tell,
            on_frame=bar.on_frame,
        )
    tally = result.tally
    print(
        f"{result.output}: {float(result.duration):.3f} s at {float(result.rate):.3f} frames/s, "
        f"{result.width}x{result.height}\n"
        f"{_count(tally.drawings, 'drawing')} in {_count(tally.shots, 'shot')}; "
        f"{_count(tally.drawn, 'frame')} drawn, {tally.passed} passed through unchanged\n"
        f"took {result.seconds:.1f} s"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class _ProgressBar:
    """Shows frames written, the rate and the time left on stderr; begins with the first frame."""

    def __init__(self) -> None:
        self._bar: tqdm | None = None

    def __enter__(self) -> _ProgressBar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def tell(self, line: str) -> None:
        """Print a remark above the bar."""
        text = f"nakawari: note: {line}"
        if self._bar is None:
            print(text, file=sys.stderr)
        else:
            self._bar.write(text, file=sys.stderr)

    def on_frame(self, written: int, expected: int | None) -> None:
        """Move the bar on."""
        if self._bar is None:
            from tqdm import tqdm

            # It wipes itself at the end: the result, or the one line of an error, says the rest.
            self._bar = tqdm(
                total=expected, unit="frame", file=sys.stderr, dynamic_ncols=True, leave=False
            )
        self._bar.update(written - self._bar.n)


def _stop(signal_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def main(argv: list[str] | None = None) -> int:
    """Run a command and return its exit status: 0, 2 for bad input, 130 when interrupted."""
    args = build_parser().parse_args(argv)
    if threading.current_thread() is threading.main_thread():
        # So that a polite kill, too, leaves no half-written file behind.
        signal.signal(signal.SIGTERM, _stop)
    try:
        run_slow(args)
    except UserError as error:
        print(f"nakawari: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("nakawari: stopped; nothing was left behind", file=sys.stderr)
        return INTERRUPTED
    return 0
