"""Send what W&B has not got of a training: ``python -m nakawari.training.upload RUN``."""

import argparse
import subprocess
import sys
from pathlib import Path

from nakawari.errors import UserError
from nakawari.training.config import WandbConfig
from nakawari.training.keeping import WEIGHTS
from nakawari.training.launch import one_line_errors
from nakawari.training.tracking.publishing import publish
from nakawari.training.tracking.wandb_logger import WANDB_RUN, wandb_run_of


def main(argv: list[str] | None = None) -> None:
    """Upload a run's offline records and its model, and delete what the model supersedes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="the training's folder")
    parser.add_argument(
        "--keep", type=int, default=0, help="model versions to keep beside best and latest"
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be deleted")
    arguments = parser.parse_args(argv)
    with one_line_errors(UserError):
        upload(arguments.run, WandbConfig(keep_versions=arguments.keep, dry_run=arguments.dry_run))


def upload(run: Path, config: WandbConfig) -> None:
    """Send offline records first, which begin the run in W&B, then the model; finish the run."""
    import wandb

    if not (run / WEIGHTS).is_dir() or not (known := wandb_run_of(run)):
        raise UserError(
            f"{run} has no {WEIGHTS}/ or no {WANDB_RUN}; name the folder of a training that ran "
            "with --trainer.logger wandb"
        )
    _check_login()
    records = sorted((run / "wandb").glob("offline-run-*"))
    ended_well = known.pop("ended_well")
    try:
        if records:
            subprocess.run([sys.executable, "-m", "wandb", "sync", *map(str, records)], check=True)
        experiment = wandb.init(**known, resume="allow", dir=str(run))
        arrived = publish(experiment, run, config)
        experiment.finish(int(not (arrived and ended_well)))
    except (wandb.errors.Error, subprocess.CalledProcessError, OSError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise UserError(
            f"W&B did not take what it has not got of {run} ({reason}); all of it is still there, "
            "try again later"
        ) from error
    if not arrived:
        raise UserError(f"the model has not arrived; it is still in {run}, try again later")
    print(f"W&B has the model: {experiment.url}")


def _check_login() -> None:
    import wandb

    try:
        logged_in = wandb.login(prompt=False)
    except wandb.errors.Error as error:
        raise UserError(f"W&B cannot be reached: {str(error).partition(chr(10))[0]}") from error
    if not logged_in:
        raise UserError("W&B has no API key; set one with `wandb login`")


if __name__ == "__main__":
    main()
