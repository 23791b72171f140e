"""OpenTimelineIO: the cuts of a clip as an edit of that clip, a piece for every shot.

Nothing is retimed, because retimes do not survive in the programs that read the format. The
drawings are in the metadata, which these programs keep. The JSON is written here, by its documented
schemas. Their first versions are used, so that old readers know them. In the tests, the format's
own library reads it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nakawari.xsheet.sheet.sheet import ExposureSheet, Shot

METADATA = "nakawari"  # the key of our own metadata
SCHEMA = "OTIO_SCHEMA"


def otio(sheet: ExposureSheet, media: Path | None) -> str:
    """Return a sheet as a timeline with one video track.

    Args:
        sheet: the clip's sheet.
        media: the clip's file; ``None`` if it is not known where it is.
    """
    reference = _reference(sheet, media)
    clips = [_clip(sheet, shot, number, reference) for number, shot in enumerate(sheet.shots, 1)]
    track = {SCHEMA: "Track.1", "name": sheet.clip, "kind": "Video", "children": clips}
    stack = {SCHEMA: "Stack.1", "name": "tracks", "children": [track]}
    timeline = {SCHEMA: "Timeline.1", "name": sheet.clip, "tracks": stack}
    return json.dumps(timeline, ensure_ascii=False, indent=1) + "\n"


def is_timeline(text: str) -> bool:
    """Return whether a file's text is a timeline in this format."""
    if SCHEMA not in text:
        return False
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict) and str(content.get(SCHEMA)).startswith("Timeline.")


def _clip(sheet: ExposureSheet, shot: Shot, number: int, reference: dict) -> dict[str, Any]:
    takes = [vars(take) for take in sheet.takes if shot.start <= take.start <= shot.end]
    return {
        SCHEMA: "Clip.1",
        "name": f"{sheet.clip} shot {number}",
        "source_range": _range(sheet, shot.start, shot.end + 1),
        "media_reference": reference,
        "metadata": {
            METADATA: {
                "first_frame": shot.start,
                "last_frame": shot.end,
                "cadence": shot.cadence,
                "drawings": [drawing.start for drawing in sheet.drawings_of(shot)],
                **({"takes": takes} if takes else {}),
            }
        },
    }


def _reference(sheet: ExposureSheet, media: Path | None) -> dict[str, Any]:
    if media is None:
        return {SCHEMA: "MissingReference.1", "name": sheet.clip}
    return {
        SCHEMA: "ExternalReference.1",
        "name": sheet.clip,
        "target_url": media.absolute().as_uri(),
        "available_range": _range(sheet, 0, sheet.frames),
    }


def _range(sheet: ExposureSheet, start: int, end: int) -> dict[str, Any]:
    """Return the time from a frame to before another."""
    first, after = (sheet.clock.time(frame) * sheet.fps for frame in (start, end))
    times = [
        {SCHEMA: "RationalTime.1", "value": float(time), "rate": float(sheet.fps)}
        for time in (first, after - first)
    ]
    return {SCHEMA: "TimeRange.1", "start_time": times[0], "duration": times[1]}
