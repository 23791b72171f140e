"""A training of one number, with all that the real ones have around it: it takes a second."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from nakawari.training.average import AveragedModule, AveragedWeights
from nakawari.training.config import DataConfig, TrainerConfig, parse_config
from nakawari.training.data import TripletData
from nakawari.training.launch import one_line_errors
from nakawari.training.run import train
from nakawari.training.updates.optimisation import cosine_schedule, update


@dataclass(frozen=True, kw_only=True)
class TinyConfig:
    """Train one number."""

    data: DataConfig = field(default_factory=DataConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)


class Numbers(NamedTuple):
    """A batch, or a sample."""

    value: Tensor
    has_motion: Tensor


class TinyModule(AveragedModule):
    """Fits a number; ``spoil`` may change the loss of an update, by the updates made before."""

    of_motion = frozenset({"error", "pixels"})

    def __init__(
        self, config: TinyConfig, spoil: Callable[[int, Tensor], Tensor] | None = None
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.config = config
        self.model = nn.Sequential(nn.BatchNorm1d(1), nn.Linear(1, 1))
        nn.init.zeros_(self.model[1].weight)
        self.average = AveragedWeights(self.model, config.trainer.ema_decay)
        self.spoil = spoil or (lambda _, loss: loss)

    def networks(self) -> list[nn.Module]:
        return [self.model]

    def configure_optimizers(self) -> Any:
        trainer = self.config.trainer
        optimiser = torch.optim.AdamW(self.model.parameters(), lr=trainer.learning_rate)
        schedule = cosine_schedule(optimiser, trainer.warmup_updates, trainer.max_updates)
        return [optimiser], [schedule]

    def training_step(self, batch: Numbers, batch_idx: int) -> None:
        losses = list[Tensor]()
        clip = self.config.trainer.gradient_clip
        update(self, self._losses(batch, losses), 0, self.model.parameters(), clip)
        self.average.step()
        self.log_means("train", {"pixels": losses[0]})

    def _losses(self, batch: Numbers, losses: list[Tensor]) -> Iterator[Tensor]:
        loss = self.spoil(self.global_step, self._loss(batch))
        losses.append(loss.detach())
        yield loss

    def validation_step(self, batch: Numbers, batch_idx: int) -> None:
        # As of motion: where nothing is known the mean is 0.
        known = batch.value[batch.has_motion]
        metrics = {"loss": self._loss(batch), "error": known.sum() / max(known.numel(), 1)}
        self.log_means("validation", metrics, samples=len(batch.value))

    def _loss(self, batch: Numbers) -> Tensor:
        return (self.model(batch.value) - 1 - torch.randn(())).square().mean()

    def export(self, folder: Path) -> None:
        self.average.apply()
        folder.mkdir()
        torch.save(self.model.state_dict(), folder / "weights.pt")
        self.average.leave()


def always(_: int) -> bool:
    return True


class TinySet(Dataset[Numbers]):
    """Numbers, each a function of its index; the motion of some of them is known."""

    def __init__(self, knows: Callable[[int], bool] = always) -> None:
        self._knows = knows

    def __getitem__(self, index: int) -> Numbers:
        return Numbers(torch.tensor([index % 7 / 7.0]), torch.tensor(self._knows(index)))


class TinyData(TripletData):
    """Draws numbers as cels are drawn."""

    def __init__(self, config: DataConfig, knows: Callable[[int], bool] = always) -> None:
        self._knows = knows
        super().__init__(config)

    def _build_training_set(self) -> Dataset[Any]:
        return TinySet(self._knows)

    def _build_validation_set(self, seed: int) -> Dataset[Any]:
        return TinySet(self._knows)


def tiny_config(run: Path, **trainer: object) -> TinyConfig:
    """Return the settings of a tiny training."""
    settings = {"run": str(run), "max_updates": 8, "validate_every": 4, "log_every": 1}
    return TinyConfig(
        data=DataConfig(height=16, width=16, batch_size=2, workers=0, validation_samples=4),
        trainer=TrainerConfig(**settings | {"warmup_updates": 1} | trainer),  # type: ignore[arg-type]
    )


def fit(config: TinyConfig, spoil: Callable[[int, Tensor], Tensor] | None = None) -> TinyModule:
    """Train, and return what was trained."""
    torch.manual_seed(0)
    module = TinyModule(config, spoil)
    fit_tiny(module)
    return module


def fit_tiny(module: TinyModule) -> None:
    """Train ``module`` as its settings say."""
    train(module, TinyData(module.config.data), module.config.trainer)


def main(argv: list[str] | None = None) -> None:
    """Train as the scripts of both stages do."""
    with one_line_errors(ValueError):
        config = parse_config(TinyConfig, argv)
    fit(config)


if __name__ == "__main__":
    main(sys.argv[1:])
