"""The moving average of the weights: what is validated and exported."""

from pathlib import Path
from typing import Any

import lightning
import torch
from diffusers.training_utils import EMAModel
from torch import Tensor, nn


class AveragedWeights:
    """An exponential moving average of a model's parameters, to be put in their place at times."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._model = model
        self._average = EMAModel(model.parameters(), decay=decay, use_ema_warmup=True, power=0.75)
        self._applied = False

    def step(self) -> None:
        """Take the trained weights into account, once an update."""
        self._average.step(self._model.parameters())

    def apply(self) -> None:
        """Put the average in the place of the trained weights, which are kept aside."""
        if not self._applied:
            self._average.store(self._model.parameters())
            self._average.copy_to(self._model.parameters())
            self._applied = True

    def leave(self) -> None:
        """Put the trained weights back; nothing happens if they are in place."""
        if self._applied:
            self._average.restore(self._model.parameters())
            self._applied = False

    def to(self, device: torch.device) -> None:
        """Move the average to the model's device."""
        self._average.to(device)

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed training needs."""
        return self._average.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up what ``state_dict`` returned."""
        self._average.load_state_dict(state)


class AveragedModule(lightning.LightningModule):
    """A module that trains one set of weights, and validates, saves and exports their average."""

    config: Any
    average: AveragedWeights

    def networks(self) -> list[nn.Module]:
        """Return what is worth laying out and translating for the hardware."""
        raise NotImplementedError

    def export(self, folder: Path) -> None:
        """Write the averaged weights to ``folder``: ``config.json`` and safetensors."""
        raise NotImplementedError

    def log_figures(self, stage: str, figures: dict[str, Tensor], samples: int = 1) -> None:
        """Log scalars as ``STAGE/NAME``, at the number of updates made.

        In validation they are means over all samples (of which these were so many) and ranks.
        """
        # Lightning's own step is off by one after some resumes; "step" overrides it.
        named = {f"{stage}/{name}": value for name, value in figures.items()}
        step = torch.tensor(float(self.trainer.global_step), device=self.device)
        self.log_dict(
            named | {"step": step}, batch_size=samples, sync_dist=not self.trainer.training
        )

    def on_validation_epoch_start(self) -> None:
        """Validate the averaged weights."""
        self.average.apply()

    def on_validation_epoch_end(self) -> None:
        """Go on with the weights that are trained."""
        self.average.leave()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the averaged weights with the training state."""
        checkpoint["average"] = self.average.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take the averaged weights up again."""
        self.average.load_state_dict(checkpoint["average"])
