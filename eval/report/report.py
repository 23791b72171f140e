"""The report: one HTML file that needs nothing beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from typing import Any

from eval.measuring.cost import cost_table
from eval.measuring.scoring import HEADLINE, METRICS
from eval.report.plots import tier_plots
from eval.report.table import best_methods, caption, format_mean, spread_table
from nakawari.wording import count
from nakawari.page import POLICY

SIGNIFICANT = 0.05
LISTED = 200  # failures; results.json has all
OWN_FRAMES = ("frame_0", "target", "frame_1")


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """One sample of the gallery."""

    row: dict[str, Any]  # as in results.json
    lost: float  # LPIPS of the subject minus that of the best rival (or 0 without rivals)
    rival: str | None
    pictures: dict[str, str]  # name to data URI


def html_report(
    results: dict[str, Any],
    exhibits: Sequence[Exhibit],
    failures: Sequence[tuple[str, str, str]],
) -> str:
    """Write the report of a run as one page: tables, tiers, the wipe, gallery, cost, provenance.

    Args:
        results: what ``results.json`` holds, but for the rows.
        exhibits: the gallery, in order.
        failures: (id, method, why) of every cell that failed.
    """
    parts = [
        f"<header><h1>Nakawari benchmark</h1><p>{escape(caption(results)).replace('`', '')}</p>"
        "</header>",
        _means(results),
        _spread(results),
        _differences(results),
        tier_plots(results["groups"], list(results["methods"])),
        _wipe(results, exhibits),
        _gallery(results["subject"], exhibits),
        _cost(results["cost"]),
        _failures(failures),
        _groups(results["groups"]),
        _provenance(results),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Nakawari benchmark</title><style>{_resource('report.css')}</style></head>\n"
        "<body>\n"
        + "\n".join(parts)
        + f"\n<script>{_resource('report.js')}</script></body></html>\n"
    )


def _resource(name: str) -> str:
    return resources.files("eval.report").joinpath(name).read_text(encoding="utf-8")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], kind: str = "") -> str:
    """Write a table of cells that are HTML already."""
    top = "".join(f"<th>{head}</th>" for head in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return (
        f'<div class="scroll"><table class="{kind}"><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _means(results: dict[str, Any]) -> str:
    others = [name for name in METRICS if name not in HEADLINE]
    methods = [[escape(name), escape(words)] for name, words in results["methods"].items()]
    return (
        "<section><h2>Means</h2><p>With 95 % bootstrap intervals; ↑ higher is better, ↓ lower. "
        "Bold: the best of those that failed nowhere and do not see the answer.</p>"
        f"{_summary_table(results['summary'], HEADLINE)}"
        f"<details><summary>What the rows are</summary>{_table(['Method', ''], methods, 'words')}"
        "</details><details><summary>All other figures</summary>"
        f"{_summary_table(results['summary'], others)}</details></section>"
    )


def _summary_table(summary: dict[str, Any], metrics: Sequence[str]) -> str:
    shown = [m for m in metrics if any(f[m]["samples"] for f in summary.values())]
    best = best_methods(summary)
    rows = []
    for method, figures in summary.items():
        cells = [_figure(format_mean(figures[m], m), best[m] == method) for m in shown]
        failed = f' <span class="failed">{figures["failed"]} failed</span>'
        samples = str(figures["lpips"]["samples"]) + (failed if figures["failed"] else "")
        mark = " <small>sees the answer</small>" if figures.get("sees_target") else ""
        rows.append([escape(method) + mark, *cells, samples])
    heads = [escape(METRICS[metric].heading) for metric in shown]
    return _table(["Method", *heads, "Samples"], rows)


def _spread(results: dict[str, Any]) -> str:
    """Say what means hide: the usual sample, the worst ones, and how often the peer is better."""
    peer = results["peer"]
    tables = [_spread_table(results["summary"], metric, peer) for metric in HEADLINE]
    words = (
        f" Against {escape(peer)}: ratios of the figures, and the share of samples that are more "
        "than 10 % worse or better by this figure, on the samples that both drew."
        if peer
        else " With --peer NAME, also how often each method is clearly worse or better than it."
    )
    return (
        "<section><h2>Sample by sample</h2><p>The median, and the mean of the worst tenth of the "
        f"samples, with 95 % bootstrap intervals.{words}</p>{''.join(tables[:2])}"
        "<details><summary>Of the other figures</summary>"
        f"{''.join(tables[2:])}</details></section>"
    )


def _spread_table(summary: dict[str, Any], metric: str, peer: str | None) -> str:
    heads, rows = spread_table(summary, metric, peer)
    cells = [[escape(name), *(_figure(escape(cell), False) for cell in row)] for name, *row in rows]
    return _table([escape(head) for head in heads], cells)


def _figure(text: str, best: bool) -> str:
    mean, _, interval = text.partition(" ")
    return f"{f'<b>{mean}</b>' if best else mean}<small>{interval}</small>"


def _differences(results: dict[str, Any]) -> str:
    subject, differences = results["subject"], results["differences"]
    if not differences:
        return ""
    rows = [
        [escape(method), *(_difference(figures[metric], metric) for metric in HEADLINE)]
        for method, figures in differences.items()
    ]
    return (
        f"<section><h2>Compared with {escape(subject)}, sample by sample</h2><p>The other method "
        f"minus {escape(subject)}, with the 95 % bootstrap interval; p by flipping signs, not "
        f"corrected for the number of comparisons. Grey: no difference at p &lt; {SIGNIFICANT}.</p>"
        + _table(["Method", *(escape(METRICS[m].heading) for m in HEADLINE)], rows)
        + "</section>"
    )


def _difference(difference: Mapping[str, Any], metric: str) -> str:
    if difference["mean"] is None:
        return "–"
    about, p = METRICS[metric], difference["p"]
    mean, low, high = (about.write(difference[part]) for part in ("mean", "low", "high"))
    sign = "" if mean.startswith("-") else "+"
    words = f"{sign}{mean}<small>[{low}, {high}]</small><small>p {_p(p)}</small>"
    return words if p < SIGNIFICANT else f'<span class="quiet">{words}</span>'


def _p(p: float) -> str:
    return "&lt; 0.001" if p < 0.001 else f"= {p:.3f}"


def _wipe(results: dict[str, Any], exhibits: Sequence[Exhibit]) -> str:
    if not exhibits:
        return ""
    subject = results["subject"]
    right = exhibits[0].rival or "target"
    button = '<button type="button" data-part="{}">{}</button>'
    return (
        "<section><h2>Wipe</h2><p>Two pictures of one sample over one another: drag the line, "
        "choose any two methods, step through the samples.</p>"
        f'<div class="wipe" data-left="{escape(subject)}" data-right="{escape(right)}" hidden>'
        f'<div class="controls">{button.format("earlier", "‹ previous")}'
        '<label>sample <select data-part="sample"></select></label>'
        f"{button.format('later', 'next ›')}"
        '<label>left <select data-part="left"></select></label>'
        '<label>right <select data-part="right"></select></label>'
        f"{button.format('swap', 'swap')}</div>"
        '<div class="stage" data-part="stage"><img class="right" alt=""><img class="left" alt="">'
        '<i></i><span class="name-left"></span><span class="name-right"></span></div>'
        '<input type="range" data-part="slider" min="0" max="100" step="any" value="50" '
        'aria-label="where the left picture ends"><output data-part="note"></output></div>'
        "</section>"
    )


def _gallery(subject: str, exhibits: Sequence[Exhibit]) -> str:
    samples = "".join(_exhibit(exhibit) for exhibit in exhibits)
    return (
        f"<section><h2>Where {escape(subject)} loses most</h2>"
        "<p>Sorted by its LPIPS minus that of the best rival; a negative figure is a win.</p>"
        f"{samples or '<p>No sample was drawn.</p>'}</section>"
    )


def _exhibit(exhibit: Exhibit) -> str:
    row = exhibit.row
    figures = "".join(
        f'<figure data-name="{escape(name)}" data-score="{_score(row, name)}">'
        f'<img alt="{escape(name)}" src="{uri}">'
        f"<figcaption>{escape(name)} <small>{_score(row, name)}</small></figcaption></figure>"
        for name, uri in exhibit.pictures.items()
    )
    against = f" against {exhibit.rival}" if exhibit.rival else ""
    details = f"frame_time {row['frame_time']:.4g} · {', '.join(row['tags'])} · "
    details += f"{exhibit.lost:+.4f}{against}"
    return (
        f'<section class="sample"><h3>{escape(row["id"])}</h3>'
        f'<p class="quiet">{escape(details)}</p><div class="strip">{figures}</div></section>'
    )


def _score(row: dict[str, Any], name: str) -> str:
    score = row["scores"].get(name)
    return f"LPIPS {score['lpips']:.4f}, {score['psnr']:.2f} dB" if score else ""


def _cost(cost: dict[str, Any]) -> str:
    if not cost:
        return ""
    heads, rows = cost_table(cost)
    return (
        "<section><h2>Cost</h2><p>Of one frame; methods took turns, medians of "
        f"{cost['rounds']} rounds, {count(cost['threads'], 'thread')}. On a CPU, memory is the "
        "peak of a process that draws one frame; operations are those of matrix products and "
        "convolutions.</p>"
        + _table(heads, [[escape(cell) for cell in row] for row in rows])
        + "</section>"
    )


def _failures(failures: Sequence[tuple[str, str, str]]) -> str:
    if not failures:
        return ""
    rows = [
        [escape(name), escape(method), f'<span class="failed">failed: {escape(why)}</span>']
        for name, method, why in failures[:LISTED]
    ]
    more = len(failures) - LISTED
    rest = f"<p>… and {more} more, in results.json.</p>" if more > 0 else ""
    table = _table(["Sample", "Method", "Why"], rows, "words")
    return f"<section><h2>Failures</h2>{table}{rest}</section>"


def _groups(groups: dict[str, Any]) -> str:
    tables = "".join(
        f"<h3>{escape(name)}</h3>{_summary_table(summary, list(METRICS))}"
        for name, summary in groups.items()
    )
    return (
        "<section><h2>By frame_time and tag</h2>"
        f"<details><summary>{len(groups)} tables</summary>{tables}</details></section>"
    )


def _provenance(results: dict[str, Any]) -> str:
    facts = {
        **{f"weights {path}": digest for path, digest in results["weights"].items()},
        **results["hardware"],
        **results["packages"],
        "commit": results["commit"]["hash"],
        "seed": results["seed"],
        "list of triplets, SHA-256": results["triplets_sha256"],
        "created": results["created"],
    }
    rows = [[escape(name), escape(str(value))] for name, value in facts.items()]
    return f"<section><h2>Made with</h2>{_table(['', ''], rows, 'words')}</section>"
