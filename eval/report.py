"""The report: one HTML file that needs nothing beside it."""

from html import escape
from typing import Any

from eval.gallery import Gallery, Loss
from eval.scoring import METRICS
from eval.table import best_methods, caption, format_mean

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 1200px; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .3rem .8rem; border-bottom: 1px solid #8885; text-align: right; }
th:first-child, td:first-child { text-align: left; }
td { font-variant-numeric: tabular-nums; }
small, .quiet { opacity: .7; }
.failed { color: #c33; }
.strip { display: grid; grid-template-columns: repeat(3, 1fr); gap: .5rem; }
figure { margin: 0; } figure img { width: 100%; display: block; }
section { margin-bottom: 2.5rem; }
"""


def html_report(results: dict[str, Any], gallery: Gallery) -> str:
    """Write the report of a run as one page: table, groups, failures, gallery, provenance."""
    parts = [
        "<h1>Nakawari benchmark</h1>",
        f"<p>{escape(caption(results)).replace('`', '')}</p>",
        _table(results["summary"]),
        _groups(results["groups"]),
        _gallery(gallery),
        _failures(results["samples"]),
        _provenance(results),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Nakawari benchmark</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _table(summary: dict[str, Any]) -> str:
    heads = "".join(
        f"<th>{escape(metric.label)} {'↑' if metric.higher_is_better else '↓'}</th>"
        for metric in METRICS.values()
    )
    best = best_methods(summary)
    rows = []
    for method, figures in summary.items():
        cells = []
        for metric in METRICS:
            cell = format_mean(figures[metric], metric)
            cells.append(f"<td>{f'<b>{cell}</b>' if best[metric] == method else cell}</td>")
        failed = f' <span class="failed">{figures["failed"]} failed</span>'
        count = f"<td>{figures['lpips']['samples']}{failed if figures['failed'] else ''}</td>"
        rows.append(f"<tr><td>{escape(method)}</td>{''.join(cells)}{count}</tr>")
    return (
        f"<table><thead><tr><th>Method</th>{heads}<th>Samples</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _groups(groups: dict[str, Any]) -> str:
    tables = "".join(
        f"<h3>{escape(name)}</h3>{_table(summary)}" for name, summary in groups.items()
    )
    return f"<section><h2>By frame_time and tag</h2>{tables}</section>"


def _gallery(gallery: Gallery) -> str:
    losses = "".join(_loss(loss, gallery.subject) for loss in gallery.losses())
    return (
        f"<section><h2>Where {escape(gallery.subject)} loses most</h2>"
        "<p>Sorted by its LPIPS minus that of the best rival; a negative figure is a win.</p>"
        f"{losses or '<p>No sample was drawn.</p>'}</section>"
    )


def _loss(loss: Loss, subject: str) -> str:
    row = loss.row
    figures = "".join(
        f'<figure><img loading="lazy" alt="{escape(label)}" src="{uri}">'
        f"<figcaption>{escape(label)} <small>{_score(row, label)}</small></figcaption></figure>"
        for label, uri in loss.pictures.items()
    )
    against = f"{loss.lost:+.4f} against {loss.rival}" if loss.rival else f"{loss.lost:.4f}"
    details = f"frame_time {row['frame_time']:.4g} · {', '.join(row['tags'])} · {against}"
    return (
        f"<section><h3>{escape(row['id'])}</h3>"
        f'<p class="quiet">{escape(details)}</p><div class="strip">{figures}</div></section>'
    )


def _score(row: dict[str, Any], label: str) -> str:
    score = row["scores"].get(label)
    return f"LPIPS {score['lpips']:.4f}, {score['psnr']:.2f} dB" if score else ""


def _failures(rows: list[dict[str, Any]]) -> str:
    failures = [
        f"<tr><td>{escape(row['id'])}</td><td>{escape(method)}</td>"
        f'<td class="failed">failed: {escape(score["error"])}</td></tr>'
        for row in rows
        for method, score in row["scores"].items()
        if "error" in score
    ]
    if not failures:
        return ""
    return f"<section><h2>Failures</h2><table>{''.join(failures)}</table></section>"


def _provenance(results: dict[str, Any]) -> str:
    facts = {
        **{f"weights {path}": digest for path, digest in results["weights"].items()},
        **results["hardware"],
        **results["packages"],
        "created": results["created"],
    }
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(str(value))}</td></tr>"
        for name, value in facts.items()
    )
    return f"<section><h2>Made with</h2><table>{rows}</table></section>"
