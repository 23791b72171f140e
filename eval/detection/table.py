"""The table of the detector's scores, beside their targets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from eval.clips.montages import MONTAGES
from eval.detection.scores import AIRED, Tally, Truth, share_of, total

STILL_FAMILIES = ("ones", "twos", "threes", "fours", "mixed", "still", "small", "mouth", "cuts")
CAMERA_FAMILIES = ("pan", "zoom", "shake")

Scored = tuple[Truth, Tally]


class Case(NamedTuple):
    """A row of the table: its clips, what is counted in them, and the target."""

    name: str
    belongs: Callable[[Truth], bool]
    count: Callable[[Tally], int]  # how many things are counted; with 0 there is no row
    measured: Callable[[Tally], str]
    target: str = "–"
    reached: Callable[[Tally], bool] | None = None


def _holds(tally: Tally) -> str:
    return (
        f"precision {percent(tally.precision)}, recall {percent(tally.recall)} "
        f"({tally.called_held - tally.rightly_held} of {tally.called_held} wrong, "
        f"{tally.held - tally.rightly_held} of {tally.held} missed)"
    )


def _drops(tally: Tally) -> str:
    dropped = percent(share_of(tally.dropped, tally.drawings))
    return f"{tally.dropped} of {tally.drawings} ({dropped})"


def _cadences(tally: Tally) -> str:
    right = percent(share_of(tally.right_cadences, tally.cadences))
    return f"{right} ({tally.right_cadences} of {tally.cadences} shots)"


def _cuts(tally: Tally) -> str:
    return (
        f"precision {percent(tally.cut_precision)}, recall {percent(tally.cut_recall)}, "
        f"F1 {percent(tally.cut_f1)} ({tally.cuts} cuts, {tally.called_cuts} called)"
    )


def _flashes(tally: Tally) -> str:
    cut = percent(share_of(tally.flashes_cut, tally.flashes))
    return f"{cut} ({tally.flashes_cut} of {tally.flashes})"


def _telecine(tally: Tally) -> str:
    return (
        f"{tally.telecine_found} of {tally.telecined} recognised, "
        f"{tally.telecine_invented} invented in {tally.clips - tally.telecined} others"
    )


def _count_holds(tally: Tally) -> int:
    return tally.held + tally.called_held


def _count_cuts(tally: Tally) -> int:
    return tally.cuts + tally.called_cuts


def _at_least(precision: float, recall: float) -> Callable[[Tally], bool]:
    def reached(tally: Tally) -> bool:
        # If no frame is called held, none is called held wrongly.
        right = 1.0 if tally.precision is None else tally.precision
        return right >= precision and (tally.recall or 0.0) >= recall

    return reached


def _still(low: int, high: int, *grain: bool) -> Callable[[Truth], bool]:
    """Return a test for clips with a still camera, by CRF and grain."""
    return lambda truth: (
        truth.family in STILL_FAMILIES
        and truth.crf is not None
        and low <= truth.crf <= high
        and truth.grain in grain
    )


def _is_drawn(truth: Truth) -> bool:
    return truth.family != AIRED


def _is_montage(truth: Truth) -> bool:
    return truth.family in MONTAGES


def _is_aired(truth: Truth) -> bool:
    return truth.family == AIRED


CASES = (
    Case(
        "holds, CRF ≤ 26, with and without grain",
        _still(0, 26, True, False),
        _count_holds,
        _holds,
        "precision ≥ 99 %, recall ≥ 97 %",
        _at_least(0.99, 0.97),
    ),
    Case(
        "holds, CRF 32 with grain",
        _still(32, 32, True),
        _count_holds,
        _holds,
        "precision ≥ 98 %, recall ≥ 90 %",
        _at_least(0.98, 0.90),
    ),
    Case("holds, CRF 32 without grain", _still(32, 32, False), _count_holds, _holds),
    Case(
        "pan, zoom or shake over a held character",
        lambda truth: truth.family in CAMERA_FAMILIES,
        _count_holds,
        _holds,
        "precision ≥ 97 %, recall ≥ 90 %",
        _at_least(0.97, 0.90),
    ),
    Case(
        "real drawings dropped in fades and mouth flaps",
        lambda truth: truth.family in ("fade", "mouth"),
        lambda tally: tally.drawings,
        _drops,
        "0",
        lambda tally: not tally.dropped,
    ),
    Case(
        "real drawings dropped in flashes and dissolves",
        lambda truth: truth.family in ("flash", "dissolve"),
        lambda tally: tally.drawings,
        _drops,
    ),
    Case(
        "cadence of the shot right",
        _is_drawn,
        lambda tally: tally.cadences,
        _cadences,
        "≥ 95 %",
        lambda tally: tally.right_cadences >= 0.95 * tally.cadences,
    ),
    Case(
        "hard cuts, in all clips",
        _is_drawn,
        _count_cuts,
        _cuts,
        "F1 ≥ 97 %",
        lambda tally: (tally.cut_f1 or 0) >= 0.97,
    ),
    Case(
        "flashes taken for cuts",
        _is_drawn,
        lambda tally: tally.flashes,
        _flashes,
        "≤ 2 %",
        lambda tally: tally.flashes_cut <= 0.02 * tally.flashes,
    ),
    Case(
        "hard cuts, in montages",
        _is_montage,
        _count_cuts,
        _cuts,
        "F1 ≥ 98 %",
        lambda tally: (tally.cut_f1 or 0) >= 0.98,
    ),
    Case(
        "flashes and strobes of montages taken for cuts",
        _is_montage,
        lambda tally: tally.flashes,
        _flashes,
        "≤ 2 %",
        lambda tally: tally.flashes_cut <= 0.02 * tally.flashes,
    ),
    Case(
        "telecine",
        _is_drawn,
        lambda tally: tally.telecined + tally.telecine_invented,
        _telecine,
        "recognised",
        lambda tally: tally.telecine_found == tally.telecined and not tally.telecine_invented,
    ),
    Case("clips as aired: holds", _is_aired, _count_holds, _holds),
    Case("clips as aired: cadence", _is_aired, lambda tally: tally.cadences, _cadences),
    Case("clips as aired: cuts", _is_aired, _count_cuts, _cuts),
)


def percent(share: float | None) -> str:
    """Format a share in per cent with one decimal; a dash for None; 100.0 only for a whole 1."""
    if share is None:
        return "–"
    return f"{min(100 * share, 99.9) if share < 1 else 100:.1f} %"


def markdown_table(scored: Sequence[Scored]) -> str:
    """Return a table with a row for each case for which the clips have something to count."""
    lines = ["| case | measured | target | reached |", "|:--|:--|:--|:--|"]
    for case, tally in _tallied(scored):
        reached = "–" if case.reached is None else ("yes" if case.reached(tally) else "**no**")
        lines.append(f"| {case.name} | {case.measured(tally)} | {case.target} | {reached} |")
    return "\n".join(lines)


def _tallied(scored: Sequence[Scored]) -> Iterator[tuple[Case, Tally]]:
    for case in CASES:
        tally = total(tally for truth, tally in scored if case.belongs(truth))
        if case.count(tally):
            yield case, tally


def fine_table(scored: Sequence[Scored]) -> str:
    """Return a table with a row for each family, quality and grain."""
    lines = [
        "| family | CRF | grain | clips | precision | recall | dropped | cadence | cuts F1 |",
        "|:--|--:|:--|--:|--:|--:|--:|--:|--:|",
    ]
    groups: dict[tuple[str, str, str], list[Tally]] = {}
    for truth, tally in scored:
        key = (truth.family, str(truth.crf or "–"), "yes" if truth.grain else "no")
        groups.setdefault(key, []).append(tally)
    for key, tallies in groups.items():
        tally = total(tallies)
        cells = [
            *key,
            str(tally.clips),
            percent(tally.precision),
            percent(tally.recall),
            f"{tally.dropped}/{tally.drawings}",
            f"{tally.right_cadences}/{tally.cadences}",
            percent(tally.cut_f1),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def results(scored: Sequence[Scored], about: dict[str, Any]) -> dict[str, Any]:
    """Return everything as plain values for results.json."""
    cases = {
        case.name: _plain(tally)
        | {"target": case.target, "reached": case.reached(tally) if case.reached else None}
        for case, tally in _tallied(scored)
    }
    clips = {truth.name: vars(tally) | {"family": truth.family} for truth, tally in scored}
    return about | {"cases": cases, "clips": clips}


def _plain(tally: Tally) -> dict[str, Any]:
    counts = {name: value for name, value in vars(tally).items() if name != "errors"}
    return counts | {
        "precision": tally.precision,
        "recall": tally.recall,
        "cut_f1": tally.cut_f1,
    }
