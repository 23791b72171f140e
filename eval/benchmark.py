"""Measure methods that draw in-betweens: ``python eval/benchmark.py --help``."""

import argparse
import re
import sys
from pathlib import Path

from eval.measuring.cost import SIZES, Size
from eval.methods.commands import named
from eval.methods.registry import ABLATIONS, METHODS
from eval.run import BenchmarkConfig, run_benchmark
from eval.sets.layouts import LAYOUTS
from nakawari.errors import UserError
from nakawari.shipped import shipped_model

ROOT = Path(__file__).parents[1]
SHIPPED_TRIPLETS = ROOT / "eval" / "triplets" / "triplets.jsonl"
OWN_OUTPUT = Path("runs") / "benchmark"
"""The folder of a run without ``--output``; the last such run in it is overwritten."""
SHIPPED_MODEL = shipped_model()


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark, and return the exit status.

    It is 0 if the run is complete, and 2, with one line on stderr, if it is impossible. It is 130
    if the run was interrupted: the same command then goes on where it stopped.
    """
    options = _parser().parse_args(arguments)
    output = options.output or OWN_OUTPUT
    try:
        table = run_benchmark(_config(options, output))
    except (UserError, OSError) as error:  # OSError: a full disk, a folder that is gone
        print(f"benchmark: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("benchmark: stopped; the same command goes on from here", file=sys.stderr)
        return 130
    print(table)
    print(f"\nSee {output / 'report.html'}", file=sys.stderr)
    return 0


def _config(options: argparse.Namespace, output: Path) -> BenchmarkConfig:
    layout = next((name for name in LAYOUTS if getattr(options, _attribute(name))), "jsonl")
    names = [name for name in options.methods.split(",") if name]
    if options.ablations:
        names += [name for name in ABLATIONS if name not in names]
    predictions = named(options.predictions, "--predictions", "DIR")
    return BenchmarkConfig(
        triplets=getattr(options, _attribute(layout)) or SHIPPED_TRIPLETS,
        layout=layout,
        methods=tuple(names),
        predictions={name: Path(folder) for name, folder in predictions.items()},
        commands=named(options.command, "--command", "'PROGRAM ...'"),
        output=output,
        model=options.model,
        steps=options.steps,
        seed=options.seed,
        device=options.device,
        speed=options.speed or (),
        gallery=options.gallery,
        save_predictions=options.save_predictions,
        update_readme=options.update_readme,
        peer=options.peer,
        overwrite=options.overwrite or options.output is None,
        resume=options.resume,
    )


def _attribute(layout: str) -> str:
    """Return the name of the option that gives the path of a set in ``layout``."""
    return "triplets" if layout == "jsonl" else layout.replace("-", "_")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {number}")
    return number


def _sizes(text: str) -> tuple[Size, ...]:
    found = [re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", size) for size in text.split(",")]
    if not all(found):
        raise argparse.ArgumentTypeError(f"must be like 512x288,1280x720, got {text!r}")
    return tuple(Size(int(match[1]), int(match[2])) for match in found if match)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="benchmark",
        description="Compare methods that draw in-betweens, on triplets of frames. A run that was "
        "killed goes on where it stopped. docs/benchmark.md says what each metric is.",
    )
    add = parser.add_argument
    sets = parser.add_mutually_exclusive_group()
    sets.add_argument("--triplets", type=Path, help="JSONL (default: the shipped set)")
    sets.add_argument("--atd12k", type=Path, metavar="DIR", help="with test_2k_540p")
    sets.add_argument("--snu-film", type=Path, metavar="DIR", help="with test-easy.txt")
    sets.add_argument("--x-test", type=Path, metavar="DIR", help="with TYPE/SCENE/0000.png")
    add(
        "--methods",
        default="nakawari,blend,nearest",
        help=f"of {', '.join(METHODS)}, nakawari-N-steps, nakawari-seed-N",
    )
    add("--ablations", action="store_true", help=f"add {', '.join(ABLATIONS)}")
    add("--predictions", action="append", default=[], metavar="NAME=DIR", help="DIR/ID.png")
    add(
        "--command",
        action="append",
        default=[],
        metavar="NAME='PROGRAM {frame_0} {frame_1} {frame_time} {output}'",
        help="any program that draws a PNG between two",
    )
    add(
        "--peer",
        metavar="NAME",
        help="say of every method how often it is clearly worse or better than this one",
    )
    add("--output", type=Path, help=f"folder of the results (default: {OWN_OUTPUT}, replaced)")
    add("--save-predictions", action="store_true", help="write OUTPUT/predictions/METHOD/ID.png")
    add("--model", type=Path, default=SHIPPED_MODEL, help="folder of weights")
    add("--steps", type=_positive, help="denoising steps (default: the model's own)")
    add("--seed", type=int, default=0, help="of the noise and of the bootstrap")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto")
    add(
        "--speed",
        type=_sizes,
        nargs="?",
        const=SIZES,
        metavar="WxH,...",
        help=f"measure time and memory too (default: at {', '.join(map(str, SIZES))})",
    )
    add("--gallery", type=_positive, default=12, metavar="N", help="samples shown in the report")
    add("--update-readme", type=Path, metavar="FILE", help="write the table between its markers")
    add("--overwrite", action="store_true", help="replace the results in OUTPUT")
    add("--resume", action="store_true", help="add to finished results in OUTPUT what is missing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
