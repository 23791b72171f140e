"""The table of means in Markdown, and its place in the README."""

from pathlib import Path
from typing import Any

from eval.scoring import HEADLINE, METRICS
from nakawari.errors import UserError

BEGIN = "<!-- benchmark:begin -->"
END = "<!-- benchmark:end -->"


def markdown_table(results: dict[str, Any]) -> str:
    """Write the means of a run, its best figure of every column in bold, with a caption."""
    lines = [
        "| Method | " + " | ".join(METRICS[name].heading for name in HEADLINE) + " | Samples |",
        "|:--|" + "--:|" * (len(HEADLINE) + 1),
    ]
    best = best_methods(results["summary"])
    for method, summary in results["summary"].items():
        cells = [format_mean(summary[metric], metric) for metric in HEADLINE]
        marked = [
            f"**{cell}**" if method == best[metric] else cell
            for metric, cell in zip(HEADLINE, cells, strict=True)
        ]
        samples = str(results["triplets"] - summary["failed"])
        if summary["failed"]:
            samples += f" ({summary['failed']} failed)"
        lines.append(f"| {method} | " + " | ".join(marked) + f" | {samples} |")
    return "\n".join([*lines, "", caption(results)])


def caption(results: dict[str, Any]) -> str:
    """Say in one line what the figures were measured on and with."""
    config, commit = results["config"], results["commit"]["hash"] or "unknown"
    changed = ", with uncommitted changes" if results["commit"]["dirty"] else ""
    steps = "default" if config["steps"] is None else config["steps"]
    model = f"; {steps} denoising steps, seed {config['seed']}" if results["model"] else ""
    return (
        f"{results['triplets']} triplets of `{Path(config['triplets']).name}`, the same for "
        f"every row, 8-bit RGB at full size; LPIPS with AlexNet; mean and 95 % bootstrap "
        f"interval. Commit {commit[:10]}{changed}{model}."
    )


def format_mean(mean: dict[str, Any], metric: str) -> str:
    """Write ``mean [low, high]``, or a dash where nothing was averaged."""
    if mean["mean"] is None:
        return "–"
    figure, low, high = (METRICS[metric].write(mean[part]) for part in ("mean", "low", "high"))
    return f"{figure} [{low}, {high}]"


def best_methods(summary: dict[str, Any]) -> dict[str, str | None]:
    """Find the best method by each metric among those that did not fail or see the target."""
    best: dict[str, str | None] = {}
    for metric, about in METRICS.items():
        means = {
            method: figures[metric]["mean"]
            for method, figures in summary.items()
            if figures[metric]["mean"] is not None
            and not figures["failed"]
            and not figures.get("sees_target")
        }
        choose = max if about.higher_is_better else min
        best[metric] = choose(means, key=lambda method: means[method]) if means else None
    return best


def update_readme(path: Path, table: str) -> None:
    """Replace what stands between the two markers in ``path`` by ``table``.

    Raises ``UserError`` if the file cannot be read or does not hold both markers once, in order.
    """
    text = read_markers(path)
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


def read_markers(path: Path) -> str:
    """Read a file that ``update_readme`` can update (a run asks before it starts)."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}; check --update-readme") from error
    markers_are_single = text.count(BEGIN) == 1 and text.count(END) == 1
    if not markers_are_single or text.index(BEGIN) > text.index(END):
        raise UserError(f"{path} must hold the lines {BEGIN} and {END} once, in this order")
    return text
