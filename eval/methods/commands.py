"""Any program that draws a frame between two files, as a method."""

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
"""For one frame; a program that takes longer fails its cell."""


def named(arguments: list[str], option: str, what: str) -> dict[str, str]:
    """Take ``NAME=WHAT`` arguments of an ``option`` apart; ``UserError`` where that cannot be."""
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
    """Make a method of a command line such as ``rife {frame_0} {frame_1} {frame_time} {output}``.

    It is split into words as a shell would, but run without one. Frames are given as 8-bit RGB
    PNGs, and the program writes a picture of the same size at ``{output}`` (``.png``). Raises
    ``UserError`` for a field that is unknown or missing, and for a program that is not there.
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
    """Return the peak memory [MiB] of the program drawing one frame."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        filled = _filled(shlex.split(template), sample, Path(folder))
        return program_peak_mib(filled, MOST_SECONDS)


def _filled(words: list[str], sample: Sample, folder: Path) -> list[str]:
    """Write both frames into a folder, and the command line that draws the one between."""
    paths = {name: folder / f"{name}.png" for name in ("frame_0", "frame_1", "output")}
    write_png(pixels_from_frame(sample.frame_0), paths["frame_0"])
    write_png(pixels_from_frame(sample.frame_1), paths["frame_1"])
    return [word.format(**paths, frame_time=sample.frame_time.item()) for word in words]


def _run(words: list[str], sample: Sample) -> Tensor:
    """Draw one frame; ``UserError`` with the program's last line if it does not."""
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
