"""How fast the exposure sheet of a clip is made, and how much memory that takes."""

import multiprocessing
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av

from nakawari.errors import UserError
from nakawari.memory import own_peak_mib
from nakawari.xsheet.detect import detect

LOOPS = 4


class Run(NamedTuple):
    """The measurements of one detection, in a process of its own."""

    frames: int
    rate: Fraction  # frames a second of the clip
    seconds: float
    processor_seconds: float  # sum of all threads; other work on the machine hardly changes it
    peak_mib: float  # of the process


def measure_speed(clip: Path, loops: int = LOOPS) -> str:
    """Detect the sheets of a clip and of the clip looped ``loops`` times; return a table.

    Raises ``UserError`` if the clip cannot be read.
    """
    with tempfile.TemporaryDirectory() as folder:
        looped = Path(folder) / f"looped{clip.suffix}"
        loop_clip(clip, looped, loops)
        runs = {"the clip": _measure_apart(clip), f"looped {loops} times": _measure_apart(looped)}
    lines = [
        "| clip | frames | frames/s | × its rate | processor time a frame | peak memory |",
        "|:--|--:|--:|--:|--:|--:|",
    ]
    for name, run in runs.items():
        speed = run.frames / run.seconds
        lines.append(
            f"| {name} | {run.frames} | {speed:.1f} | {speed / run.rate:.2f} "
            f"| {1000 * run.processor_seconds / run.frames:.1f} ms | {run.peak_mib:.0f} MiB |"
        )
    return "\n".join(lines)


def loop_clip(clip: Path, looped: Path, loops: int) -> None:
    """Write a clip's video stream several times in a row, without encoding it again."""
    if not clip.is_file():
        raise UserError(f"{clip} does not exist; check --speed")
    with av.open(str(looped), "w") as output:
        stream, offset = None, 0
        for _ in range(loops):
            with av.open(str(clip)) as source:
                video = source.streams.video[0]
                if stream is None:
                    stream = output.add_stream_from_template(video)
                end = 0
                for packet in source.demux(video):
                    if packet.pts is None or packet.dts is None:
                        continue
                    end = max(end, packet.pts + (packet.duration or 0))
                    packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                    packet.stream = stream
                    output.mux(packet)
                offset += end


def _measure_apart(clip: Path) -> Run:
    """Measure in a new process, so that the peak memory is that of this clip alone."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure, (clip,))


def _measure(clip: Path) -> Run:
    begin, processor_begin = time.perf_counter(), time.process_time()
    sheet = detect(clip).sheet
    seconds = time.perf_counter() - begin
    processor_seconds = time.process_time() - processor_begin
    return Run(sheet.frames, sheet.fps, seconds, processor_seconds, own_peak_mib())
