"""Which outputs a browser plays as they are, and where the copy of the others is."""

from __future__ import annotations

from pathlib import Path

from nakawari.queue.settings import SlowSettings

PLAYED = ("h264", "vp9")


def plays(settings: SlowSettings) -> bool:
    """Return whether every usual browser plays the output of a job."""
    return (settings.codec or "h264") in PLAYED


def playable_copy(settings: SlowSettings) -> Path:
    """Return where the copy of an output is that browsers do not play."""
    return settings.output.with_name(f"{settings.output.name}.proxy.mp4")


def playable(settings: SlowSettings) -> Path:
    """Return the file that a browser plays of a job."""
    return settings.output if plays(settings) else playable_copy(settings)
