"""Measure methods that draw in-betweens: ``python eval/benchmark.py --help``."""

import argparse
import sys
from pathlib import Path

from eval.methods import METHODS
from eval.run import BenchmarkConfig, run_benchmark
from nakawari.errors import UserError

ROOT = Path(__file__).parents[1]
SHIPPED_TRIPLETS = ROOT / "eval" / "triplets" / "triplets.jsonl"
OWN_OUTPUT = Path("runs") / "benchmark"
"""Where a run without ``--output`` goes, over the last such run."""
SHIPPED_MODEL = ROOT / "checkpoints" / "nakawari"


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; 0 when it ran to its end, 2 with one line on stderr when it cannot."""
    options = _parser().parse_args(arguments)
    output = options.output or OWN_OUTPUT
    try:
        table = run_benchmark(
            BenchmarkConfig(
                triplets=options.triplets,
                methods=tuple(name for name in options.methods.split(",") if name),
                predictions=_named_folders(options.predictions),
                output=output,
                model=options.model,
                steps=options.steps,
                seed=options.seed,
                device=options.device,
                save_predictions=options.save_predictions,
                update_readme=options.update_readme,
                overwrite=options.overwrite or options.output is None,
            )
        )
    except (UserError, OSError) as error:  # OSError: the disk is full, the folder has gone
        print(f"benchmark: {error}", file=sys.stderr)
        return 2
    print(table)
    print(f"\nSee {output / 'report.html'}", file=sys.stderr)
    return 0


def _named_folders(arguments: list[str]) -> dict[str, Path]:
    folders = {}
    for argument in arguments:
        name, separator, folder = argument.partition("=")
        if not (name and separator and folder):
            raise UserError(f"--predictions must be NAME=DIR, got {argument!r}")
        if name in folders:
            raise UserError(f"--predictions {name}=... is given twice; use two names")
        folders[name] = Path(folder)
    return folders


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {number}")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="benchmark",
        description="Compare methods that draw in-betweens: PSNR, SSIM and LPIPS on triplets.",
    )
    add = parser.add_argument
    add("--triplets", type=Path, default=SHIPPED_TRIPLETS, help="JSONL (default: the shipped set)")
    add("--methods", default="nakawari,blend,nearest", help=f"of {', '.join(METHODS)}")
    add("--predictions", action="append", default=[], metavar="NAME=DIR", help="DIR/ID.png")
    add("--output", type=Path, help=f"folder of the results (default: {OWN_OUTPUT}, replaced)")
    add("--save-predictions", action="store_true", help="write OUTPUT/predictions/METHOD/ID.png")
    add("--model", type=Path, default=SHIPPED_MODEL, help="folder of weights")
    add("--steps", type=_positive, help="denoising steps (default: the model's own)")
    add("--seed", type=int, default=0, help="of the noise and of the bootstrap")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto")
    add("--update-readme", type=Path, metavar="FILE", help="write the table between its markers")
    add("--overwrite", action="store_true", help="replace the results in OUTPUT")
    return parser


if __name__ == "__main__":
    sys.exit(main())
