"""Where a training's metrics and pictures go: always to files, and to TensorBoard or W&B if asked.

W&B is imported only when it is asked for.
"""

from pathlib import Path
from typing import NamedTuple

from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import Logger, TensorBoardLogger

from nakawari.training.config import TrainerConfig
from nakawari.training.tracking.metrics_file import MetricsFile
from nakawari.training.tracking.publishing import PublishTheModel
from nakawari.training.tracking.wandb_logger import Wandb


class Tracking(NamedTuple):
    """What a trainer needs to track a training."""

    loggers: list[Logger]
    callbacks: list[Callback]


def start_tracking(run: Path, config: TrainerConfig, settings: object) -> Tracking:
    """Prepare the loggers that ``config`` asks for.

    ``settings`` is a dataclass of all settings, for the record.
    """
    loggers: list[Logger] = [MetricsFile(run / "figures")]
    callbacks: list[Callback] = []
    if config.logger == "tensorboard":
        loggers.append(TensorBoardLogger(run, name="", version="tensorboard"))
    if config.logger == "wandb":
        wandb_logger = Wandb(run, config, settings)
        loggers.append(wandb_logger)
        callbacks.append(PublishTheModel(wandb_logger, run, config.wandb))
    return Tracking(loggers, callbacks)
