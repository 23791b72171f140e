"""The two sets of clips: on one the detector of exposure sheets is tuned, on the other measured.

They share nothing to which thresholds could be fitted. Seeds and halves of the art differ, and so
do the ranges and kinds of motion, camera moves, fades and grain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from nakawari.data.art import BUILT_IN, KINDS, Art
from nakawari.errors import UserError


@dataclass(frozen=True, kw_only=True)
class ClipSet:
    """The distribution from which the clips of a set are drawn.

    Ranges are (low, high). For each share, its comment says of what it is a share.
    """

    name: str
    seed: int
    half: int  # which half of the art: 0 or 1
    puppet_share: float  # share of the figures that are drawn characters; the others are from art
    parts_share: float  # share of the figures that stand still, and move limbs, hair or face only
    figures: tuple[int, ...]  # numbers of figures, one of which is chosen at random
    held_share: float  # share of the further figures that do not move
    any_angle: bool  # True: pans go in any direction; False: along one axis
    eased_share: float  # share of the camera moves that begin and end within the shot
    dying_share: float  # share of the shakes that die away
    straight_fades: bool  # True: brightness changes by the same amount with every frame
    white_fade_share: float  # share of the fades that are from or to white
    grain_sigma: tuple[float, float]  # code values of luma
    grain_blur: tuple[float, float]  # sigma of the blur [px]


SETS = {
    "tuning": ClipSet(
        name="tuning",
        seed=3_000_017,
        half=0,
        puppet_share=0.4,
        parts_share=0.25,
        figures=(1, 1, 2),
        held_share=0.5,
        any_angle=False,
        eased_share=0.2,
        dying_share=0.0,
        straight_fades=True,
        white_fade_share=0.15,
        grain_sigma=(2.0, 3.2),
        grain_blur=(0.5, 0.7),
    ),
    "final": ClipSet(
        name="final",
        seed=89_000_011,
        half=1,
        puppet_share=0.7,
        parts_share=0.45,
        figures=(1, 2, 2, 3),
        held_share=0.3,
        any_angle=True,
        eased_share=0.45,
        dying_share=0.5,
        straight_fades=False,
        white_fade_share=0.35,
        grain_sigma=(2.4, 4.0),
        grain_blur=(0.6, 0.9),
    ),
}


def half_of(name: str) -> int:
    """Return which half of the art, 0 or 1, a picture of this name is in.

    The expressions of one face (``NAME``, ``NAME_expr1``) are in the same half.
    """
    return sha256(name.split("_expr")[0].encode()).digest()[0] % 2


class ArtHalf(Art):
    """One half of the art of the folders; without folders, of the built-in art."""

    def __init__(self, folders: Sequence[str | Path], half: int) -> None:
        super().__init__(folders)
        for kind in KINDS:
            chosen = [
                (path, data)
                for path, data in zip(self._paths[kind], self._files[kind], strict=True)
                if half_of(path.stem) == half
            ]
            self._paths[kind] = [path for path, _ in chosen]
            self._files[kind] = [data for _, data in chosen]

    def names(self, kind: str) -> list[str]:
        """Return the names of the pictures of a kind."""
        return [path.stem for path in self._paths[kind]]


def load_half(clip_set: ClipSet, folders: Sequence[str | Path] = ()) -> ArtHalf:
    """Return the set's half of the built-in art and of the folders.

    Raises ``UserError`` if a folder is missing or empty, or the half has nothing to animate.
    """
    try:
        art = ArtHalf([BUILT_IN, *folders], clip_set.half)
    except FileNotFoundError as error:
        raise UserError(f"{error}; check --art") from error
    if not art.count("cels") + art.count("faces"):
        raise UserError("this half of the art has no cels; give more art with --art")
    return art
