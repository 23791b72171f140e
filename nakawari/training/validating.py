"""When a training validates: soon at first, then ever less often, by the updates made alone."""

from typing import Any, NamedTuple

import lightning
from lightning.pytorch.callbacks import Callback


class Validations(NamedTuple):
    """After which updates a validation is due."""

    first: int  # update; 0 for none before the ``every``th
    every: int  # updates

    def is_due(self, updates: int) -> bool:
        """Return whether one is due after so many updates.

        After ``first``, twice as many, four times as many and so on, up to half of ``every``; and
        after each ``every``. A function of the updates, so that a resumed training validates where
        an uninterrupted one does.
        """
        if updates % self.every == 0:
            return updates > 0
        doublings, rest = divmod(updates, self.first) if self.first else (0, 1)
        return rest == 0 and doublings.bit_count() == 1 and 2 * updates <= self.every


class ValidateWhenDue(Callback):
    """Let Lightning, which knows but one interval, validate after the updates that it is due."""

    def __init__(self, validations: Validations) -> None:
        self.validations = validations

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Say whether the state to go on from was one of a validation."""
        self._tell(trainer, trainer.global_step)

    def on_train_batch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *_: Any
    ) -> None:
        """Say whether a validation is due after this update."""
        self._tell(trainer, trainer.global_step + 1)

    def _tell(self, trainer: lightning.Trainer, updates: int) -> None:
        """Set the interval in which Lightning validates: after every batch, or after none."""
        trainer.val_check_batch = 1 if self.validations.is_due(updates) else float("inf")


def is_validation_due(trainer: lightning.Trainer, updates: int) -> bool:
    """Return whether ``trainer`` validates after so many updates."""
    for callback in trainer.callbacks:
        if isinstance(callback, ValidateWhenDue):
            return callback.validations.is_due(updates)
    return updates % int(trainer.val_check_interval) == 0
