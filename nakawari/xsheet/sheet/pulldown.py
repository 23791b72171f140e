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

from nakawari.xsheet.settings import DEFAULT, CadenceSettings, PulldownSettings
from nakawari.xsheet.sheet.cadence import longest_moving_hold
from nakawari.xsheet.sheet.clock import Pulldown
from nakawari.xsheet.sheet.sheet import SheetDrawing

CYCLE = 5  # video frames after which the pattern of pulldown repeats
RATES = {Fraction(30): 4, Fraction(60): 2}  # the video's frames a second to film frames a cycle


def find_pulldown(
    shots: Sequence[Sequence[SheetDrawing]],
    rate: Fraction,
    settings: PulldownSettings = DEFAULT.pulldown,
    cadence: CadenceSettings = DEFAULT.cadence,
) -> Pulldown | None:
    """Return the pulldown of a clip; ``None`` if it has none, or if too little moves to tell.

    From animation on twos the phase cannot be told for certain, but any phase that fits is right.

    Args:
        shots: the drawings of each shot, in order.
        rate: nominal frames a second of the video.
        settings: what decides whether there is pulldown.
        cadence: says which drawings move.
    """
    video = min(RATES, key=lambda usual: abs(usual - rate))
    if abs(video - rate) > video * settings.max_detuning:
        return None
    longest = longest_moving_hold(rate, cadence)
    evenness, number = _evenness(shots, None, longest)
    if number < settings.min_drawings:
        return None
    least = max(settings.min_evenness, evenness + settings.min_gain)
    fits = []
    for phase in range(CYCLE):
        pulldown = Pulldown(cycle=CYCLE, phase=phase, film=RATES[video])
        inner = [drawing.start for shot in shots for drawing in shot[1:]]
        violations = sum(map(pulldown.repeats, inner)) / max(len(inner), 1)
        in_film, _ = _evenness(shots, pulldown, longest)
        if violations <= settings.max_violations and in_film >= least:
            fits.append((violations, -in_film, phase, pulldown))
    return min(fits)[-1] if fits else None


def _evenness(
    shots: Sequence[Sequence[SheetDrawing]], pulldown: Pulldown | None, longest: int
) -> tuple[float, int]:
    """Return the share of the moving holds that are the commonest of their shot, and their number.

    A hold of more than ``longest`` video frames rests and does not count. Nor does the last drawing
    of a shot, which is cut short.
    """
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
