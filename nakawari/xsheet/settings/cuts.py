"""Settings of the cuts: what two pictures show, their colours, and what changes around them."""

from __future__ import annotations

from dataclasses import dataclass

from nakawari.xsheet.settings.checks import check_order, check_positive, check_whole


@dataclass(frozen=True, kw_only=True)
class ContentSettings:
    """How the content of one picture is looked for in another (``change/content.py``).

    Attributes:
        reduced: how often the picture is halved first. The contours that are left are those of
            shapes, not of grain.
        least_reduced: px; no side of the picture is reduced to less.
        least_side: px; in a smaller picture, anything can be found by moving pieces.
        clear_negative: correlation; at or below it the other picture may be a negative that moved.
        least_overlap: least share of the picture that a shift must leave.
        least_steepness: lower limit of the usual steepness of a picture's gradients. It is in units
            of the Sobel filter, which gives 8 times the code values a px. Grain is about so steep,
            and is no contour.
        full_light: standard deviation [code values] to which a picture is lit for the optical flow.
            Pictures by day have about as much.
        max_gain: largest factor by which it is lit. In darker pictures only rounding would be
            amplified.
        finest: the finest level of the optical flow, as a number of halvings of the picture.
    """

    reduced: int = 2
    least_reduced: int = 48
    least_side: int = 16
    clear_negative: float = -0.25
    least_overlap: float = 0.4
    least_steepness: float = 16.0
    full_light: float = 40.0
    max_gain: float = 16.0
    finest: int = 1

    def __post_init__(self) -> None:
        check_positive(self, "least_steepness", "full_light", "max_gain")


@dataclass(frozen=True, kw_only=True)
class ColorSettings:
    """How the colours of two pictures are compared (``change/seen_frame.py``).

    Attributes:
        luma_weight: factor for the change of luma, while the changes of both colour differences
            count in full. A light that changes is no cut, and changes luma most.
        bins: number of bins of each plane's histogram over its 256 code values.
        full_span: code values that the luma of a picture in full light spans. Colours are compared
            as if both pictures were lit so.
        least_span: lower limit of the span of luma [code values]. In less light than that, noise
            would count as colour.
    """

    luma_weight: float = 0.5
    bins: int = 16
    full_span: float = 160.0
    least_span: float = 12.0

    def __post_init__(self) -> None:
        check_whole(self, "bins")
        check_positive(self, "full_span", "least_span")


@dataclass(frozen=True, kw_only=True)
class CutSettings:
    """What a cut is (``change/cuts.py``); changes are means over the thumbnail [code values].

    Attributes:
        window: frames that are looked at on either side of a cut; also the longest flash.
        min_change: a frame that changes less is no cut, because nobody would see it.
        min_luma_change: the same for luma alone. It spares most frames all further tests.
        faint_change: a larger change is no grain.
        min_noise_ratio: a faint change must be at least this many times the change of the stillest
            frame near by.
        still_change: a frame that changes less is held, even under grain, and does not count as a
            neighbour that moves.
        min_change_ratio: a change is sudden if it is at least this many times the median change of
            the neighbours that move.
        min_resemblance: share of what one picture shows that is found in the other; with less, the
            frame is a cut. Of 340 cuts of montages without a surround, 4 had 0.42 to 0.48 and the
            others less.
        max_resemblance: with more, the frame is no cut. In between, the change must also be
            sudden. Of 1900 other changes of drawings and cameras, 10 had 0.46 to 0.56 and the
            others more.
        no_resemblance: with less, a frame of the same colours is a cut too, unless a camera move
            leads from one picture to the other.
        min_changed_share: least share of the blocks with contours that must change.
        min_following: least share of the contours at the rim that follow a camera move, if one
            leads from one picture to the other. No two shots had any motion in common.
        other_colors: least share of the pixels that must have other colours. A large figure that is
            drawn anew under a shaking camera changes half of that.
        empty: standard deviation below which a picture has no content [code values].
        shadow: the same as a share of the standard deviation of the picture before or after. Coding
            leaves a shadow of that picture.
    """

    window: int = 6
    min_change: float = 0.8
    min_luma_change: float = 0.5
    faint_change: float = 4.0
    min_noise_ratio: float = 1.6
    still_change: float = 1.2
    min_change_ratio: float = 2.5
    min_resemblance: float = 0.42
    max_resemblance: float = 0.52
    no_resemblance: float = 0.3
    min_changed_share: float = 0.75
    min_following: float = 0.4
    other_colors: float = 0.1
    empty: float = 1.0
    shadow: float = 0.05

    def __post_init__(self) -> None:
        check_whole(self, "window")
        check_order(self, "no_resemblance", "min_resemblance", "max_resemblance")


@dataclass(frozen=True, kw_only=True)
class SurroundSettings:
    """What a surround is, within which a cut changes the picture (``change/surround.py``).

    A figure that is drawn anew changes a rectangle too. But it leaves a corner of the rectangle, or
    soon goes beyond it. Of 29 in montages 28 did, and the other kept its colours.

    Attributes:
        min_share: least share of the frame that the picture within fills.
        min_changed: least share of the picture within that changes.
        min_corner_changed: the same for each of its corners, a quarter high and wide.
        max_outer_changed: largest share of the surround that may change.
        all_changed: least share of the surround that changes in a frame in which the surround
            itself ends.
        min_change: code values above the noise by which a pixel must change to count as changed.
        noise_margin: the noise, as a multiple of the median change of the stillest frame near by.
        coded_share: share of the mean change that coding spreads to the pixels beside it.
    """

    min_share: float = 0.12
    min_changed: float = 0.75
    min_corner_changed: float = 0.55
    max_outer_changed: float = 0.08
    all_changed: float = 0.5
    min_change: float = 1.5
    noise_margin: float = 4.0
    coded_share: float = 0.12
