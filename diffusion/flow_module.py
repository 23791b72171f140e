"""Wiring of the flow refiner's training: losses, optimiser, figures, pictures."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from autoencoder import VQAutoencoder
from autoencoder.matching import resize_flow, warp
from diffusion.config import FlowConfig
from diffusion.flow_refiner import FlowRefiner, Refined, refine_all
from diffusion.loading import encoder_hash, load_flow_refiner
from diffusion.losses import flow_error, flow_loss
from diffusion.neighbour_flow import Flows, flows_of
from nakawari.data.triplet import Triplet, as_frames
from nakawari.training.average import AveragedModule, AveragedWeights
from nakawari.training.optimisation import cosine_schedule, in_parts, means, update, weighted_sum
from nakawari.training.pictures import log_pictures
from nakawari.weights import load_model

_FADE = 0.8
"""Of a step's weight in the loss, for each step that comes after it."""


class FlowModule(AveragedModule):
    """Trains a ``FlowRefiner`` by motion that is known."""

    def __init__(self, config: FlowConfig) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.config = config
        autoencoder = load_model(VQAutoencoder, Path(config.autoencoder)).requires_grad_(False)
        self.refiner = _refiner(config, autoencoder)
        self.average = AveragedWeights(self.refiner, config.trainer.ema_decay)
        # Training state holds what is trained: the list hides the rest from state_dict.
        self._hidden = [autoencoder]

    def networks(self) -> list[nn.Module]:
        """Return the refiner and the encoder."""
        return [self.refiner, self._hidden[0].encoder]

    def configure_optimizers(self) -> Any:
        """Return AdamW."""
        trainer = self.config.trainer
        optimiser = torch.optim.AdamW(self.refiner.parameters(), lr=trainer.learning_rate)
        return [optimiser], [
            cosine_schedule(optimiser, trainer.warmup_updates, trainer.max_updates)
        ]

    def on_fit_start(self) -> None:
        """Bring along what Lightning does not know of."""
        self._hidden[0].to(self.device)
        self.average.to(self.device)

    def training_step(self, batch: Triplet, batch_idx: int) -> None:
        """Make one update."""
        terms = list[dict[str, Tensor]]()
        losses = self._losses(as_frames(batch), terms)
        update(self, losses, 0, self.refiner.parameters(), self.config.trainer.gradient_clip)
        self.average.step()
        self.log_figures("train", means(terms))

    def _losses(self, batch: Triplet, terms: list[dict[str, Tensor]]) -> Iterator[Tensor]:
        """Yield the loss of each part of the batch, and tell what it is made of."""
        config = self.config
        for part in in_parts(batch, config.trainer.accumulate):
            of_01, of_10 = self._refine(part, flows_of(part))
            both_ways = zip(of_01.steps, of_10.steps, strict=True)
            steps = [flow_loss(*flow_error(*both, part)) for both in both_ways]
            of_part = {
                "refined": flow_loss(*flow_error(of_01.flow, of_10.flow, part)),
                "steps": torch.stack(
                    [_FADE**later * step for later, step in enumerate(reversed(steps))]
                ).sum(),
            }
            terms.append(of_part)
            yield weighted_sum(of_part, config.loss) / config.trainer.accumulate

    def _refine(self, triplet: Triplet, flows: Flows) -> tuple[Refined, Refined]:
        frames = (triplet.frame_0, triplet.frame_1)
        with torch.no_grad():
            features = tuple(self._hidden[0].encode(frame).features.quarter for frame in frames)
        return refine_all(self.refiner, (features[0], features[1]), frames, flows)

    def validation_step(self, batch: Triplet, batch_idx: int) -> None:
        """Measure how far flows are off before and after, and show what they fetch."""
        triplet = as_frames(batch)
        found = flows_of(triplet)
        of_01, of_10 = self._refine(triplet, found)
        refined = Flows(of_01.flow, of_10.flow)
        figures = dict[str, Tensor]()
        for name, flows in (("found", found), ("refined", refined)):
            error, weight = flow_error(*flows, triplet)
            share = weight / weight.sum().clamp(min=1)
            figures[f"epe_{name}"] = (error * share).sum()
            figures[f"off_by_1_{name}"] = ((error > 1) * share).sum()
            figures[f"off_by_3_{name}"] = ((error > 3) * share).sum()
            figures[f"loss_{name}"] = flow_loss(error, weight)
        figures["loss"] = figures.pop("loss_refined")
        self.log_figures("validation", figures, samples=len(triplet.frame_time))
        if batch_idx == 0:
            size = (triplet.frame_0.shape[-2], triplet.frame_0.shape[-1])
            fetched = [warp(triplet.frame_1, resize_flow(f.of_01, size)) for f in (found, refined)]
            log_pictures(
                self,
                {
                    "frame_0": triplet.frame_0,
                    "fetched": fetched[0],
                    "fetched_refined": fetched[1],
                    "frame_1": triplet.frame_1,
                    "flow": flow_picture(found.of_01, size),
                    "refined_flow": flow_picture(refined.of_01, size),
                },
                {},
            )

    def export(self, folder: Path) -> None:
        """Write the refiner to ``folder``."""
        self.average.apply()
        self.refiner.save_pretrained(folder)
        self.average.leave()


def flow_picture(flow: Tensor, size: tuple[int, int]) -> Tensor:
    """Show a flow (B, 2, h, w) as frames (B, 3, ``size``): grey stands still, red goes right."""
    level = flow.abs().amax(dim=(1, 2, 3), keepdim=True).clamp(min=1)
    x, y = (flow / level).split(1, dim=1)
    return F.interpolate(torch.cat([x, y, -x], dim=1).clamp(-1, 1), size=size)


def _refiner(config: FlowConfig, autoencoder: VQAutoencoder) -> FlowRefiner:
    if config.refiner is not None:
        return load_flow_refiner(Path(config.refiner), autoencoder).train()
    return FlowRefiner(
        encoder_channels=autoencoder.config.encoder_channels[1],
        encoder=encoder_hash(autoencoder),
        **asdict(config.model),
    )
