"""The moving average of the weights: what is validated and exported."""

from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import lightning
import torch
from diffusers.training_utils import EMAModel
from torch import Tensor, nn

PIPELINE = "model_index.json"
"""Diffusers' name for what a folder of weights with a whole pipeline has."""


class AveragedWeights:
    """An exponential moving average of a model's weights, to be put in their place at times.

    Buffers are averaged as parameters are (statistics of normalisation, the codebook), as they are
    of the same weights; those that are not fractions are taken as they are. A submodule that
    needs its average to be put right has a method ``settle_average``.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._model = model
        self._average = EMAModel(model.parameters(), decay=decay, use_ema_warmup=True, power=0.75)
        self._buffers: list[Tensor] | None = None  # not of any weights as yet
        self._kept: list[Tensor] = []  # buffers that the average has taken the place of
        self._applied = False

    @torch.no_grad()
    def step(self) -> None:
        """Take the trained weights into account, once an update."""
        self._average.step(self._model.parameters())
        buffers = list(self._model.buffers())
        if self._buffers is None:
            self._buffers = [buffer.clone() for buffer in buffers]
        for average, buffer in zip(self._buffers, buffers, strict=True):
            if buffer.is_floating_point():
                average.lerp_(buffer, 1 - self._average.cur_decay_value)
            else:
                average.copy_(buffer)

    @torch.no_grad()
    def apply(self) -> None:
        """Put the average in the place of the trained weights, which are kept aside."""
        if self._applied:
            return
        self._average.store(self._model.parameters())
        self._average.copy_to(self._model.parameters())
        self._kept = [buffer.clone() for buffer in self._model.buffers()]
        if self._buffers is not None:
            self._fill_buffers(self._buffers)
            for module in self._model.modules():
                if isinstance(module, Settling):
                    module.settle_average()
        self._applied = True

    @torch.no_grad()
    def leave(self) -> None:
        """Put the trained weights back; nothing happens if they are in place."""
        if self._applied:
            self._average.restore(self._model.parameters())
            self._fill_buffers(self._kept)
            self._kept = []
            self._applied = False

    def _fill_buffers(self, values: list[Tensor]) -> None:
        for buffer, value in zip(self._model.buffers(), values, strict=True):
            buffer.copy_(value)

    def to(self, device: torch.device) -> None:
        """Move the average to the model's device."""
        self._average.to(device)
        if self._buffers is not None:
            self._buffers = [buffer.to(device) for buffer in self._buffers]

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed training needs."""
        return self._average.state_dict() | {"buffers": self._buffers}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up what ``state_dict`` returned, in this version or one that left buffers alone."""
        weights = dict(state)
        buffers: list[Tensor] | None = weights.pop("buffers", None)
        self._buffers = None if buffers is None else [buffer.clone() for buffer in buffers]
        self._average.load_state_dict(weights)


@runtime_checkable
class Settling(Protocol):
    """A module whose buffers, once averaged, need to be put right."""

    def settle_average(self) -> None:
        """Put the averaged buffers right, in place."""


class AveragedModule(lightning.LightningModule):
    """A module that trains one set of weights, and validates, saves and exports their average."""

    config: Any
    average: AveragedWeights
    may_leave_weights_unused: bool = False
    """Whether an update may leave weights out. Several ranks then search for them every time."""
    of_motion: frozenset[str] = frozenset()
    """Figures that are known only of samples whose motion is."""
    skipped_in_a_row: dict[int, int] = {}  # noqa: RUF012 (replaced, never changed)
    """Updates that were skipped last, by optimiser: see ``optimisation.update``."""
    _knows_motion: Tensor | None = None  # of each sample of the batch at hand; None: of all

    def next_step(self, weights: Path) -> str:
        """Return what to do with exported weights, in a few words; empty if there is no telling."""
        return f"nakawari slow CLIP --model {weights}" if (weights / PIPELINE).exists() else ""

    def networks(self) -> list[nn.Module]:
        """Return what is worth laying out and translating for the hardware."""
        raise NotImplementedError

    def export(self, folder: Path) -> None:
        """Write the averaged weights to ``folder``: ``config.json`` and safetensors."""
        raise NotImplementedError

    def log_figures(self, stage: str, figures: dict[str, Tensor], samples: int = 1) -> None:
        """Log scalars as ``STAGE/NAME``, at the number of updates made.

        In validation they are means over all samples (of which these were so many) and ranks.
        Figures ``of_motion`` are means over the samples whose motion is known, and not a number
        where there are none.
        """
        validating, known = not self.trainer.training, self._knows_motion
        for name, value in figures.items():
            counted = samples
            if known is not None and name in self.of_motion:
                if validating:
                    counted = int(known.sum())
                    value = value if counted else torch.zeros_like(value)
                else:
                    value = torch.where(known.any(), value, torch.nan)
            self.log(f"{stage}/{name}", value, batch_size=counted, sync_dist=validating)
        # Lightning's own step is off by one after some resumes; "step" overrides it.
        step = torch.tensor(float(self.trainer.global_step), device=self.device)
        self.log("step", step, batch_size=1, sync_dist=validating)

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Look whether the motion of the batch is known."""
        self._knows_motion = getattr(batch, "has_motion", None)

    def on_validation_batch_start(self, batch: Any, batch_idx: int, *_: Any) -> None:
        """Look whether the motion of the batch is known."""
        self._knows_motion = getattr(batch, "has_motion", None)

    def on_validation_epoch_start(self) -> None:
        """Validate the averaged weights."""
        self.average.apply()

    def on_validation_epoch_end(self) -> None:
        """Go on with the weights that are trained."""
        self.average.leave()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the averaged weights with the training state."""
        checkpoint["average"] = self.average.state_dict()
        checkpoint["skipped_in_a_row"] = self.skipped_in_a_row

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take the averaged weights up again."""
        self.average.load_state_dict(checkpoint["average"])
        self.skipped_in_a_row = checkpoint.get("skipped_in_a_row", {})
