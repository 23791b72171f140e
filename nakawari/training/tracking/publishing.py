"""Uploading the model to W&B; older versions are deleted only once the new one has arrived."""

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightning
from lightning.pytorch.callbacks import Callback

from nakawari.training.config import WandbConfig
from nakawari.training.keeping import BEST, WEIGHTS
from nakawari.training.stopping import StopOnSignal
from nakawari.training.tracking.wandb_logger import Wandb

if TYPE_CHECKING:
    from wandb import Api, Artifact

KIND = "model"


class PublishTheModel(Callback):
    """Upload the weights after every improvement and at the end, and check that they arrive.

    Only rank zero does so. This must come after ``KeepTheModel``, so that everything is on disk
    before anything is sent.

    The W&B run is closed here. It counts as finished only if the training ended well and the last
    weights have arrived, or are in an offline record. If they have not arrived, the training says
    so and prints the command that uploads them later.
    """

    def __init__(self, logger: Wandb, run: Path, config: WandbConfig) -> None:
        self.logger = logger
        self.run = run
        self.config = config
        self._on_its_way: Artifact | None = None
        self._uploaded = 0.0  # time at which the uploaded best weights were written [s]

    def on_validation_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Send the weights if they are the best so far, without waiting for them."""
        if not trainer.is_global_zero or self.logger.offline:
            return  # offline, the best and the last are recorded at the end
        self.logger.attempt(self._forget_superseded)
        self.logger.attempt(self._send_if_better)

    def on_train_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Send the last weights and close the run."""
        if trainer.is_global_zero:
            stops = [c for c in trainer.callbacks if isinstance(c, StopOnSignal)]
            self._close(ended_well=not any(stop.stopped for stop in stops))

    def on_exception(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *_: Any
    ) -> None:
        """Send the last weights and close the run as failed."""
        if trainer.is_global_zero:
            self._close(ended_well=False)

    def _send_if_better(self) -> None:
        best = self.run / BEST
        if best.exists() and (written := best.stat().st_mtime) > self._uploaded:
            self._on_its_way = send(self.logger.experiment, best, ["best", "latest"])
            self._uploaded = written

    def _forget_superseded(self) -> None:
        if self._on_its_way is not None and has_arrived(self._on_its_way, seconds=0):
            self._on_its_way = None
            forget_superseded(self.logger.experiment, self.config)

    def _close(self, ended_well: bool) -> None:
        self.logger.attempt(lambda: self.logger.note_end(ended_well))
        experiment, arrived = self.logger.experiment, False
        try:
            arrived = publish(experiment, self.run, self.config)
        except Exception as error:  # W&B's failure must not hide what ended the training
            print(f"W&B: {error}", file=sys.stderr)
        if not arrived and (self.run / WEIGHTS).is_dir():
            print(
                f"W&B does not have the model of this run as yet; it is in {self.run / WEIGHTS}, "
                f"and this uploads it: {upload_command(self.run)}",
                flush=True,
            )
        # An offline record has the model beside the metrics: both arrive together, or not at all.
        whole = arrived or experiment.offline
        self.logger.attempt(lambda: experiment.finish(int(not (whole and ended_well))))


def upload_command(run: Path) -> str:
    """Return the command that uploads a run's record and model later."""
    return f"python -m nakawari.training.upload {run}"


def publish(experiment: Any, run: Path, config: WandbConfig) -> bool:
    """Send a run's best and last weights, wait for them, and delete the versions they supersede.

    Returns whether they have arrived. Offline they are only recorded, and False is returned.
    """
    folders = [(run / BEST, ["best"]), (run / WEIGHTS, ["latest"])]
    sent = [send(experiment, folder, aliases) for folder, aliases in folders if folder.is_dir()]
    if experiment.offline or experiment.disabled or not sent:
        return False
    if not all(has_arrived(artifact, 60 * config.upload_minutes) for artifact in sent):
        return False
    forget_superseded(experiment, config)
    return True


def send(experiment: Any, folder: Path, aliases: list[str]) -> "Artifact":
    """Begin to upload a folder of weights as a version of the run's model."""
    import wandb

    artifact = wandb.Artifact(model_name(experiment), type=KIND)
    artifact.add_dir(str(folder))  # copies it, so the next weights may take its place meanwhile
    return experiment.log_artifact(artifact, aliases=aliases)


def model_name(experiment: Any) -> str:
    """Return the name of a run's model among the project's artifacts."""
    return f"model-{experiment.id}"


def has_arrived(artifact: "Artifact", seconds: float) -> bool:
    """Wait for an upload for at most ``seconds``; return whether W&B says that it is complete."""
    from wandb.errors import Error

    try:
        return artifact.wait(timeout=int(seconds)).state == "COMMITTED"
    except (Error, ValueError) as error:
        if seconds:
            print(f"W&B: the model did not arrive: {error}", file=sys.stderr)
        return False


def forget_superseded(experiment: Any, config: WandbConfig) -> None:
    """Delete the run's older model versions, as ``config`` says; print a line if W&B refuses."""
    import wandb

    path = f"{experiment.entity}/{experiment.project}/{model_name(experiment)}"
    try:
        delete_superseded(wandb.Api(), path, config.keep_versions, config.dry_run)
    except (wandb.errors.Error, ValueError) as error:
        print(f"W&B: older versions were not deleted: {error}", file=sys.stderr)


def delete_superseded(api: "Api", path: str, keep: int, dry_run: bool) -> list[str]:
    """Delete a model's versions that have no alias, and return their names.

    Versions with an alias (``best``, ``latest``, or one that somebody gave) stay. So do the
    ``keep`` newest of the others, and all that are still being uploaded. With ``dry_run`` nothing
    is deleted, but the names are printed and returned.
    """
    doomed = superseded(api.artifacts(KIND, path), keep)
    for version in doomed:
        print(f"W&B: {'would delete' if dry_run else 'deleting'} {version.name}", flush=True)
        if not dry_run:
            version.delete(delete_aliases=False)  # refused if it has got an alias meanwhile
    return [version.name for version in doomed]


def superseded(versions: Iterable["Artifact"], keep: int) -> list["Artifact"]:
    """Return the complete versions without an alias, except for the ``keep`` newest of them."""
    loose = [
        version for version in versions if version.state == "COMMITTED" and not _aliases(version)
    ]
    loose.sort(key=lambda version: int(version.version.removeprefix("v")), reverse=True)
    return loose[keep:]


def _aliases(version: "Artifact") -> list[str]:
    # W&B gives every version its number as an alias, too.
    return [alias for alias in version.aliases if not re.fullmatch(r"v\d+", alias)]
