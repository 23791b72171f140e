"""Previews: the second around a frame, at a small size, drawn by a worker of their own."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from nakawari.errors import UserError
from nakawari.parsing import MAX_FACTOR
from nakawari.queue.settings import SlowSettings
from nakawari.queue.store import JobStore
from nakawari.queue.worker import cancel
from nakawari.serve.clips.library import Clip
from nakawari.serve.clips.proxy import write_proxy
from nakawari.serve.jobs.requesting import MODELS, add_job, keep_sheet, source_frames
from nakawari.xsheet.sheet.editing import part_of
from nakawari.xsheet.sheet.sheet import ExposureSheet

LARGEST = (384, 216)  # px, width and height at most
# At 256x144, Nakawari's own model takes 0.26 s of one core for an interval, and 0.17 s for each
# in-between of it. At 384x216 it takes 0.37 s and 0.27 s. So one core draws a second on twos in 9 s
# at the smaller size.
LARGEST_OF_MODEL = (256, 144)  # px, the same for that model
FRAMES_OF_MODEL = 48  # most frames of the output that it draws, about
SLOWEST_RATE = Fraction(12)  # frames a second of the output, at least, even if that draws more
SECONDS = Fraction(1)  # of the clip, around the playhead
FOLDER = "previews"
FEWEST = 2  # frames of the clip


class Span(NamedTuple):
    """A run of consecutive frames."""

    first: int
    end: int  # the frame after the last


def span_around(sheet: ExposureSheet, frame: int, seconds: Fraction = SECONDS) -> Span:
    """Return the frames of about ``seconds`` around one frame, beginning with a new drawing.

    Near an end of the clip, the frames that are missing there are added on the other side.
    """
    clock, zero = sheet.clock, Fraction(0)
    latest = max(clock.time(sheet.frames) - seconds, zero)
    begin = min(max(clock.time(frame) - seconds / 2, zero), latest)
    inside = int(clock.frame_at(begin))
    first = max(drawing.start for drawing in sheet.drawings if drawing.start <= inside)
    end = min(sheet.frames, int(clock.frame_at(begin + seconds)) + 1)
    return Span(min(first, end - FEWEST), end)


def begin_preview(
    folder: Path, store: JobStore, clip: Clip, sheet: ExposureSheet, wish: Mapping[str, Any]
) -> dict[str, Any]:
    """Queue a preview, and return what the page must know of it; the owner's earlier ones end.

    Raises ``UserError`` if ``wish`` is not valid.

    Args:
        folder: the folder of all previews.
        store: the queue of the previews.
        clip: the clip that is previewed.
        sheet: its sheet, with all corrections made so far.
        wish: a JSON object with "frame", a number; "factor", a number; "model", a name.
    """
    frame, model, factor = wish.get("frame"), wish.get("model", ""), wish.get("factor", 4)
    if type(frame) is not int or not 0 <= frame < sheet.frames:
        raise UserError(f'"frame" must be one of the clip, 0 to {sheet.frames - 1}')
    if not isinstance(model, str) or model not in MODELS:
        raise UserError(f"model must be one of {', '.join(filter(None, MODELS))}")
    if type(factor) not in (int, float) or not 1 / MAX_FACTOR <= factor <= MAX_FACTOR:
        raise UserError(f"factor must be a number from 1/{MAX_FACTOR} to {MAX_FACTOR}")
    own = folder / clip.owner / clip.number
    _end_earlier(store, folder / clip.owner)
    own.mkdir(parents=True, exist_ok=True)
    span = span_around(sheet, frame)
    source = own / f"{secrets.token_hex(8)}.mp4"
    times = Fraction(factor).limit_denominator(10_000)
    write_proxy(clip.proxy, source, largest=LARGEST if model else LARGEST_OF_MODEL, frames=span)
    part = part_of(sheet, *span)
    settings = SlowSettings(
        source=source,
        output=source.with_suffix(".slow.mp4"),
        factor=times,
        rate=None if model else _rate_of_model(times, sheet.clock.fps),
        audio="drop",
        xsheet=keep_sheet(part, own),
        model=model or None,
        drawn=own / "drawn",
    )
    return {
        "number": add_job(store, settings),
        "frames": [span.first + frame for frame in source_frames(settings, part)],
        "rate": float(settings.rate or sheet.clock.fps),
    }


def _rate_of_model(times: Fraction, rate: Fraction) -> Fraction | None:
    """Return the output's frames a second with Nakawari's own model; ``None`` for the clip's."""
    fewer = max(SLOWEST_RATE, FRAMES_OF_MODEL / (times * SECONDS))
    return fewer if fewer < rate else None


def remove_previews(folder: Path, store: JobStore, clip: Clip) -> None:
    """Cancel the previews of a clip, and remove all their files.

    Args:
        folder: the folder of all previews.
        store: the queue of the previews.
        clip: the clip that was previewed.
    """
    own = folder / clip.owner / clip.number
    _end_earlier(store, own)
    shutil.rmtree(own, ignore_errors=True)


def _end_earlier(store: JobStore, folder: Path) -> None:
    """Cancel the previews whose files are in a folder, and remove those files."""
    for job in store.jobs():
        source = Path(str(job.settings.get("source")))
        if folder in source.parents and source.exists():
            cancel(store, job.number)
            for file in source.parent.glob(f"{source.stem}*"):
                with suppress(OSError):
                    file.unlink()
