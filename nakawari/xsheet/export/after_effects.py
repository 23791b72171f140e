"""Time-remap keyframes as the text that After Effects puts on the clipboard, and takes from it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from nakawari.xsheet.export.even import EvenSheet, even_sheet
from nakawari.xsheet.sheet.sheet import ExposureSheet

TITLE = "Adobe After Effects 8.0 Keyframe Data"  # the format of 8.0, which all later versions read
PROPERTY = "Time Remap"
END = "End of Keyframe Data"
# After Effects scales pasted positions by these sizes. Times are not scaled, so any sizes will do.
HEAD = (
    "\tSource Width\t1920",
    "\tSource Height\t1080",
    "\tSource Pixel Aspect Ratio\t1",
    "\tComp Pixel Aspect Ratio\t1",
)
# A key points this share of a frame into the frame that it shows. A time exactly where the frame
# begins may be rounded into the frame before, which is another drawing. Halfway would be no better
# for a program that rounds to the nearest frame.
INTO_FRAME = Fraction(1, 4)
DECIMALS = 7  # of a second
LINE_END = "\r\n"  # as on the clipboard of Windows


def after_effects(sheet: ExposureSheet) -> str:
    """Return a sheet as time-remap keyframes.

    Pasted keys are interpolated linearly. A drawing therefore has a key on the first frame that
    shows it and one on the last, both with the time of its first frame. Between the two nothing
    changes, and between the last and the next drawing's first there is no frame.
    """
    even = even_sheet(sheet)
    lines = [
        TITLE,
        "",
        f"\tUnits Per Second\t{_number(even.rate, 6)}",
        *HEAD,
        "",
        PROPERTY,
        "\tFrame\tseconds\t",
        *_keys(sheet, even),
        "",
        END,
        "",
    ]
    return LINE_END.join(lines)


def is_keyframes(text: str) -> bool:
    """Return whether a file's text is time-remap keyframes."""
    return text.startswith("Adobe After Effects ") and PROPERTY in text[:1000]


def _keys(sheet: ExposureSheet, even: EvenSheet) -> Iterator[str]:
    for drawing, (start, end) in zip(sheet.drawings, even.spans, strict=True):
        begins, over = (sheet.clock.time(drawing.start + later) for later in (0, 1))
        seconds = _number(begins + (over - begins) * INTO_FRAME, DECIMALS)
        for frame in sorted({start, end - 1}):
            yield f"\t{frame}\t{seconds}\t"


def _number(value: Fraction, decimals: int) -> str:
    """Return a number without needless zeros, as After Effects writes it."""
    return f"{float(value):.{decimals}f}".rstrip("0").rstrip(".")
