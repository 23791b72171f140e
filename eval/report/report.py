"""The report: one HTML file that needs no other file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from eval.measuring.cost import cost_table
from eval.measuring.scoring import HEADLINE, METRICS
from eval.report.plots import tier_plots
from eval.report.table import best_methods, caption, format_mean, spread_table
from nakawari.page import fill
from nakawari.wording import count

SIGNIFICANT = 0.05
LISTED = 200  # failures in the report at most; results.json has all


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """One sample of the gallery."""

    row: dict[str, Any]  # as in results.json
    lost: float  # see ``WorstSample``
    rival: str | None
    pictures: dict[str, str]  # name to data URI


def html_report(
    results: dict[str, Any],
    exhibits: Sequence[Exhibit],
    failures: Sequence[tuple[str, str, str]],
) -> str:
    """Return the report of a run as one page: tables, tiers, wipe, gallery, cost, provenance.

    Args:
        results: the content of ``results.json``, without the rows.
        exhibits: the samples of the gallery, in order.
        failures: (id, method, why) of every cell that failed.
    """
    summary, peer = results["summary"], results["peer"]
    shown = [name for name in METRICS if name not in HEADLINE]
    return fill(
        "eval/report/report.html",
        caption=caption(results).replace("`", ""),
        methods=results["methods"],
        subject=results["subject"],
        peer=peer,
        headline=_summary(summary, HEADLINE),
        other=_summary(summary, shown),
        spread=[_spread(summary, metric, peer) for metric in HEADLINE],
        significant=SIGNIFICANT,
        difference_heads=[METRICS[metric].heading for metric in HEADLINE],
        differences={
            method: [_difference(own[metric], metric) for metric in HEADLINE]
            for method, own in results["differences"].items()
        },
        tier_plots=tier_plots(results["groups"], list(results["methods"])),
        exhibits=exhibits,
        details=_details,
        score=_score,
        cost=results["cost"],
        cost_table=cost_table,
        count=count,
        failures=failures,
        listed=LISTED,
        groups={name: _summary(own, list(METRICS)) for name, own in results["groups"].items()},
        provenance=_provenance(results),
    )


class _Value(NamedTuple):
    """A value with its interval, as texts."""

    value: str
    interval: str
    is_best: bool

    @classmethod
    def of(cls, text: str, is_best: bool = False) -> Self:
        """Split ``value [low, high]`` into its parts."""
        value, _, interval = text.partition(" ")
        return cls(value, interval, is_best)


class _Row(NamedTuple):
    """A method's row in a table of means, or of spreads."""

    method: str
    cells: list[_Value]
    samples: int = 0
    failed: int = 0
    sees_target: bool = False


class _Table(NamedTuple):
    heads: list[str]
    rows: list[_Row]


def _summary(summary: dict[str, Any], metrics: Sequence[str]) -> _Table:
    """Return the means of every method, for those of the metrics that have a sample."""
    shown = [m for m in metrics if any(f[m]["samples"] for f in summary.values())]
    best = best_methods(summary)
    rows = [
        _Row(
            method,
            [_Value.of(format_mean(own[m], m), best[m] == method) for m in shown],
            own["lpips"]["samples"],
            own["failed"],
            bool(own.get("sees_target")),
        )
        for method, own in summary.items()
    ]
    return _Table([METRICS[metric].heading for metric in shown], rows)


def _spread(summary: dict[str, Any], metric: str, peer: str | None) -> _Table:
    """Return what means hide: the median, the worst tenth, and how often the peer is better."""
    heads, rows = spread_table(summary, metric, peer)
    return _Table(heads, [_Row(name, [_Value.of(cell) for cell in row]) for name, *row in rows])


class _Difference(NamedTuple):
    """A mean difference with its interval and p-value, as texts."""

    mean: str
    low: str
    high: str
    p: str
    is_quiet: bool  # whether it may be due to chance


def _difference(difference: Mapping[str, Any], metric: str) -> _Difference | None:
    if difference["mean"] is None:
        return None
    about, p = METRICS[metric], difference["p"]
    mean, low, high = (about.write(difference[part]) for part in ("mean", "low", "high"))
    sign = "" if mean.startswith("-") else "+"
    written = "< 0.001" if p < 0.001 else f"= {p:.3f}"
    return _Difference(sign + mean, low, high, written, p >= SIGNIFICANT)


def _details(exhibit: Exhibit) -> str:
    """Return the text on a sample of the gallery."""
    row = exhibit.row
    against = f" against {exhibit.rival}" if exhibit.rival else ""
    tags = ", ".join(row["tags"])
    return f"frame_time {row['frame_time']:.4g} · {tags} · {exhibit.lost:+.4f}{against}"


def _score(row: dict[str, Any], name: str) -> str:
    score = row["scores"].get(name)
    return f"LPIPS {score['lpips']:.4f}, {score['psnr']:.2f} dB" if score else ""


def _provenance(results: dict[str, Any]) -> dict[str, Any]:
    """Return code, weights, machine and so on of the run, by name."""
    return {
        **{f"weights {path}": digest for path, digest in results["weights"].items()},
        **results["hardware"],
        **results["packages"],
        "commit": results["commit"]["hash"],
        "seed": results["seed"],
        "list of triplets, SHA-256": results["triplets_sha256"],
        "created": results["created"],
    }
