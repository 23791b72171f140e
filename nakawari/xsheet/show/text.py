"""The exposure sheet as text for a terminal: what an animator reads at a glance.

Plain ASCII, so that it can be shown anywhere.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import islice
from textwrap import fill

from nakawari.wording import count
from nakawari.xsheet.sheet.clock import Pulldown
from nakawari.xsheet.sheet.sheet import Cadence, CameraMove, ExposureSheet, SheetDrawing, Shot

NEW, HELD, MOVING, STILL = "|", "-", "~", " "
UNSURE = 0.8  # below this confidence a person should look at a drawing or a shot
WORDS = {1: "ones", 2: "twos", 3: "threes", 4: "fours", 5: "fives", 6: "sixes"}
# In rows of a multiple of these frames, each column has the same beat of ones, twos, threes, fours.
ROW_STEP = 12
NARROWEST = 20  # characters a line, however narrow the terminal is
LISTED_REPEATS = 3  # most repeated frames that are listed, where there is pulldown
LISTED = 8  # most frames to check that are listed


def cadence_words(cadence: Cadence) -> str:
    """Return a cadence in animators' words: "on twos", "on 7s", "mixed", "still"."""
    if cadence is None:
        return "still"
    if isinstance(cadence, str):
        return cadence
    return f"on {WORDS.get(cadence, f'{cadence}s')}"


def rate_words(shot: Shot) -> str | None:
    """Return how many drawings a second a shot shows; ``None`` if nothing moves in it."""
    if shot.animation_fps is None:
        return None
    return f"{_short(shot.animation_fps, 2)} drawings/s"


def percent(confidence: float) -> str:
    """Return a confidence in [0, 1] as whole per cents, "100 %" only for 1."""
    return f"{int(100 * confidence + 1e-9)} %"  # as floats, 100 * 0.29 is a little less than 29


def timecode(time: Fraction) -> str:
    """Return a time [s] as minutes, seconds and milliseconds: "1:02.500", "1:00:00.000"."""
    milliseconds = round(time * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    seconds = f"{rest // 1000:02d}.{rest % 1000:03d}"
    if minutes < 60:
        return f"{minutes}:{seconds}"
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds}"


def span_times(sheet: ExposureSheet, start: int, end: int) -> tuple[str, str]:
    """Return when a run of frames begins and ends; ``end`` belongs to it."""
    return timecode(sheet.clock.time(start)), timecode(sheet.clock.time(end + 1))


def fps_words(sheet: ExposureSheet) -> str:
    """Return the rate: "23.976 frames/s", "12 frames/s, varying"."""
    return f"{_short(float(sheet.fps), 3)} frames/s{', varying' if sheet.times else ''}"


def camera_of(sheet: ExposureSheet, shot: Shot) -> list[CameraMove]:
    """Return the camera moves of a shot, cut off at its ends."""
    return [
        CameraMove(start=max(move.start, shot.start), end=min(move.end, shot.end), kind=move.kind)
        for move in sheet.camera
        if move.start <= shot.end and move.end >= shot.start
    ]


def is_unsure(item: SheetDrawing | Shot) -> bool:
    """Return whether a person should look at a drawing or a shot."""
    return item.confidence < UNSURE


def pulldown_words(sheet: ExposureSheet, pulldown: Pulldown) -> str:
    """Return what telecine did to the clip: which frames it repeats, and the film's own rate."""
    film_rate = float(sheet.clock.rate(0, sheet.frames))
    repeated = list(islice(filter(pulldown.repeats, range(sheet.frames)), LISTED_REPEATS + 1))
    shown = ", ".join(map(str, repeated[:LISTED_REPEATS])) + (
        ", ..." if repeated[LISTED_REPEATS:] else ""
    )
    return (
        f"telecine: {count(pulldown.film, 'film frame')} in {pulldown.cycle} video frames "
        f"(frames {shown} repeat the one before), so the film runs at {_short(film_rate, 3)} "
        "frames/s"
    )


def exposure_rows(sheet: ExposureSheet, shot: Shot, width: int = 80) -> list[str]:
    """Return a shot's run of symbols, one for each frame, wrapped to ``width`` characters.

    A bar is a new drawing, a dash a frame that holds it. Each row begins with the number of its
    first frame. Where the camera moves, a row is followed by one with a tilde under each frame.
    Rows never hold fewer than one frame, however narrow the terminal.
    """
    margin = len(str(sheet.frames)) + 2
    fitting = max(1, (width - margin) // 2)
    fitting -= fitting % ROW_STEP if fitting > ROW_STEP else 0
    new = {drawing.start for drawing in sheet.drawings_of(shot)}
    moving = {frame for move in camera_of(sheet, shot) for frame in range(move.start, move.end + 1)}
    rows = []
    for begin in range(shot.start, shot.end + 1, fitting):
        frames = range(begin, min(begin + fitting, shot.end + 1))
        marks = " ".join(NEW if frame in new else HELD for frame in frames)
        rows.append(f"{begin:>{margin - 1}} {marks}")
        if moving.intersection(frames):
            camera = " ".join(MOVING if frame in moving else STILL for frame in frames)
            rows.append(f"{'':{margin}}{camera}".rstrip())
    return rows


def shot_text(sheet: ExposureSheet, number: int, width: int = 80) -> str:
    """Return the block of one shot; ``number`` counts from 1."""
    shot = sheet.shots[number - 1]
    begin, end = span_times(sheet, shot.start, shot.end)
    drawings = sheet.drawings_of(shot)
    facts = [cadence_words(shot.cadence), rate_words(shot), count(len(drawings), "drawing")]
    lines = [
        f"Shot {number}: {begin} to {end}, frames {shot.start}-{shot.end}",
        f"  {', '.join(fact for fact in facts if fact)}; confidence {percent(shot.confidence)}",
    ]
    moves = [f"{move.kind} over frames {move.start}-{move.end}" for move in camera_of(sheet, shot)]
    if moves:
        lines.append(f"  camera: {', '.join(moves)}")
    unsure = [drawing.start for drawing in drawings if is_unsure(drawing)]
    if unsure:
        more = f" and {len(unsure) - LISTED} more" if len(unsure) > LISTED else ""
        noun = "frame" if len(unsure) == 1 else "frames"
        lines.append(f"  to check: {noun} {', '.join(map(str, unsure[:LISTED]))}{more}")
    return "\n".join([*lines, *exposure_rows(sheet, shot, width)])


def total_text(sheet: ExposureSheet) -> str:
    """Return the line that sums the clip up."""
    holds = Counter(drawing.hold for drawing in sheet.drawings)
    common = ", ".join(
        f"{count(hold, 'frame')} ({percent(number / len(sheet.drawings))})"
        for hold, number in holds.most_common(3)
    )
    parts = [
        f"{count(len(sheet.drawings), 'drawing')} in {count(len(sheet.shots), 'shot')}",
        f"holds: {common}",
        count(len(sheet.camera), "camera move"),
    ]
    unsure = sum(map(is_unsure, sheet.drawings))
    if unsure:
        parts.append(f"{count(unsure, 'drawing')} to check (confidence below {percent(UNSURE)})")
    return "; ".join(parts)


def sheet_text(sheet: ExposureSheet, width: int = 80) -> str:
    """Return the whole sheet: the clip, one block a shot, the total; ``width`` in characters."""
    width = max(width, NARROWEST)
    head = (
        f"{sheet.clip}: {count(sheet.frames, 'frame')}, "
        f"{timecode(sheet.clock.time(sheet.frames))} at {fps_words(sheet)}"
    )
    if sheet.pulldown is not None:
        head += "\n" + fill(pulldown_words(sheet, sheet.pulldown), width)
    blocks = [shot_text(sheet, number, width) for number in range(1, len(sheet.shots) + 1)]
    return "\n\n".join([head, *blocks, fill(total_text(sheet), width)]) + "\n"


def _short(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".rstrip("0").rstrip(".")
