"""``nakawari sweep``: the trials of a sweep file, without W&B."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from nakawari.cli.arguments import path, plain_file, positive_int
from nakawari.parsing import seed
from nakawari.whole import write_whole
from nakawari.wording import printable

if TYPE_CHECKING:
    import optuna

REPORT_FILE = "report.html"


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add the command and its arguments."""
    sweep = commands.add_parser(
        "sweep",
        help="train with many settings, without W&B",
        description="Run the trials of a sweep file in W&B's format with Optuna, one after the "
        "other, each a training of its own. Stopped at any moment, the same command goes on.",
    )
    sweep.add_argument(
        "plan", type=plain_file, metavar="FILE", help="such as configs/sweeps/demo.yaml"
    )
    sweep.add_argument(
        "--trials", type=positive_int, default=20, metavar="N",
        help="to be finished in all, those before included (default: 20)",
    )  # fmt: skip
    sweep.add_argument(
        "--output", type=path, metavar="DIR",
        help="takes the trainings, the database and the picture (default: runs/sweeps/FILE's name)",
    )  # fmt: skip
    sweep.add_argument(
        "--storage", metavar="URL",
        help="a database that several machines share, such as postgresql://… (default: SQLite)",
    )  # fmt: skip
    sweep.add_argument("--study", metavar="NAME", help="its name there (default: FILE's)")
    sweep.add_argument("--seed", type=seed, default=0, metavar="N", help="of the choices")
    sweep.set_defaults(run=run_sweep_command)


def run_sweep_command(args: argparse.Namespace) -> None:
    """Run ``nakawari sweep``: read the file, run the trials, print the best."""
    from nakawari.sweep.plan import read_plan
    from nakawari.sweep.report import html_report
    from nakawari.sweep.study import SweepJob, best_command, run_sweep

    plan = read_plan(args.plan)
    folder = args.output or Path("runs") / "sweeps" / args.plan.stem
    report = folder / REPORT_FILE
    job = SweepJob(
        plan=plan,
        name=printable(args.study or args.plan.stem),  # a database stores nothing but UTF-8
        folder=folder,
        trials=args.trials,
        storage=args.storage,
        seed=args.seed,
    )

    def draw(study: optuna.Study) -> None:
        write_whole(report, html_report(study, plan).encode())

    def tell(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    study = run_sweep(job, tell, draw)
    draw(study)
    best = study.best_trial
    print(
        f"best: trial {best.number} with {plan.metric} {best.value:.4g}, "
        f"in {best.user_attrs['run']}\n"
        f"{shlex.join(best_command(study, job))}\n"
        f"report: {report}"
    )
