"""The one line for an error that ends a command: the user's, the machine's, or our own."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from typing import NamedTuple

from nakawari.cli.arguments import BAD_INPUT
from nakawari.errors import UserError
from nakawari.memory import is_out_of_memory
from nakawari.wording import printable

OWN_FAULT = 1  # exit status
TRACEBACK_VARIABLE = "NAKAWARI_TRACEBACK"  # if it is 1, the details are printed


class Failure(NamedTuple):
    """The line that is printed, and the exit status."""

    line: str
    status: int


def failure_of(error: Exception) -> Failure:
    """Return what to print for an error that ended a command, and with what status to exit.

    The status is 2 for an error that the user can put right, on the command line or on the machine.
    It is 1 for a fault of Nakawari's own, whose details are written to a file that the line names.
    """
    if os.environ.get(TRACEBACK_VARIABLE) == "1":
        traceback.print_exception(error)
    if isinstance(error, UserError):
        return Failure(one_line(str(error)), BAD_INPUT)
    if is_out_of_memory(error):
        return Failure("not enough memory; use smaller pictures, or free some", BAD_INPUT)
    if _is_of_ffmpeg(error):
        return Failure(
            one_line(f"FFmpeg cannot go on ({error}); check the input, or convert it first"),
            BAD_INPUT,
        )
    if isinstance(error, OSError):
        return Failure(one_line(f"{_os_words(error)}; check the file, or free space"), BAD_INPUT)
    what = one_line(f"{type(error).__name__}: {error}")[:200]
    return Failure(
        f"internal error ({what}); please report it with {_kept_details(error)}", OWN_FAULT
    )


def _is_of_ffmpeg(error: Exception) -> bool:
    """Return whether an error is one of PyAV's; PyAV is not imported just for that."""
    av = sys.modules.get("av")
    return av is not None and isinstance(error, av.error.FFmpegError)


def one_line(text: str) -> str:
    """Return a text as one line that a terminal can show safely."""
    return printable(" ".join(text.split()))


def _os_words(error: OSError) -> str:
    reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
    if error.filename is None:
        return reason
    return f"cannot use {os.fsdecode(os.fspath(error.filename))} ({reason})"


def _kept_details(error: Exception) -> str:
    details = "".join(traceback.format_exception(error)) + f"\ncommand: {sys.argv}\n"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="nakawari-error-", suffix=".txt", delete=False, errors="backslashreplace"
        ) as file:
            file.write(details)
    except OSError:
        return f"what {TRACEBACK_VARIABLE}=1 prints"
    return file.name
