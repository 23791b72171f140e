"""How much room on the disk a job takes, estimated before it begins.

While it is made, an output is on the disk twice: as the file itself, and as frames that are kept
without loss until the file is whole (see ``segments``). Takes add the clips to choose from, which
stay. They also add the pictures by which they are compared, kept without loss until the output is
whole (see ``compared``). Where in-betweens are not to be drawn twice, they stay as well (see
``drawn``).

How large an encoded picture becomes is not known before it is drawn. Two things are known: how
large it can become, by its number of pixels, and how much detail the input has, by the bits that
its encoder spent on a frame. An intra-frame codec takes about the same number of bytes for each
pixel, whatever is shown. The other codecs take a roughly constant multiple of the input's bits for
each frame; the numbers below are measured.

The estimates are low on purpose. A user who is refused wrongly cannot go on. A user who runs out of
room keeps the frames that are drawn, and can go on after making some room.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from nakawari.errors import UserError
from nakawari.slowmo.kept.drawn import MOST_BYTES
from nakawari.slowmo.takes import CODEC as TAKES_CODEC
from nakawari.slowmo.takes import SMALLER
from nakawari.slowmo.timing.retiming import OutputClock
from nakawari.video.codecs import Codec
from nakawari.video.pictures.lossless import FFV1, H264, encoder_for
from nakawari.video.reader import ClipInfo
from nakawari.wording import size

SOUND_BYTES = {"aac": 24_000, "libopus": 24_000, "flac": 96_000, "pcm_s16le": 192_000}
"""Bytes that a second of stereo sound takes, by the name of FFmpeg's encoder."""


class Growth(NamedTuple):
    """How many bytes a frame of the output takes, at least and at most."""

    of_input: float | None  # times the bytes of an input frame; None: the input does not matter
    least: float  # bytes a pixel
    most: float  # bytes a pixel
    deep: float = 1.0  # all of these times this where a channel has more than 8 bits


# Measured at 512x288 on three clips on twos, slowed four times by optical flow: the sample, one
# with grain, and one as aired. Bytes of an output frame as a multiple of those of an input frame:
# 1.3, 1.3 and 1.9 in H.264; 1.3, 0.9 and 1.8 in H.265; 1.1, 0.6 and 1.6 in VP9; 4.1, 3.8 and 4.7
# for a frame that is kept. If the input is strongly compressed (CRF 26), they take many times
# more. At that size, and with the sample enlarged to 1920x1080, a pixel took 0.74 and 0.45
# bytes in ProRes, 0.44 and 0.44 in DNxHR, 0.41 and 0.19 in FFV1. Frames in which nothing moves take
# next to nothing, hence the low bounds below.
# Half a second of the sample, slowed in the same way, took 1.45 times the bytes of an input frame
# in H.264, 1.46 in H.265, 1.42 in AV1, and 4.2 as kept frames (7.1 with ten bits). A pixel took 1.2
# bytes in PNG (3.7 with 16 bits), 0.10 in GIF, 0.74 in ProRes 422 HQ and 1.0 in ProRes 4444. In
# frames kept by FFV1, with RGB, transparency or 16 bits, it took 0.61 to 0.75.
GROWTH = {
    "libx264": Growth(1.2, 0.002, 0.5),
    "libx265": Growth(0.9, 0.002, 0.5),
    "libvpx-vp9": Growth(0.6, 0.002, 0.5),
    "ffv1": Growth(None, 0.2, 0.2),
    "prores_ks": Growth(None, 0.44, 0.44),
    "dnxhd": Growth(None, 0.44, 0.44),
    "libsvtav1": Growth(0.8, 0.002, 0.5),
    "png": Growth(None, 0.5, 0.5, deep=3.0),
    "gif": Growth(None, 0.04, 0.04),
}
"""Of an output frame, by the name of FFmpeg's encoder."""
KEPT = {H264: Growth(3.5, 0.01, 0.7, deep=1.7), FFV1: Growth(None, 0.3, 0.3)}
"""Of a frame that is kept without loss, by the name of FFmpeg's encoder."""


UNSURE_SHARE = 0.2
"""Share of the output's frames that are in intervals whose takes are to be checked: 12 of the
sample clip's 55 intervals are."""
MIDDLE_BYTES = 0.3 / SMALLER**2
"""Bytes, for each pixel of the clip, of a picture by which takes are compared: FFV1, RGB, smaller
by ``SMALLER``."""
HELD = 3
"""Frames for which a drawing of the input is assumed to be held: on threes, so that too few
drawings are counted rather than too many."""


class Room(NamedTuple):
    """What one job takes on the disk [bytes]."""

    output: int  # 0 or more
    kept: int  # frames that are kept until the output is whole; 0 or more
    freed: int = 0  # at the end, by the older output that it replaces
    beside: int = 0  # takes to choose from, and in-betweens that are not drawn twice; 0 or more


class Beside(NamedTuple):
    """What a job leaves beside its output."""

    takes: int = 1  # number of seeds that are compared
    drawn: int | None = None  # bytes that stored in-betweens may take; None: they are not stored


NOTHING_BESIDE = Beside()


def room_for(
    info: ClipInfo,
    codec: Codec,
    clock: OutputClock,
    has_sound: bool,
    beside: Beside = NOTHING_BESIDE,
) -> Room | None:
    """Return about how much room a job takes; ``None`` if the input does not say how long it is.

    Args:
        info: the input.
        codec: the output's codec.
        clock: the output's rate and pace.
        has_sound: whether the output has sound.
        beside: what else the job makes.
    """
    if info.duration is None:
        return None
    frames = clock.first_index(info.duration)
    seconds = float(frames / clock.rate)
    sound = SOUND_BYTES[codec.sound] * seconds if has_sound and codec.sound else 0.0
    frame = _frame_bytes(KEPT[encoder_for(info.form)], info)
    kept, takes, drawn = frames * frame, 0.0, 0.0
    if beside.takes > 1:
        unsure = frames * UNSURE_SHARE
        takes = beside.takes * unsure * _frame_bytes(GROWTH[TAKES_CODEC.encoder], info)
        drawings = float(info.duration * info.rate) / HELD
        middles = beside.takes * drawings * MIDDLE_BYTES * info.width * info.height
        drawn = (beside.takes - 1) * unsure * frame + middles
    if beside.drawn is None:
        kept += min(drawn, MOST_BYTES)
        drawn = 0.0
    else:
        drawn = min(drawn + frames * frame, beside.drawn)
    return Room(
        output=round(frames * _frame_bytes(GROWTH[codec.encoder], info) + sound),
        kept=round(kept),
        beside=round(takes + drawn),
    )


def peak(rooms: Iterable[Room]) -> int:
    """Return the most room [bytes] that jobs take at any time if they are done one by one."""
    most = taken = 0
    for room in rooms:
        taken += room.output + room.beside
        most = max(most, taken + room.kept)
        taken -= room.freed
    return most


def check_room(rooms: Iterable[Room], folder: Path, what: str) -> None:
    """Raise ``UserError`` if a folder's disk has too little room for jobs done one by one.

    A drive that does not report its size is assumed to have enough. ``what`` is what is to be made,
    for the message.
    """
    rooms = list(rooms)
    needed = peak(rooms)
    also = " and what is made beside it" if any(room.beside for room in rooms) else ""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return
    if usage.total > 0 and needed > usage.free:
        raise UserError(
            f"about {size(needed)} of disk are needed for {what}{also}, the frames that are kept "
            f"meanwhile included, and {folder} has {size(usage.free)}; free some, or choose "
            "another folder with -o"
        )


def size_on_disk(path: Path) -> int:
    """Return how many bytes a file takes, or the files of a folder; 0 if it does not exist."""
    if path.is_dir():
        return sum(entry.stat().st_size for entry in os.scandir(path) if entry.is_file())
    return path.stat().st_size if path.exists() else 0


def _frame_bytes(growth: Growth, info: ClipInfo) -> float:
    pixels = info.width * info.height
    deep = 1.0 if info.form.bits == 8 else growth.deep
    least, most = growth.least * pixels * deep, growth.most * pixels * deep
    if growth.of_input is None or info.bit_rate is None:
        return least
    of_input = info.bit_rate / 8 / float(info.rate)
    return min(max(growth.of_input * of_input * deep, least), most)
