"""Numbers as people write them: a factor, a rate, a time, a ramp, a seed.

The command line and the page accept the same words, and refuse the same ones. All errors are
``argparse.ArgumentTypeError``, whose text is one line: what is wrong, and what to give.
"""

from __future__ import annotations

import argparse
import re
from fractions import Fraction

from nakawari.pace import Pace, RampPoint

# Frames a second, and the largest denominator of that: H.264 and MP4 store a rate as two 32-bit
# numbers.
MAX_RATE = 1000
MAX_RATE_DENOMINATOR = 1_000_000
MAX_FACTOR = 1000
# Characters. Fraction("1e999999999") is an exact number of a billion digits, which takes as long
# to write down. So long numbers and large exponents are refused.
MAX_NUMBER_LENGTH = 40
LONG_EXPONENT = re.compile(r"e[+-]?[\d_]{4}", re.IGNORECASE)
# Points of a ramp. Times are exact sums over all points, so that their digits grow with each. With
# 200 points and the denominators above, a frame's time takes a millisecond to find.
MOST_POINTS = 200
MAX_SEED = 2**63 - 1
MOST_TAKES = 8
"""Takes of one interval: more cannot be told apart side by side."""


def whole_number(text: str, digits: int = MAX_NUMBER_LENGTH) -> int | None:
    """Return the whole number of at most so many ASCII digits that a text is; None for another.

    The limit comes first: Python refuses to parse numbers of over 4,300 digits.
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None


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
    """Parse a slow-motion factor: a whole, decimal or fractional number.

    It may be from 1 / ``MAX_FACTOR`` to ``MAX_FACTOR``.
    """
    return _ranged(text, MAX_FACTOR, "factor")


def rate(text: str) -> Fraction:
    """Parse a frame rate [frames/s]: a whole, decimal or fractional number.

    It may be from 1 / ``MAX_RATE`` to ``MAX_RATE``, and is rounded to ``MAX_RATE_DENOMINATOR``.
    """
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
    """Parse the points of a ramp: TIME:SPEED, TIME:SPEED and so on, ``MOST_POINTS`` at most.

    Speeds are rounded as rates are.
    """
    points: list[RampPoint] = []
    words = text.split(",")
    if len(words) > MOST_POINTS:
        raise argparse.ArgumentTypeError(
            f"a ramp of {len(words)} points is too long; give {MOST_POINTS} at most"
        )
    for word in words:
        time, colon, speed = (part.strip() for part in word.rpartition(":"))
        if not colon:
            raise argparse.ArgumentTypeError(
                f"{word.strip()[:MAX_NUMBER_LENGTH]!r} is not TIME:SPEED; "
                'give points such as "0:1, 2.5:0.25"'
            )
        exact = _ranged(speed, MAX_FACTOR, "speed")
        point = RampPoint(moment(time), exact.limit_denominator(MAX_RATE_DENOMINATOR))
        if points and point.time <= points[-1].time:
            raise argparse.ArgumentTypeError(
                f"{time} does not come after the time before it; give the points in order"
            )
        points.append(point)
    return Pace(tuple(points))


def takes(text: str) -> int:
    """Parse a number of takes: a whole number from 1 to ``MOST_TAKES``."""
    value = whole_number(text, digits=2)
    if value is None or not 1 <= value <= MOST_TAKES:
        raise argparse.ArgumentTypeError(
            f"{text[:MAX_NUMBER_LENGTH]!r} is no number of takes; give a whole number from 2 to "
            f"{MOST_TAKES}, or 1 to compare none"
        )
    return value


def seed(text: str) -> int:
    """Parse a seed: a whole number that torch accepts, from 0 to 2**63 - 1."""
    value = whole_number(text, digits=len(str(MAX_SEED)))
    if value is None or value > MAX_SEED:
        raise argparse.ArgumentTypeError(
            f"{text[:MAX_NUMBER_LENGTH]!r} is no seed; give a whole number from 0 to {MAX_SEED}"
        )
    return value
