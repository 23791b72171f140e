"""What pictures hold: how many bits a channel, how much colour, and whether transparency.

The codecs' descriptions use this module, so it loads nothing that is slow to load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from av import VideoFormat

CHROMAS = ("420", "422", "444", "rgb")
"""From the least colour to the most: a chroma sample for 2×2 pixels, for 2×1, for each; and RGB."""
BITS = (8, 10, 12, 16)
RGB_GAIN = 2
"""Additional bits with which the codes of a matrix give back every colour of RGB. With one bit
more, a step of such a code moves a colour by 0.8 of a step of RGB. With two, it moves the colour by
0.4, which is lost in rounding."""


class PictureForm(NamedTuple):
    """What pictures hold."""

    chroma: str  # one of CHROMAS
    bits: int  # a channel, one of BITS
    alpha: bool  # whether they can be transparent

    @classmethod
    def of(cls, format: VideoFormat) -> PictureForm:
        """Return the least form that keeps everything that one of FFmpeg's formats holds."""
        bits = max(component.bits for component in format.components)
        alpha = format.has_palette or any(component.is_alpha for component in format.components)
        if format.is_rgb or format.has_palette:
            chroma = "rgb"
        else:
            shared = (8 // (format.chroma_width(8) or 8), 8 // (format.chroma_height(8) or 8))
            is_grey = sum(not component.is_alpha for component in format.components) == 1
            chroma = "420" if is_grey else _chroma(*shared)
        return cls(chroma, next((least for least in BITS if least >= bits), BITS[-1]), alpha)

    @property
    def pixel_format(self) -> str:
        """FFmpeg's name of planes of this form."""
        alpha = "a" if self.alpha else ""
        ending = "" if self.bits == 8 else f"{self.bits}le"
        return f"gbr{alpha}p{ending}" if self.is_rgb else f"yuv{alpha}{self.chroma}p{ending}"

    @property
    def is_rgb(self) -> bool:
        """Whether the planes are green, blue and red, and not luma and two differences."""
        return self.chroma == "rgb"

    @property
    def shared(self) -> tuple[int, int]:
        """How many columns, and how many rows, of pixels share one chroma sample."""
        return {"420": (2, 2), "422": (2, 1)}.get(self.chroma, (1, 1))

    def at_most(self, other: PictureForm) -> PictureForm:
        """Return this form reduced to what ``other`` can hold."""
        bits, chroma = self.bits, min(self.chroma, other.chroma, key=CHROMAS.index)
        if self.is_rgb and chroma != "rgb":
            bits = next((more for more in BITS if more >= bits + RGB_GAIN), BITS[-1])
        return PictureForm(chroma, min(bits, other.bits), self.alpha and other.alpha)

    def holds(self, other: PictureForm) -> bool:
        """Return whether nothing of ``other`` is lost in this form."""
        has_colour = CHROMAS.index(self.chroma) >= CHROMAS.index(other.chroma)
        return has_colour and self.bits >= other.bits and self.alpha >= other.alpha


PLAIN = PictureForm("420", 8, False)
"""The form in which pictures are looked at, and that of most video."""


def _chroma(columns: int, rows: int) -> str:
    if rows == 1:
        return "444" if columns == 1 else "422"
    return "444" if columns == 1 else "420"  # 4:4:0 is rare, and nothing of it is lost in 4:4:4
