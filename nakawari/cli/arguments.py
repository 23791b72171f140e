"""The types of arguments, and the parser that reports a bad one in one line."""

from __future__ import annotations

import argparse
import os
import re
import sys
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, NoReturn

from nakawari.errors import UserError
from nakawari.pace import Pace, RampPoint
from nakawari.video.names import NamePattern
from nakawari.whole import check_name
from nakawari.wording import printable

BAD_INPUT = 2  # exit status
# H.264 and MP4 store a rate as two 32-bit numbers.
MAX_RATE = 1000
MAX_RATE_DENOMINATOR = 1_000_000
MAX_FACTOR = 1000
MAX_PATH = 4096  # bytes that the system takes for a path
# Fraction("1e999999999") is an exact number of a billion digits, and takes as long to write down.
MAX_NUMBER_LENGTH = 40
LONG_EXPONENT = re.compile(r"e[+-]?[\d_]{4}", re.IGNORECASE)
MAX_SEED = 2**63 - 1
INPUT_RATE_HELP = "frames a second of a sequence of pictures (default: 24)"
STRICT_HELP = "refuse a clip in which anything is damaged, instead of bridging it"


class Parser(argparse.ArgumentParser):
    """Reports a bad argument in one line, as every other error."""

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """Parse; the words are remembered for an error."""
        self._words = list(sys.argv[1:] if args is None else args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Print the one line, and exit."""
        for word in getattr(self, "_words", []):
            if len(word) > 1 and word.startswith("-") and os.path.exists(word):
                message = f"{word!r} looks like an option; write ./{word} to name the file"
        message = " ".join(message.split())
        print(f"nakawari: {printable(message)}; see {self.prog} --help", file=sys.stderr)
        sys.exit(BAD_INPUT)


def path(text: str) -> Path:
    """Parse the name of a file or folder: one that can exist."""
    given = Path(text)
    try:
        check_name(given, "argument")
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if len(os.fsencode(given)) >= MAX_PATH:
        raise argparse.ArgumentTypeError(
            f"{text[:MAX_NUMBER_LENGTH]!r}… is {len(text)} characters long; give a shorter path"
        )
    return given


class Target(NamedTuple):
    """Where outputs go: a file, or a folder that takes them."""

    path: Path
    ends_with_slash: bool  # which only a folder's name does; it need not exist
    picture_names: str | None = None  # of a sequence of pictures, which is in the folder ``path``

    @property
    def is_folder(self) -> bool:
        """Whether it can only be a folder that takes outputs."""
        return self.picture_names is None and (self.ends_with_slash or self.path.is_dir())


def target(text: str) -> Target:
    """Parse the name of a file that is written, or of a folder that files are written into."""
    given = path(text)
    if NamePattern.of(given.name) is not None and not text.endswith("/"):
        return Target(given.parent, False, given.name)
    return Target(given, text.endswith("/"))


def plain_file(text: str) -> Path:
    """Parse the name of a file that is read whole: no FIFO, which may never end, and no device."""
    given = path(text)
    if given.exists() and not given.is_file():
        raise argparse.ArgumentTypeError(f"{text} is not a file; name one")
    return given


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


def _ranged(text: str, limit: int, what: str) -> Fraction:
    value = _positive_fraction(text)
    if not Fraction(1, limit) <= value <= limit:
        raise argparse.ArgumentTypeError(
            f"{text!r} is out of range; give a {what} from 1/{limit} to {limit}"
        )
    return value


def factor(text: str) -> Fraction:
    """Parse a slow-motion factor: a whole, decimal or fractional number above 0."""
    return _ranged(text, MAX_FACTOR, "factor")


def rate(text: str) -> Fraction:
    """Parse a frame rate: a whole, decimal or fractional number above 0 [frames/s]."""
    return _ranged(text, MAX_RATE, "rate").limit_denominator(MAX_RATE_DENOMINATOR)


def moment(text: str) -> Fraction:
    """Parse a time in a clip [s]: seconds, or hours and minutes before them."""
    parts = re.fullmatch(r"(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,6}(?:\.\d{1,9})?)", text, re.ASCII)
    if parts is None:
        raise argparse.ArgumentTypeError(
            f"{text[:MAX_NUMBER_LENGTH]!r} is no time; give one such as 95, 95.5 or 1:35.5"
        )
    hours, minutes, seconds = parts.groups(default="0")
    return 3600 * int(hours) + 60 * int(minutes) + Fraction(seconds)


def ramp(text: str) -> Pace:
    """Parse the points of a ramp: TIME:SPEED, TIME:SPEED and so on."""
    points: list[RampPoint] = []
    for word in text.split(","):
        time, colon, speed = (part.strip() for part in word.rpartition(":"))
        if not colon:
            raise argparse.ArgumentTypeError(
                f"{word.strip()[:MAX_NUMBER_LENGTH]!r} is not TIME:SPEED; "
                'give points such as "0:1, 2.5:0.25"'
            )
        point = RampPoint(moment(time), _ranged(speed, MAX_FACTOR, "speed"))
        if points and point.time <= points[-1].time:
            raise argparse.ArgumentTypeError(
                f"{time} does not come after the time before it; give the points in order"
            )
        points.append(point)
    return Pace(tuple(points))


def positive_int(text: str) -> int:
    """Parse a whole number above 0."""
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
