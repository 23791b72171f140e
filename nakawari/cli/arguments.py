"""The types of arguments, and the parser that reports a bad one in one line."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import NamedTuple, NoReturn

from nakawari.errors import UserError
from nakawari.parsing import MAX_NUMBER_LENGTH, whole_number
from nakawari.video.files.names import NamePattern
from nakawari.whole import check_name
from nakawari.wording import printable

BAD_INPUT = 2  # exit status
MAX_PATH = 4096  # bytes of the longest path that the system accepts
INPUT_RATE_HELP = "frames a second of a sequence of pictures (default: 24)"
STRICT_HELP = "refuse a clip in which anything is damaged, instead of bridging it"


class Parser(argparse.ArgumentParser):
    """Reports a bad argument in one line, like every other error."""

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """Parse the words, and remember them for the error message."""
        self._words = list(sys.argv[1:] if args is None else args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Print the error in one line, and exit with ``BAD_INPUT``."""
        for word in getattr(self, "_words", []):
            if len(word) > 1 and word.startswith("-") and os.path.exists(word):
                message = f"{word!r} looks like an option; write ./{word} to name the file"
        message = " ".join(message.split())
        print(f"nakawari: {printable(message)}; see {self.prog} --help", file=sys.stderr)
        sys.exit(BAD_INPUT)


def path(text: str) -> Path:
    """Parse the path of a file or folder; it is refused if it is too long to exist."""
    given = Path(text)
    try:
        check_name(given)
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
    ends_with_slash: bool  # so it is a folder, even if it does not exist yet
    picture_names: str | None = None  # of a sequence of pictures, which goes to the folder ``path``

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder that takes outputs, and not an output itself."""
        return self.picture_names is None and (self.ends_with_slash or self.path.is_dir())


def target(text: str) -> Target:
    """Parse the path of a file to write, or of a folder into which files are to be written."""
    given = path(text)
    if NamePattern.of(given.name) is not None and not text.endswith("/"):
        return Target(given.parent, False, given.name)
    return Target(given, text.endswith("/"))


def plain_file(text: str) -> Path:
    """Parse the path of a file that is read whole.

    A device is refused, and so is a FIFO, which may never end.
    """
    given = path(text)
    if given.exists() and not given.is_file():
        raise argparse.ArgumentTypeError(f"{text} is not a file; name one")
    return given


def positive_int(text: str) -> int:
    """Parse a whole number above 0, of ``MAX_NUMBER_LENGTH`` digits at most."""
    value = whole_number(text)
    if not value:
        shown = repr(text[:MAX_NUMBER_LENGTH])
        raise argparse.ArgumentTypeError(f"{shown} is not a whole number above 0")
    return value
