"""Pulldown recognised: 24 film frames a second in a video of 30, by repeating each fourth one.

It is not cadence: animation on twos is held for 2, 3, 2, 3 frames then. Counted in film frames the
holds are even again, and that is how it is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from nakawari.xsheet.cadence import MAX_MOVING_HOLD
from nakawari.xsheet.clock import Pulldown
from nakawari.xsheet.sheet import SheetDrawing

CYCLE = 5
RATES = (Fraction(29), Fraction(31))  # frames a second between which it is looked for
MIN_DRAWINGS = 8
MIN_EVENNESS = 0.9  # of the holds in film frames that are the commonest of their shot
MIN_GAIN = 0.15  # over the same in video frames
MAX_VIOLATIONS = 0.05  # of the drawings begin on a frame that should be a repeat


def find_pulldown(shots: Sequence[Sequence[SheetDrawing]], rate: Fraction) -> Pulldown | None:
    """Return the pulldown of a clip, ``None`` if it has none or too little moves to tell.

    The phase of animation on twos cannot be told for certain; any that fits is right for it.

    Args:
        shots: the drawings of each shot, in order.
        rate: nominal frames a second of the video.
    """
    if not RATES[0] < rate < RATES[1]:
        return None
    evenness, count = _evenness(shots, None)
    if count < MIN_DRAWINGS:
        return None
    fits = []
    for phase in range(CYCLE):
        pulldown = Pulldown(cycle=CYCLE, phase=phase)
        inner = [drawing.start for shot in shots for drawing in shot[1:]]
        violations = sum(start % CYCLE == phase for start in inner) / max(len(inner), 1)
        in_film, _ = _evenness(shots, pulldown)
        if violations <= MAX_VIOLATIONS and in_film >= max(MIN_EVENNESS, evenness + MIN_GAIN):
            fits.append((violations, -in_film, pulldown.phase))
    return Pulldown(cycle=CYCLE, phase=min(fits)[2]) if fits else None


def _evenness(
    shots: Sequence[Sequence[SheetDrawing]], pulldown: Pulldown | None
) -> tuple[float, int]:
    """Return the share of the moving holds that are the commonest of their shot, and their number.

    The last drawing of a shot is cut short and does not count.
    """
    commonest, count = 0, 0
    for drawings in shots:
        holds = [
            pulldown.film_hold(drawing.start, drawing.end) if pulldown else drawing.hold
            for drawing in drawings[:-1]
        ]
        moving = [hold for hold in holds if hold <= MAX_MOVING_HOLD]
        if moving:
            commonest += Counter(moving).most_common(1)[0][1]
            count += len(moving)
    return (commonest / count if count else 0.0), count
