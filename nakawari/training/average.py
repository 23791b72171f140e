"""The moving average of the weights: what is validated and exported."""

from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import lightning
import torch
from diffusers.training_utils import EMAModel
from torch import Tensor, nn

PIPELINE = "model_index.json"
"""Name of the file, diffusers' own, that marks a folder of weights as a whole pipeline."""


class AveragedWeights:
    """An exponential moving average of a model's weights, which can be put in their place.

    Buffers (statistics of normalisation, the codebook) are averaged as parameters are, because they
    belong to the same weights. Buffers that are not of floating point are copied as they are. A
    submodule whose averaged buffers must be corrected has a method ``settle_average``.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._model = model
        self._average = EMAModel(model.parameters(), decay=decay, use_ema_warmup=True, power=0.75)
        self._buffers: list[Tensor] | None = None  # their average; None before the first step
        self._kept: list[Tensor] = []  # the trained buffers, while the average is in their place
        self._applied = False

    @torch.no_grad()
    def step(self) -> None:
        """Add the trained weights to the average; to be called once after each update."""
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
        """Restore what ``state_dict`` returned; a state of an older version may lack buffers."""
        weights = dict(state)
        buffers: list[Tensor] | None = weights.pop("buffers", None)
        self._buffers = None if buffers is None else [buffer.clone() for buffer in buffers]
        self._average.load_state_dict(weights)


@runtime_checkable
class Settling(Protocol):
    """A module whose buffers must be corrected after they have been averaged."""

    def settle_average(self) -> None:
        """Correct the averaged buffers in place."""


class AveragedModule(lightning.LightningModule):
    """A module that trains one set of weights, and validates, saves and exports their average."""

    config: Any
    average: AveragedWeights
    may_leave_weights_unused: bool = False
    """Whether an update may give some weights no gradient. Several ranks then search for such
    weights in every update."""
    of_motion: frozenset[str] = frozenset()
    """Names of the metrics that are known only for samples whose motion is known."""
    skipped_in_a_row: dict[int, int] = {}  # noqa: RUF012 (replaced, never changed)
    """How many of the last updates in a row were skipped, by optimiser; see
    ``optimisation.update``."""
    _knows_motion: Tensor | None = None  # (B,) bool, whether each sample's is known; None: all are

    def next_step(self, weights: Path) -> str:
        """Return what to do next with exported weights, in a few words; empty if not known."""
        return f"nakawari slow CLIP --model {weights}" if (weights / PIPELINE).exists() else ""

    def networks(self) -> list[nn.Module]:
        """Return the networks whose memory format may be set and that may be compiled."""
        raise NotImplementedError

    def export(self, folder: Path) -> None:
        """Write the averaged weights to ``folder``: ``config.json`` and safetensors."""
        raise NotImplementedError

    def log_means(self, stage: str, metrics: dict[str, Tensor], samples: int = 1) -> None:
        """Log scalar ``metrics`` as ``STAGE/NAME`` at the number of updates made.

        In validation the mean over all samples and ranks is logged; ``samples`` is the number of
        samples that ``metrics`` are means over. Metrics of ``of_motion`` are means over the samples
        whose motion is known, and NaN where there are none.
        """
        validating, known = not self.trainer.training, self._knows_motion
        for name, value in metrics.items():
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
        """Note of which samples of the batch the motion is known."""
        self._knows_motion = getattr(batch, "has_motion", None)

    def on_validation_batch_start(self, batch: Any, batch_idx: int, *_: Any) -> None:
        """Note of which samples of the batch the motion is known."""
        self._knows_motion = getattr(batch, "has_motion", None)

    def on_validation_epoch_start(self) -> None:
        """Put the averaged weights in place, to be validated."""
        self.average.apply()

    def on_validation_epoch_end(self) -> None:
        """Put the trained weights back."""
        self.average.leave()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the averaged weights and the counts of skipped updates with the training state."""
        checkpoint["average"] = self.average.state_dict()
        checkpoint["skipped_in_a_row"] = self.skipped_in_a_row

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore the averaged weights and the counts of skipped updates."""
        self.average.load_state_dict(checkpoint["average"])
        self.skipped_in_a_row = checkpoint.get("skipped_in_a_row", {})
