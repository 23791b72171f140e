"""Which outputs a browser can play as they are, and where the copies of the others are."""

from __future__ import annotations

from pathlib import Path

from nakawari.queue.settings import SlowSettings

PLAYED = ("h264", "vp9")


def plays(settings: SlowSettings) -> bool:
    """Return whether every usual browser plays the output of a job."""
    return (settings.codec or "h264") in PLAYED


def playable_copy(settings: SlowSettings) -> Path:
    """Return the path of the playable copy of an output that browsers do not play."""
    return settings.output.with_name(f"{settings.output.name}.proxy.mp4")


def playable(settings: SlowSettings) -> Path:
    """Return the file of a job that a browser can play: its output or the copy."""
    return settings.output if plays(settings) else playable_copy(settings)
