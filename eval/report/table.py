"""The tables of a run in Markdown, and updating them in the README."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from eval.measuring.scoring import HEADLINE, METRICS
from nakawari.errors import UserError

BEGIN = "<!-- benchmark:begin -->"
END = "<!-- benchmark:end -->"


class TextTable(NamedTuple):
    """A table whose cells are texts; the first column names the method."""

    heads: list[str]
    rows: list[list[str]]


def markdown_table(results: dict[str, Any]) -> str:
    """Return tables of a run's means and of the spread of its samples, with a caption.

    The best mean of every column is in bold.
    """
    best = best_methods(results["summary"])
    rows = []
    for method, summary in results["summary"].items():
        cells = [format_mean(summary[metric], metric) for metric in HEADLINE]
        marked = [
            f"**{cell}**" if method == best[metric] else cell
            for metric, cell in zip(HEADLINE, cells, strict=True)
        ]
        samples = str(results["triplets"] - summary["failed"])
        if summary["failed"]:
            samples += f" ({summary['failed']} failed)"
        rows.append([method, *marked, samples])
    heads = ["Method", *(METRICS[name].heading for name in HEADLINE), "Samples"]
    spread = spread_table(results["summary"], "lpips", results["peer"])
    return "\n\n".join([_markdown(TextTable(heads, rows)), _markdown(spread), caption(results)])


def _markdown(table: TextTable) -> str:
    rule = "|:--|" + "--:|" * (len(table.heads) - 1)
    lines = [f"| {' | '.join(cells)} |" for cells in (table.heads, *table.rows)]
    return "\n".join([lines[0], rule, *lines[1:]])


def spread_table(summary: dict[str, Any], metric: str, peer: str | None) -> TextTable:
    """Return the median and the worst tenth of each method, and its comparison with the peer.

    ``metric`` is one of ``HEADLINE``. Only errors, of which less is better, are compared with a
    peer.
    """
    label = METRICS[metric].label
    heads = ["Method", f"{label}: median", f"{label}: worst tenth"]
    if against := peer is not None and not METRICS[metric].higher_is_better:
        ratios = [f"{part} / {peer}'s" for part in ("Mean", "Median", "Worst tenth")]
        heads += [*ratios, f"> 10 % worse than {peer}", f"> 10 % better than {peer}"]
    rows = []
    for method, own in summary.items():
        spread = [own[metric][part] for part in ("median", "worst_tenth")]
        cells = [_estimate(part, METRICS[metric].write) for part in spread]
        if against:
            stand = own[metric].get("against_peer")
            cells += _stand(stand) if stand else ["–"] * (len(heads) - 3)
        rows.append([method, *cells])
    return TextTable(heads, rows)


def _stand(stand: dict[str, Any]) -> list[str]:
    """Return the cells of an ``AgainstPeer``: three ratios and two shares."""
    ratios = [stand[name] for name in ("mean_ratio", "median_ratio", "worst_tenth_ratio")]
    shares = [stand[name] for name in ("worse", "better")]
    return [
        *(_estimate(ratio, "{:.2f}".format) for ratio in ratios),
        *(_estimate(share, lambda value: f"{100 * value:.0f} %") for share in shares),
    ]


def _estimate(about: dict[str, Any], write: Callable[[float], str]) -> str:
    """Return ``value [low, high]``, or a dash if there was no sample."""
    if about["value"] is None:
        return "–"
    value, low, high = (write(about[part]) for part in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def caption(results: dict[str, Any]) -> str:
    """Return a line that says on what, and with what, the scores were measured."""
    config, commit = results["config"], results["commit"]["hash"] or "unknown"
    changed = ", with uncommitted changes" if results["commit"]["dirty"] else ""
    steps = "default" if config["steps"] is None else config["steps"]
    model = f"; {steps} denoising steps, seed {config['seed']}" if results["model"] else ""
    peer = f"; against {results['peer']} on the samples that both drew" if results["peer"] else ""
    return (
        f"{results['triplets']} triplets of `{Path(config['triplets']).name}`, the same for "
        f"every row, 8-bit RGB at full size; LPIPS with AlexNet; mean and 95 % bootstrap "
        f"interval; worst tenth: mean of the worst 10 % of samples{peer}. "
        f"Commit {commit[:10]}{changed}{model}."
    )


def format_mean(mean: dict[str, Any], metric: str) -> str:
    """Return ``mean [low, high]``, or a dash if nothing was averaged."""
    if mean["mean"] is None:
        return "–"
    score, low, high = (METRICS[metric].write(mean[part]) for part in ("mean", "low", "high"))
    return f"{score} [{low}, {high}]"


def best_methods(summary: dict[str, Any]) -> dict[str, str | None]:
    """Return the best method by each metric, among those that did not fail or see the target."""
    best: dict[str, str | None] = {}
    for metric, about in METRICS.items():
        means = {
            method: own[metric]["mean"]
            for method, own in summary.items()
            if own[metric]["mean"] is not None and not own["failed"] and not own.get("sees_target")
        }
        choose = max if about.higher_is_better else min
        best[metric] = choose(means, key=lambda method: means[method]) if means else None
    return best


def update_readme(path: Path, table: str) -> None:
    """Replace the text between the two markers in ``path`` by ``table``.

    Raises ``UserError`` if the file cannot be read, or does not contain both markers once and in
    order.
    """
    text = read_markers(path)
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


def read_markers(path: Path) -> str:
    """Read a file that ``update_readme`` can update; a run calls this before it starts."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}; check --update-readme") from error
    markers_are_single = text.count(BEGIN) == 1 and text.count(END) == 1
    if not markers_are_single or text.index(BEGIN) > text.index(END):
        raise UserError(f"{path} must hold the lines {BEGIN} and {END} once, in this order")
    return text
