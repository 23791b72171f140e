"""What the command line of ``nakawari slow`` asks of one clip, and how its result is told."""

from __future__ import annotations

import argparse
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from nakawari.video.codecs import CODECS
from nakawari.wording import count

if TYPE_CHECKING:
    from nakawari.queue.settings import SlowSettings
    from nakawari.slowmo.slow_job import TakesResult

USUAL_FACTOR = Fraction(4)


def default_output(source: Path, args: argparse.Namespace) -> Path:
    """Return where the output goes without ``-o``: beside the input, named after the factor.

    With a ramp instead of a factor, the name says so.
    """
    from nakawari.video.files.sequence import clip_name

    slow = f"slow{float(args.slow or USUAL_FACTOR):.4g}x".replace("+", "")
    name = slow if args.ramp is None else "ramp"
    named = clip_name(source)
    codec = CODECS[args.codec or "h264"]
    ending = "" if codec.is_sequence else codec.ending
    return named.with_name(f"{named.name}.{name}{ending}")


def settings_of(args: argparse.Namespace, source: Path, output: Path) -> SlowSettings:
    """Return the settings that the command line gives for one clip."""
    from nakawari.queue.settings import SlowSettings

    return SlowSettings(
        source=source,
        output=output,
        factor=args.slow or USUAL_FACTOR,
        ramp=args.ramp,
        rate=args.fps,
        input_rate=args.input_fps,
        begin=args.begin,
        end=args.end,
        codec=args.codec,
        picture_names=args.output.picture_names if args.output else None,
        audio=args.audio,
        holds=args.holds,
        longest_hold=args.longest_hold,
        xsheet=args.xsheet,
        model=args.model,
        steps=args.steps,
        seed=args.seed,
        device=args.device,
        overwrite=args.overwrite,
        strict=args.strict,
        takes=args.takes,
    )


def takes_words(takes: TakesResult) -> str:
    """Return the result of comparing takes in one line."""
    words = f"about {takes.seconds:.1f} s of it for takes: "
    words += f"{count(takes.compared, 'interval')} compared, {len(takes.unsure)} to check"
    return f"{words} in {takes.folder}" if takes.unsure else words
