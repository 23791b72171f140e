"""A clip as it is read: its frames, and what is known before they are read."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from nakawari.video.pictures.color import ColorTags
from nakawari.video.pictures.form import PLAIN, PictureForm
from nakawari.video.pictures.picture import Picture


class SourceFrame(NamedTuple):
    """One frame of the input."""

    picture: Picture
    start: Fraction  # s since the first frame
    end: Fraction  # s; the next frame's start, or where the clip ends


@dataclass(frozen=True, kw_only=True)
class ClipInfo:
    """What is known about a clip before it has been read."""

    path: Path
    width: int  # px, of the pictures: upright and even
    height: int
    rate: Fraction  # nominal frames a second
    duration: Fraction | None  # s, as declared; the frames' own times may differ, and are right
    start: Fraction  # s, the first frame's time on the container's clock
    tags: ColorTags
    sample_aspect_ratio: Fraction
    has_audio: bool
    grown: tuple[int, int] = (0, 0)  # columns and rows that were added to make the size even
    sound_tracks: int = 0  # number of tracks that can be decoded
    form: PictureForm = PLAIN  # of the pictures
    bit_rate: int | None = None  # bits a second of the pictures, or of the file; None: not known
