"""``nakawari slow``: its arguments, and the summary at the end."""

from __future__ import annotations

import argparse
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from nakawari.cli.arguments import INPUT_RATE_HELP, STRICT_HELP, path, positive_int, target
from nakawari.cli.progress import ProgressBar
from nakawari.cli.slowing.chosen_model import add_model_options, load_interpolator, run_with
from nakawari.cli.slowing.clip_settings import (
    USUAL_FACTOR,
    default_output,
    settings_of,
    takes_words,
)
from nakawari.errors import UserError
from nakawari.parsing import factor, moment, ramp, rate
from nakawari.video.codecs import CODECS
from nakawari.wording import count, printable

if TYPE_CHECKING:
    from nakawari.slowmo.slow_job import TakesResult


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command and its arguments."""
    slow = commands.add_parser(
        "slow",
        help="slow a clip down by drawing its in-betweens",
        description="Slow a clip down by drawing its in-betweens.",
    )
    slow.add_argument(
        "inputs", type=path, metavar="INPUT", nargs="*",
        help="a video file, a folder of numbered pictures, or their name, such as f_%%04d.png",
    )  # fmt: skip
    slow.add_argument(
        "-o", "--output", type=target,
        help="a file, pictures such as slow/f_%%04d.png, or a folder for one INPUT or several "
        "(default: beside INPUT, NAME.slow4x.mp4)",
    )  # fmt: skip
    slow.add_argument(
        "--watch", type=path, metavar="DIR",
        help="slow down every clip that appears in this folder, until Ctrl-C",
    )  # fmt: skip
    slow.add_argument(
        "--slow", type=factor, metavar="FACTOR",
        help=f"how many times as long, such as 4, 2.5 or 1 (default: {USUAL_FACTOR})",
    )  # fmt: skip
    slow.add_argument(
        "--ramp", type=ramp, metavar="POINTS",
        help='instead of --slow, a speed that changes: TIME:SPEED, such as "0:1, 2:0.25, 3.5:1"; '
        "1 is full speed, and times are counted from --from",
    )  # fmt: skip
    slow.add_argument(
        "--fps", type=rate, metavar="RATE",
        help="frames a second of the output, such as 48 or 60000/1001 (default: the input's)",
    )  # fmt: skip
    slow.add_argument("--input-fps", type=rate, metavar="RATE", help=INPUT_RATE_HELP)
    slow.add_argument(
        "--from", type=moment, default=Fraction(0), metavar="TIME", dest="begin",
        help="slow down only what comes from here on, such as 95.5 or 1:35.5 (default: the start)",
    )  # fmt: skip
    slow.add_argument(
        "--to", type=moment, metavar="TIME", dest="end",
        help="and before this time (default: the end)",
    )  # fmt: skip
    slow.add_argument(
        "--codec", choices=tuple(CODECS),
        help="of the output: "
        + ", ".join(f"{name} ({codec.title})" for name, codec in CODECS.items())
        + " (default: what the output's name says, H.264 where it says nothing)",
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
        "--longest-hold", type=positive_int, metavar="N",
        help="a drawing held for more frames rests, and does not move (default: 6, at more than "
        "24 frames a second a quarter of a second)",
    )  # fmt: skip
    slow.add_argument(
        "--xsheet", type=path, metavar="FILE",
        help="go by this exposure sheet, which may be edited, instead of finding the drawings",
    )  # fmt: skip
    add_model_options(slow)
    slow.add_argument("--overwrite", action="store_true", help="replace an existing output")
    slow.add_argument(
        "--resume", action="store_true",
        help="go on with the frames of a run that was cut off; stopped again, they are kept again",
    )  # fmt: skip
    slow.add_argument("--strict", action="store_true", help=STRICT_HELP)
    slow.set_defaults(run=run_slow)


def run_slow(args: argparse.Namespace) -> None:
    """Run ``nakawari slow``: one clip directly, several clips or a watched folder by a queue."""
    if args.end is not None and args.end <= args.begin:
        raise UserError("--to must be later than --from; give a time after it")
    if args.slow is not None and args.ramp is not None:
        raise UserError("--slow and --ramp both say how fast the clip passes; give one of them")
    if args.watch is not None:
        from nakawari.cli.slowing.watch import run_watch

        run_watch(args)
    elif len(args.inputs) > 1 or (args.output is not None and args.output.is_folder):
        from nakawari.cli.slowing.many import run_many

        run_many(args)
    else:
        _run_one(args)


def _run_one(args: argparse.Namespace) -> None:
    """Slow down one clip: check the arguments, load the model, draw, print a summary."""
    if not args.inputs:
        raise UserError("no INPUT is given; name a video file, or a folder with --watch")
    (source,) = args.inputs
    output = args.output.path if args.output else default_output(source, args)
    settings = settings_of(args, source, output)
    job = replace(settings.job(), resume=args.resume)
    with ProgressBar() as bar:
        result = run_with(
            load_interpolator,
            job,
            settings,
            tell=bar.tell,
            on_read=partial(bar.on_frame, stage="reading"),
            on_frame=partial(bar.on_frame, stage="drawing"),
        )
    tally, sheet = result.tally, result.sheet
    text = (
        f"{result.output}: {float(result.duration):.3f} s at {float(result.rate):.3f} frames/s, "
        f"{result.width}x{result.height}\n"
        f"{count(len(sheet.drawings), 'drawing')} in {count(len(sheet.shots), 'shot')}; "
        f"{count(tally.drawn, 'frame')} drawn, {tally.passed} passed through unchanged\n"
        f"exposure sheet: {result.sheet_path}\n"
        f"took {result.seconds:.1f} s"
    )
    if result.takes is not None:
        text += "\n".join([f", {takes_words(result.takes)}", *_takes_lines(result.takes)])
    print(printable(text))


def _takes_lines(takes: TakesResult) -> list[str]:
    """Return a line for each interval to check."""
    from nakawari.xsheet.show.text import timecode

    return [
        f"  {timecode(unsure.begins)} to {timecode(unsure.ends)}: from frame {unsure.start} to "
        f"frame {unsure.next}, spread {unsure.spread:.1f}"
        for unsure in takes.unsure
    ]
