"""Turns a request of the page into a job of the queue, and a job into what the page shows."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from nakawari.errors import UserError
from nakawari.pace import Pace
from nakawari.parsing import factor, ramp, rate, takes
from nakawari.queue.settings import SlowSettings
from nakawari.queue.store import Job, JobStore, NewJob, State
from nakawari.serve.clips.library import Clip
from nakawari.slowmo.kept.source_mark import source_mark
from nakawari.slowmo.timing.retiming import OutputClock
from nakawari.video.codecs import CODECS, check_rate
from nakawari.whole import write_whole
from nakawari.wording import printable
from nakawari.xsheet.sheet.editing import part_of
from nakawari.xsheet.sheet.sheet import ExposureSheet

MODELS = {
    "": "Nakawari",
    "dis": "optical flow (a quick look)",
    "blend": "cross-fade",
    "nearest": "no in-betweens",
}
"""The models, by the name that ``--model`` takes; the first is the shipped model."""
SOUNDS = {"stretch": "slowed, pitch kept", "drop": "left out"}
HOLDS = {"auto": "one drawing", "keep": "every frame its own"}
FIELDS = ("factor", "ramp", "rate", "audio", "holds", "codec", "model", "takes", "first", "last",
          "input_rate")  # fmt: skip


Parsed = TypeVar("Parsed")


class FrameSpan(NamedTuple):
    """A run of consecutive frames."""

    first: int
    end: int  # the frame after the last


def settings_for(
    clip: Clip, sheet: ExposureSheet, wish: Mapping[str, Any], taken: Collection[str]
) -> SlowSettings:
    """Return the settings of a job for a clip; the sheet that it follows is written to disk.

    Raises ``UserError``, with a text of one line, if the job is impossible.

    Args:
        clip: the clip that is slowed down.
        sheet: its sheet, with all corrections made so far.
        wish: what the page asks for, by ``FIELDS``; an empty text is the same as a missing one.
            "input_rate" is the number of pictures a second that the tab shows, of a sequence.
        taken: names of the outputs of other jobs.
    """
    unknown = sorted(set(wish) - set(FIELDS))
    if unknown:
        raise UserError(f"a job has no {printable(', '.join(unknown))}; give {', '.join(FIELDS)}")
    shown = parsed_value(wish, "input_rate", rate)
    if shown is not None and shown != clip.input_rate:
        raise UserError(
            f"{clip.name} is no longer shown at {float(shown):.5g} pictures a second, to which the "
            "times of this order belong; load the page again, and order it anew"
        )
    span = _span(wish, sheet)
    is_whole = span == FrameSpan(0, sheet.frames)
    own = sheet if is_whole else part_of(sheet, *span)
    codec = _chosen(wish, "codec", "h264", CODECS)
    times = parsed_value(wish, "factor", factor) or Fraction(4)
    speeds = parsed_value(wish, "ramp", ramp)
    frames_a_second = parsed_value(wish, "rate", rate)
    check_rate(CODECS[codec], frames_a_second or sheet.clock.fps)
    model = _chosen(wish, "model", "", MODELS) or None
    compared = parsed_value(wish, "takes", takes) or 1
    if compared > 1 and model is not None:
        raise UserError(
            f"{MODELS[model]} draws the same with every seed; choose {MODELS['']} to compare takes"
        )
    return SlowSettings(
        source=clip.source,
        output=clip.results / _output_name(clip, times, speeds, codec, taken),
        factor=times,
        ramp=speeds,
        rate=frames_a_second,
        input_rate=clip.input_rate,
        begin=sheet.clock.time(span.first),
        end=None if span.end == sheet.frames else sheet.clock.time(span.end),
        codec=codec,
        audio=_chosen(wish, "audio", "stretch", SOUNDS),
        holds=_chosen(wish, "holds", "auto", HOLDS),
        xsheet=keep_sheet(own, clip.sheets),
        model=model,
        drawn=clip.drawn,
        takes=compared,
    )


def keep_sheet(sheet: ExposureSheet, folder: Path) -> Path:
    """Write a sheet to a folder under a name made from its content, and return its path."""
    content = sheet.to_json().encode()
    path = folder / f"{sha256(content).hexdigest()[:16]}.json"
    if not path.exists():
        write_whole(path, content, to_disk=True)
    return path


def add_job(store: JobStore, settings: SlowSettings) -> int:
    """Add a job to a queue and return its number."""
    (number,) = store.add([NewJob(settings.to_json(), source_mark(settings.source))])
    return number


def told(job: Job, clip: Clip | None) -> dict[str, Any]:
    """Return what the page shows of a job, as JSON."""
    settings = SlowSettings.from_json(job.settings)
    progress = job.progress
    return {
        "number": job.number,
        "clip": None if clip is None else clip.number,
        "name": settings.source.name,
        "output": settings.output.name,
        "what": _in_words(settings),
        "state": str(job.state),
        "reason": job.reason,
        "stage": progress.stage,
        "done": progress.done,
        "expected": progress.expected,
        "seconds_left": progress.seconds_left,
        "takes": settings.takes,
        "is_there": job.state is State.DONE and settings.output.exists(),
    }


def source_frames(settings: SlowSettings, sheet: ExposureSheet) -> list[int]:
    """Return, for every frame of an output, the frame of the clip that is shown at its time.

    Args:
        settings: the settings of the job that made it.
        sheet: the sheet of the whole clip; only the times of its frames matter.
    """
    clock = sheet.clock
    end = clock.time(sheet.frames) if settings.end is None else settings.end
    pace = settings.ramp or Pace.constant(settings.factor)
    output = OutputClock(rate=settings.rate or clock.fps, pace=pace)
    frames = output.first_index(end - settings.begin)
    last = sheet.frames - 1
    return [
        min(int(clock.frame_at(settings.begin + output.input_time(index))), last)
        for index in range(frames)
    ]


def _span(wish: Mapping[str, Any], sheet: ExposureSheet) -> FrameSpan:
    first = _whole(wish, "first", 0)
    last = _whole(wish, "last", sheet.frames - 1)
    if not 0 <= first < last < sheet.frames:
        raise UserError(
            f"the part goes from frame {first} to frame {last}, and the clip has frames 0 to "
            f"{sheet.frames - 1}; give two of them, the earlier one first"
        )
    return FrameSpan(first, last + 1)


def _whole(wish: Mapping[str, Any], name: str, usual: int) -> int:
    value = wish.get(name)
    if value in (None, ""):
        return usual
    if type(value) is not int:
        raise UserError(f'"{name}" must be the number of a frame')
    return value


def _text(wish: Mapping[str, Any], name: str) -> str:
    value = wish.get(name, "")
    if value is None:
        return ""
    if not isinstance(value, str):
        raise UserError(f'"{name}" must be a text')
    return value.strip()


def parsed_value(
    wish: Mapping[str, Any], name: str, parse: Callable[[str], Parsed]
) -> Parsed | None:
    """Return the parsed value of a text in a wish; ``None`` if it is empty or missing.

    Raises ``UserError`` if it cannot be parsed.
    """
    text = _text(wish, name)
    try:
        return parse(text) if text else None
    except ArgumentTypeError as error:
        raise UserError(f"{name}: {error}") from error


def _chosen(wish: Mapping[str, Any], name: str, usual: str, known: Collection[str]) -> str:
    value = _text(wish, name) or usual
    if value not in known:
        raise UserError(f"{name} must be one of {', '.join(filter(None, known))}")
    return value


def _output_name(
    clip: Clip, times: Fraction, speeds: Pace | None, codec: str, taken: Collection[str]
) -> str:
    slow = f"slow{float(times):.4g}x".replace("+", "") if speeds is None else "ramp"
    ending = "" if CODECS[codec].is_sequence else CODECS[codec].ending
    name, number = f"{clip.stem}.{slow}{ending}", 1
    while name in taken:
        number += 1
        name = f"{clip.stem}.{slow}.{number}{ending}"
    return name


def _in_words(settings: SlowSettings) -> str:
    slow = f"{float(settings.factor):.4g} times as long"
    words = [slow if settings.ramp is None else f"ramp {_short(settings.ramp)}"]
    if settings.rate is not None:
        words.append(f"{float(settings.rate):.5g} frames/s")
    if settings.begin or settings.end is not None:
        end = "the end" if settings.end is None else f"{float(settings.end):.2f} s"
        words.append(f"{float(settings.begin):.2f} s to {end}")
    words.append(CODECS[settings.codec or "h264"].title)
    if settings.takes > 1:
        words.append(f"{settings.takes} takes")
    if settings.model is not None:
        words.append(MODELS.get(settings.model, settings.model))
    return ", ".join(words)


def _short(pace: Pace) -> str:
    return ", ".join(f"{float(time):.4g}:{float(speed):.4g}" for time, speed in pace.points)


def parsed_wish(body: bytes) -> dict[str, Any]:
    """Return the JSON object that a request carries; ``UserError`` if it carries none."""
    with suppress(ValueError, RecursionError):
        wish = json.loads(body)
        if isinstance(wish, dict):
            return wish
    raise UserError("the request must carry a JSON object")
