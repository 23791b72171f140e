"""External programs that draw the frame between two files, as methods."""

import shlex
import shutil
import string
import subprocess
import tempfile
from pathlib import Path

from torch import Tensor

from eval.methods.method import Draw, Method, MethodSettings, Sample
from eval.sets.pictures import pixels_from_frame, read_frame, write_png
from nakawari.errors import UserError
from nakawari.memory import program_peak_mib

FIELDS = ("frame_0", "frame_1", "frame_time", "output")
MOST_SECONDS = 600
"""Seconds that a program may take for one frame; if it takes longer, the cell has failed."""


def named(arguments: list[str], option: str, what: str) -> dict[str, str]:
    """Split the ``NAME=WHAT`` arguments of an ``option``; ``UserError`` for one that is not so."""
    found = {}
    for argument in arguments:
        name, separator, value = argument.partition("=")
        if not (name and separator and value):
            raise UserError(f"{option} must be NAME={what}, got {argument!r}")
        if name in found:
            raise UserError(f"{option} {name}=... is given twice; use two names")
        found[name] = value
    return found


def command_method(template: str) -> Method:
    """Return a method for a command such as ``rife {frame_0} {frame_1} {frame_time} {output}``.

    The command is split into words as by a shell, but run without a shell. Frames are given as
    8-bit RGB PNGs, and the program writes a picture of the same size to ``{output}`` (``.png``).
    Raises ``UserError`` for a field that is unknown or missing, and for a program that does not
    exist.
    """
    try:
        words = shlex.split(template)
        fields = {
            field
            for word in words
            for _, field, _, _ in string.Formatter().parse(word)
            if field is not None
        }
    except ValueError as error:
        raise UserError(f"--command cannot be read ({error}): {template}") from error
    if unknown := sorted(fields - set(FIELDS)):
        raise UserError(
            f"--command knows no {{{unknown[0]}}}; use {', '.join(f'{{{f}}}' for f in FIELDS)}"
        )
    if missing := [field for field in FIELDS if field not in fields and field != "frame_time"]:
        raise UserError(f"--command must name {{{missing[0]}}}: {template}")
    if shutil.which(words[0]) is None:
        raise UserError(f"--command: there is no program {words[0]!r}; check the path")

    def build(settings: MethodSettings) -> Draw:
        return lambda sample: _run(words, sample)

    return Method(f"`{template}`", build, fingerprint=template)


def command_peak_mib(template: str, sample: Sample) -> float:
    """Return the peak memory [MiB] of the program when it draws one frame."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        filled = _filled(shlex.split(template), sample, Path(folder))
        return program_peak_mib(filled, MOST_SECONDS)


def _filled(words: list[str], sample: Sample, folder: Path) -> list[str]:
    """Write both frames to a folder, and return the command that draws the one between them."""
    paths = {name: folder / f"{name}.png" for name in ("frame_0", "frame_1", "output")}
    write_png(pixels_from_frame(sample.frame_0), paths["frame_0"])
    write_png(pixels_from_frame(sample.frame_1), paths["frame_1"])
    return [word.format(**paths, frame_time=sample.frame_time.item()) for word in words]


def _run(words: list[str], sample: Sample) -> Tensor:
    """Draw one frame; ``UserError`` with the last line of the program's output if it fails."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        filled, output = _filled(words, sample, Path(folder)), Path(folder) / "output.png"
        try:
            done = subprocess.run(
                filled, capture_output=True, stdin=subprocess.DEVNULL, timeout=MOST_SECONDS
            )
        except subprocess.TimeoutExpired as error:
            raise UserError(f"{words[0]} took more than {MOST_SECONDS} s") from error
        if done.returncode:
            said = (done.stderr or done.stdout).decode(errors="replace").split("\n")
            last = next((line.strip() for line in reversed(said) if line.strip()), "said nothing")
            raise UserError(f"{words[0]} ended with status {done.returncode}: {last}")
        if not output.exists():
            raise UserError(f"{words[0]} wrote no {{output}}")
        return read_frame(output).to(sample.frame_0.device)
