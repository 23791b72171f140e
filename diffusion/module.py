"""Wiring of stage 2's training: noise, losses, optimiser, figures, pictures."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from torch import Tensor, nn

from autoencoder import VQAutoencoder
from autoencoder.losses import line_weighted_l1, motion_loss
from diffusion.alignment import Conditions, Interval, align, observe
from diffusion.bridge import between, source
from diffusion.cached_latents import CachedLatents, recall
from diffusion.config import DiffusionConfig
from diffusion.flow_refiner import FlowRefiner
from diffusion.loading import load_flow_refiner
from diffusion.losses import code_direction_loss, play_backwards
from diffusion.neighbour_flow import flows_of
from diffusion.pipeline import FrameInterpolationPipeline
from diffusion.tuning import mixed_latents, tuned_decoder, tuning_terms
from diffusion.unet import InBetweenUNet
from nakawari.data.triplet import Triplet, as_frames
from nakawari.metrics import load_lpips
from nakawari.training.average import AveragedModule, AveragedWeights
from nakawari.training.optimisation import cosine_schedule, in_parts, means, update, weighted_sum
from nakawari.training.pictures import log_pictures, mean_scores, score
from nakawari.weights import load_model

_LINE_STRENGTH = 4.0


class DiffusionModule(AveragedModule):
    """Trains an ``InBetweenUNet`` on a ``VQAutoencoder``'s latents, and may tune its decoder."""

    # What is tuned of the decoder need not draw every picture of a batch.
    may_leave_weights_unused = True
    of_motion = frozenset({"motion"})

    def __init__(self, config: DiffusionConfig) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.config = config
        autoencoder = load_model(VQAutoencoder, Path(config.autoencoder)).requires_grad_(False)
        self.unet = _unet(config, autoencoder.config.latent_channels)
        self.decoder = tuned_decoder(autoencoder, config.decoder) if config.decoder.tunes else None
        self.average = AveragedWeights(nn.ModuleList(self._trained()), config.trainer.ema_decay)
        weights = config.loss.perceptual_weights
        perceptual = load_lpips(config.loss.perceptual_net, Path(weights) if weights else None)
        # Training state holds what is trained: the list hides the rest from state_dict.
        self._hidden = [autoencoder, perceptual]
        if config.flow_refiner is not None:
            refiner = load_flow_refiner(Path(config.flow_refiner), autoencoder)
            self._hidden.append(refiner.requires_grad_(False))

    @property
    def autoencoder(self) -> VQAutoencoder:
        """Stage 1, frozen but for its decoder if that is tuned."""
        return self._hidden[0]

    @property
    def flow_refiner(self) -> FlowRefiner | None:
        """What mends optical flow, frozen."""
        return self._hidden[2] if len(self._hidden) > 2 else None

    def _trained(self) -> dict[nn.Module, float]:
        """Return what is trained, each with its highest learning rate."""
        trained: dict[nn.Module, float] = {}
        if self.config.train_unet:
            trained[self.unet] = self.config.trainer.learning_rate
        if self.decoder is not None:
            trained[self.decoder] = self.config.decoder.learning_rate
        return trained

    def networks(self) -> list[nn.Module]:
        """Return the U-Net, and stage 1's encoder and decoder."""
        return [self.unet, self.autoencoder.encoder, self.autoencoder.decoder]

    def configure_optimizers(self) -> Any:
        """Return AdamW."""
        trainer = self.config.trainer
        optimiser = torch.optim.AdamW(
            [{"params": list(m.parameters()), "lr": rate} for m, rate in self._trained().items()]
        )
        return [optimiser], [
            cosine_schedule(optimiser, trainer.warmup_updates, trainer.max_updates)
        ]

    def on_fit_start(self) -> None:
        """Bring along what Lightning does not know of."""
        for module in self._hidden:
            module.to(self.device)
        self.average.to(self.device)

    def training_step(self, batch: Triplet | CachedLatents, batch_idx: int) -> None:
        """Make one update."""
        terms = list[dict[str, Tensor]]()
        parameters = (p for module in self._trained() for p in module.parameters())
        if isinstance(batch, CachedLatents):
            losses = self._cached_losses(batch, terms)
        else:
            losses = self._losses(as_frames(batch), terms)
        update(self, losses, 0, parameters, self.config.trainer.gradient_clip)
        self.average.step()
        self.log_figures("train", means(terms))

    def _losses(self, batch: Triplet, terms: list[dict[str, Tensor]]) -> Iterator[Tensor]:
        """Yield the loss of each part of the batch, and tell what it is made of."""
        config = self.config
        for part in in_parts(batch, config.trainer.accumulate):
            chosen = torch.rand(len(part.frame_time), device=self.device) < config.loss.swap_share
            triplet = play_backwards(part, chosen)
            # Gradients reach what is tuned of the autoencoder; nothing goes through the guess.
            interval = observe(
                self.autoencoder,
                triplet.frame_0,
                triplet.frame_1,
                flows=flows_of(triplet),
                refiner=self.flow_refiner,
            )
            with torch.no_grad():
                conditions = align(self.autoencoder, interval, triplet.frame_time)
                target = self._latents_of(triplet.target)
            total, of_part = torch.zeros((), device=self.device), dict[str, Tensor]()
            if config.train_unet:
                of_unet, clean = self._unet_terms(conditions, target)
                if config.loss.decodes:
                    of_unet |= self._decoded_terms(clean, interval, conditions.motion, triplet)
                total = total + weighted_sum(of_unet, config.loss)
                of_part |= of_unet
            if config.decoder.tunes:
                latents = mixed_latents(self.unet, conditions, target, config.decoder)
                of_decoder = tuning_terms(
                    self.autoencoder,
                    interval,
                    conditions.motion,
                    latents,
                    triplet,
                    self._hidden[1],
                    config.decoder,
                )
                total = total + weighted_sum(of_decoder, config.decoder.loss)
                of_part |= {f"decoder_{name}": term for name, term in of_decoder.items()}
            terms.append(of_part)
            yield total / config.trainer.accumulate

    def _cached_losses(
        self, batch: CachedLatents, terms: list[dict[str, Tensor]]
    ) -> Iterator[Tensor]:
        """Do what ``_losses`` does where stage 1 is left as it is and nothing is decoded."""
        config = self.config
        for part in in_parts(batch, config.trainer.accumulate):
            chosen = torch.rand(len(part.frame_time), device=self.device) < config.loss.swap_share
            known = recall(part, self.autoencoder.quantiser, chosen)
            of_part, _ = self._unet_terms(known.conditions, known.target)
            terms.append(of_part)
            yield weighted_sum(of_part, config.loss) / config.trainer.accumulate

    def _unet_terms(
        self, conditions: Conditions, target: Tensor
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Denoise from somewhere on the bridge; judge the clean latents, and return them, too."""
        loss, device = self.config.loss, target.device
        count = len(target)
        timestep = torch.rand(count, device=device)
        timestep[torch.rand(count, device=device) < loss.start_share] = 1.0
        start = source(conditions.guess, torch.randn_like(target), self.unet.config.noise_scale)
        clean = self.unet(between(target, start, timestep), timestep, conditions)
        heads = self.autoencoder.config.codebook_heads
        terms = {
            "latents": (clean - target).square().mean(),
            "codes": code_direction_loss(clean, target, heads),
        }
        return terms, clean

    def _decoded_terms(
        self, clean: Tensor, interval: Interval, hint: Tensor, triplet: Triplet
    ) -> dict[str, Tensor]:
        """Judge the latents by the frame that they decode to, straight through the codebook."""
        snapped = self.autoencoder.quantiser.snap(clean.detach())
        snapped = clean + (snapped - clean).detach()
        decoded = self.autoencoder.decode(snapped, interval.neighbours, hint)
        return {
            "pixels": line_weighted_l1(decoded.frames, triplet.target, _LINE_STRENGTH),
            "perceptual": self._hidden[1](decoded.frames, triplet.target).mean(),
            "motion": motion_loss(decoded.motion, triplet),
        }

    def _latents_of(self, frames: Tensor) -> Tensor:
        return self.autoencoder.quantise(self.autoencoder.encode(frames).latents).latents

    def validation_step(self, batch: Triplet, batch_idx: int) -> None:
        """Sample, snap and decode, beside the true latent, a random one and a cross-fade."""
        triplet = as_frames(batch)
        pipeline = self._pipeline()
        around = (triplet.frame_0, triplet.frame_1, triplet.frame_time)
        frames = {
            latent: pipeline(*around, num_steps=self.config.validation_steps, latent=latent)
            for latent in ("sampled", "random", "aligned")
        }
        frames["ceiling"] = pipeline.reconstruct(
            triplet.frame_0, triplet.target, triplet.frame_1, triplet.frame_time
        )
        frames["blend"] = torch.lerp(
            triplet.frame_0, triplet.frame_1, triplet.frame_time.view(-1, 1, 1, 1)
        )
        scores = score(frames, triplet.target, self._hidden[1])
        figures = mean_scores(scores) | {"loss": scores["sampled"].lpips.mean()}
        self.log_figures("validation", figures, samples=len(triplet.frame_time))
        if batch_idx == 0:
            # What the denoising ended in, as the latents alone tell it: no neighbour helps.
            latents = pipeline.sample_latents(*around, num_steps=self.config.validation_steps)
            log_pictures(
                self,
                {
                    "frame_0": triplet.frame_0,
                    "sampled": frames["sampled"],
                    "target": triplet.target,
                    "frame_1": triplet.frame_1,
                    "error": (frames["sampled"] - triplet.target).abs() - 1,
                    "sampled_latents": self.autoencoder.decode(latents).frames,
                    "ceiling": frames["ceiling"],
                    "random": frames["random"],
                },
                scores,
            )

    def export(self, folder: Path) -> None:
        """Write both stages to ``folder``, as ``FrameInterpolationPipeline`` reads them."""
        self.average.apply()
        self._pipeline().save_pretrained(folder)
        self.average.leave()

    def _pipeline(self) -> FrameInterpolationPipeline:
        return FrameInterpolationPipeline(
            self.autoencoder, self.unet, FlowMatchEulerDiscreteScheduler(), self.flow_refiner
        )


def _unet(config: DiffusionConfig, latent_channels: int) -> InBetweenUNet:
    if config.unet is None:
        return InBetweenUNet(latent_channels=latent_channels, **asdict(config.model))
    unet = load_model(InBetweenUNet, Path(config.unet)).requires_grad_(config.train_unet)
    if unet.config.latent_channels != latent_channels:
        raise ValueError(
            f"the U-Net in {config.unet} has {unet.config.latent_channels} latent channels and the "
            f"autoencoder in {config.autoencoder} {latent_channels}; train one for it"
        )
    return unet
