"""When a training validates: soon at first and then less often, by the number of updates alone."""

from typing import Any, NamedTuple

import lightning
from lightning.pytorch.callbacks import Callback


class Validations(NamedTuple):
    """After which updates a validation is due."""

    first: int  # update of the first validation; 0 for none before the ``every``th
    every: int  # updates between two validations later on

    def is_due(self, updates: int) -> bool:
        """Return whether one is due after so many updates.

        It is due after ``first`` updates, twice as many, four times as many and so on, up to half
        of ``every``, and after each multiple of ``every``. This depends on the updates alone, so
        that a resumed training validates where an uninterrupted one does.
        """
        if updates % self.every == 0:
            return updates > 0
        doublings, rest = divmod(updates, self.first) if self.first else (0, 1)
        return rest == 0 and doublings.bit_count() == 1 and 2 * updates <= self.every


class ValidateWhenDue(Callback):
    """Make Lightning, which knows only a fixed interval, validate whenever a validation is due."""

    def __init__(self, validations: Validations) -> None:
        self.validations = validations

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Tell Lightning whether a validation was due after the update to go on from."""
        self._tell(trainer, trainer.global_step)

    def on_train_batch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *_: Any
    ) -> None:
        """Tell Lightning whether a validation is due after this update."""
        self._tell(trainer, trainer.global_step + 1)

    def _tell(self, trainer: lightning.Trainer, updates: int) -> None:
        """Set Lightning's interval to every batch if a validation is due, otherwise to none."""
        trainer.val_check_batch = 1 if self.validations.is_due(updates) else float("inf")


def is_validation_due(trainer: lightning.Trainer, updates: int) -> bool:
    """Return whether ``trainer`` validates after so many updates."""
    for callback in trainer.callbacks:
        if isinstance(callback, ValidateWhenDue):
            return callback.validations.is_due(updates)
    return updates % int(trainer.val_check_interval) == 0
