"""How pulldown is recognised: 24 film frames a second in a video of 30 or of 60.

Pulldown is not a cadence: it makes even holds uneven. In a video of 30 frames a second, animation
on twos is held for 2, 3, 2, 3 frames. In one of 60, animation on ones is held so, and animation on
threes for 7, 8, 7, 8 frames. Pulldown is recognised because the holds are even again when they are
counted in film frames. In a video of 60, animation on twos has even holds of five frames anyway,
and these are left as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from nakawari.xsheet.sheet.cadence import longest_moving_hold
from nakawari.xsheet.sheet.clock import Pulldown
from nakawari.xsheet.sheet.sheet import SheetDrawing

CYCLE = 5  # video frames after which the pattern of pulldown repeats
RATES = {Fraction(30): 4, Fraction(60): 2}  # the video's frames a second to film frames a cycle
MAX_DETUNING = Fraction(1, 30)  # largest difference from the rates above, as a share of them
MIN_DRAWINGS = 8  # fewest drawings that must move; fewer may be even by chance
MIN_EVENNESS = 0.9  # least share of holds, in film frames, that are the commonest of their shot
MIN_GAIN = 0.15  # by so much that share must exceed the same share in video frames
MAX_VIOLATIONS = 0.05  # share of the drawings that may begin on a frame that should be a repeat


def find_pulldown(shots: Sequence[Sequence[SheetDrawing]], rate: Fraction) -> Pulldown | None:
    """Return the pulldown of a clip; ``None`` if it has none, or if too little moves to tell.

    From animation on twos the phase cannot be told for certain, but any phase that fits is right.

    Args:
        shots: the drawings of each shot, in order.
        rate: nominal frames a second of the video.
    """
    video = min(RATES, key=lambda usual: abs(usual - rate))
    if abs(video - rate) > video * MAX_DETUNING:
        return None
    evenness, number = _evenness(shots, None, rate)
    if number < MIN_DRAWINGS:
        return None
    fits = []
    for phase in range(CYCLE):
        pulldown = Pulldown(cycle=CYCLE, phase=phase, film=RATES[video])
        inner = [drawing.start for shot in shots for drawing in shot[1:]]
        violations = sum(map(pulldown.repeats, inner)) / max(len(inner), 1)
        in_film, _ = _evenness(shots, pulldown, rate)
        if violations <= MAX_VIOLATIONS and in_film >= max(MIN_EVENNESS, evenness + MIN_GAIN):
            fits.append((violations, -in_film, phase, pulldown))
    return min(fits)[-1] if fits else None


def _evenness(
    shots: Sequence[Sequence[SheetDrawing]], pulldown: Pulldown | None, rate: Fraction
) -> tuple[float, int]:
    """Return the share of the moving holds that are the commonest of their shot, and their number.

    The last drawing of a shot is cut short and does not count.
    """
    longest = longest_moving_hold(rate)
    commonest, number = 0, 0
    for drawings in shots:
        moving = Counter(
            pulldown.film_hold(drawing.start, drawing.end) if pulldown else drawing.hold
            for drawing in drawings[:-1]
            if drawing.hold <= longest
        )
        commonest += max(moving.values(), default=0)
        number += moving.total()
    return (commonest / number if number else 0.0), number
