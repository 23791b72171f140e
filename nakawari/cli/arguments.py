"""The types of arguments, and the parser that reports a bad one in one line."""

from __future__ import annotations

import argparse
import re
import sys
from fractions import Fraction
from typing import NoReturn

BAD_INPUT = 2  # exit status
# H.264 and MP4 store a rate as two 32-bit numbers.
MAX_RATE = 1000
MAX_RATE_DENOMINATOR = 1_000_000
MAX_FACTOR = 1000
# Fraction("1e999999999") is an exact number of a billion digits, and takes as long to write down.
MAX_NUMBER_LENGTH = 40
LONG_EXPONENT = re.compile(r"e[+-]?[\d_]{4}", re.IGNORECASE)
MAX_SEED = 2**63 - 1


class Parser(argparse.ArgumentParser):
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
