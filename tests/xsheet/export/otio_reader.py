"""Read timelines, a JSON string on each line, and tell in a line what the library finds in it."""

from __future__ import annotations

import json
import sys

import opentimelineio


def place(range_: opentimelineio.opentime.TimeRange) -> dict:
    """Return where a time range is [s, and frames]."""
    return {
        "start": range_.start_time.to_seconds(),
        "start_frame": range_.start_time.to_frames(),
        "duration": range_.duration.to_seconds(),
    }


def found(text: str) -> dict:
    """Return what a timeline with one video track holds."""
    timeline = opentimelineio.adapters.read_from_string(text, "otio_json")
    (track,) = timeline.video_tracks()
    places = track.range_of_all_children()
    return {
        "name": timeline.name,
        "frames": timeline.duration().to_frames(),
        "clips": [
            {
                "name": clip.name,
                "place": place(places[clip]),
                "source": place(clip.source_range),
                "effects": len(clip.effects),
                "drawings": list(clip.metadata["nakawari"]["drawings"]),
                **media(clip.media_reference),
            }
            for clip in track
        ],
    }


def media(reference: opentimelineio.core.MediaReference) -> dict:
    """Return what a clip shows."""
    if reference.is_missing_reference:
        return {"is_missing": True}
    return {
        "is_missing": False,
        "target_url": reference.target_url,
        "available": place(reference.available_range),
    }


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(found(json.loads(line))), flush=True)
