"""Wiring of stage 2's training: noise, losses, optimiser, validation scores and pictures."""

import math
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from torch import Tensor, nn

from autoencoder import VQAutoencoder
from autoencoder.encoder import STRIDE
from autoencoder.losses import decoding_terms
from diffusion.bridge import Denoised, denoise
from diffusion.codes import codes_of, latents_of
from diffusion.conditions import Conditions
from diffusion.config import DiffusionConfig
from diffusion.losses import play_backwards, step_terms
from diffusion.pipeline import FrameInterpolationPipeline
from diffusion.unet import InBetweenUNet, check_sizes
from diffusion.validation_metrics import validation_metrics
from nakawari.data.triplet import Triplet, as_frames, halved
from nakawari.metrics import load_lpips
from nakawari.training.average import AveragedModule, AveragedWeights
from nakawari.training.tracking.pictures import log_pictures, mean_scores, score
from nakawari.training.updates.optimisation import (
    cosine_schedule,
    in_parts,
    means,
    update,
    weighted_sum,
)
from nakawari.weights import load_model


class DiffusionModule(AveragedModule):
    """Trains an ``InBetweenUNet`` on a ``VQAutoencoder``'s latents, and may tune its decoder."""

    of_motion = frozenset(
        {
            "motion",
            "uneven_motion",
            "search",
            "choice",
            "visible",
            "fine_motion",
            "motion_error",
            "motion_error_of_none",
        }
        | {"visible_right", "visible_right_of_all"}
    )

    def __init__(self, config: DiffusionConfig) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.config = config
        autoencoder = load_model(VQAutoencoder, Path(config.autoencoder)).requires_grad_(False)
        self.unet = _unet(config, autoencoder)
        _check_size(config, tuple(self.unet.config.scales))
        self.decoder = None
        if config.decoder.tunes:
            self.decoder = autoencoder.decoder.requires_grad_()
        # Every process draws the same numbers from it. Otherwise one might have more to compute,
        # and the others would wait for it.
        self._lots = torch.Generator()
        self.average = AveragedWeights(nn.ModuleList(self._trained()), config.trainer.ema_decay)
        weights = config.decoder.perceptual_weights
        perceptual = load_lpips(config.decoder.perceptual_net, Path(weights) if weights else None)
        # The training state holds what is trained: the list hides the rest from state_dict.
        self._hidden = [autoencoder, perceptual]

    @property
    def autoencoder(self) -> VQAutoencoder:
        """Stage 1, frozen except for its decoder if that is trained."""
        return self._hidden[0]

    @property
    def perceptual(self) -> nn.Module:
        """LPIPS, frozen."""
        return self._hidden[1]

    def _trained(self) -> dict[nn.Module, float]:
        """Return the modules that are trained, each with its highest learning rate."""
        trained: dict[nn.Module, float] = {}
        if self.config.train_unet:
            trained[self.unet] = self.config.trainer.learning_rate
        if self.decoder is not None:
            trained[self.decoder] = self.config.decoder.learning_rate
        return trained

    def _groups(self) -> Iterator[tuple[list[nn.Parameter], float]]:
        """Yield groups of the weights that are trained, each with its highest learning rate."""
        quick = set(self.unet.chooser.parameters())
        for module, rate in self._trained().items():
            yield [p for p in module.parameters() if p not in quick], rate
        if self.config.train_unet:
            rate = self.config.chooser_rate * self.config.trainer.learning_rate
            yield list(self.unet.chooser.parameters()), rate

    def networks(self) -> list[nn.Module]:
        """Return the U-Net, and stage 1's encoder and decoder."""
        return [self.unet, self.autoencoder.encoder, self.autoencoder.decoder]

    def configure_optimizers(self) -> Any:
        """Return AdamW."""
        trainer = self.config.trainer
        optimiser = torch.optim.AdamW(
            [{"params": weights, "lr": rate} for weights, rate in self._groups()]
        )
        return [optimiser], [
            cosine_schedule(optimiser, trainer.warmup_updates, trainer.max_updates)
        ]

    def on_fit_start(self) -> None:
        """Move to the device what Lightning does not know of."""
        for module in self._hidden:
            module.to(self.device)
        self.average.to(self.device)

    def training_step(self, batch: Triplet, batch_idx: int) -> None:
        """Make one update."""
        terms = list[dict[str, Tensor]]()
        self._lots.manual_seed(self.global_step)
        parameters = (p for module in self._trained() for p in module.parameters())
        losses = self._losses(as_frames(batch), terms)
        update(self, losses, 0, parameters, self.config.trainer.gradient_clip)
        self.average.step()
        self.log_means("train", means(terms))

    def _losses(self, batch: Triplet, terms: list[dict[str, Tensor]]) -> Iterator[Tensor]:
        """Yield the loss of each part of the batch, and append its terms to ``terms``."""
        config = self.config
        for part in in_parts(batch, config.trainer.accumulate):
            triplet = self._varied(part)
            target = latents_of(triplet.codes, self.autoencoder.quantiser)
            with torch.set_grad_enabled(config.train_unet):
                denoised = self._denoise(triplet)
            heads = self.autoencoder.config.codebook_heads
            of_part = step_terms(denoised, target, triplet, heads)
            total = weighted_sum(of_part, config.loss)
            if config.loss.picture:
                of_picture = self._picture_terms(denoised, target, triplet)
                total = total + config.loss.picture * weighted_sum(of_picture, config.decoder.loss)
                of_part |= {f"picture_{name}": term for name, term in of_picture.items()}
            terms.append(of_part)
            yield total / config.trainer.accumulate

    def _varied(self, triplet: Triplet) -> Triplet:
        """Play some samples backwards, and make some batches half as large."""
        config = self.config.variation
        chosen = torch.rand(len(triplet.frame_time), device=self.device) < config.backwards_share
        if torch.rand((), generator=self._lots) < config.half_size_share:
            triplet = halved(triplet)
            codes = codes_of(triplet, self.autoencoder)
            triplet = triplet._replace(codes_0=codes[0], codes=codes[1], codes_1=codes[2])
        return play_backwards(triplet, chosen)

    def _denoise(self, triplet: Triplet) -> Denoised:
        """Make all denoising steps, from noise."""
        config = self.config.variation
        conditions = self._conditions(triplet)
        scales = tuple(self.unet.config.scales)
        if torch.rand((), generator=self._lots) < config.extra_step_share:
            scales = (*scales, scales[-1])
        return denoise(
            self.unet,
            FlowMatchEulerDiscreteScheduler(),
            conditions,
            torch.randn_like(conditions.latents_0),
            scales=scales,
        )

    def _conditions(self, triplet: Triplet) -> Conditions:
        """Return what the U-Net is given of a batch."""
        quantiser = self.autoencoder.quantiser
        with torch.no_grad():
            around = torch.cat([triplet.frame_0, triplet.frame_1])
            features_0, features_1 = self.autoencoder.encoder.look(around).quarter.chunk(2)
        latents = latents_of(triplet.codes_0, quantiser), latents_of(triplet.codes_1, quantiser)
        volume_0, volume_1 = self.unet.search(features_0, features_1)
        time = triplet.frame_time
        return Conditions(features_0, features_1, *latents, volume_0, volume_1, time)

    def _picture_terms(
        self, denoised: Denoised, target: Tensor, triplet: Triplet
    ) -> dict[str, Tensor]:
        """Return the loss terms of the decoded frame, with a straight-through gradient."""
        latents = denoised.latents
        snapped = latents + (self.autoencoder.quantiser.snap(latents) - latents).detach()
        is_true = bool(torch.rand((), generator=self._lots) < self.config.decoder.true_share)
        neighbours = self.autoencoder.neighbours(triplet.frame_0, triplet.frame_1)
        given = denoised.fine.motion
        if is_true:
            decoded = self.autoencoder.decode(target, neighbours, given)
        else:
            decoded = self.autoencoder.decode(snapped, neighbours, given, triplet.frame_time)
        strength = self.config.decoder.loss.lines
        return decoding_terms(decoded, neighbours, triplet, self.perceptual, strength)

    def validation_step(self, batch: Triplet, batch_idx: int) -> None:
        """Score sampled frames beside those of the true latent, of others, and a cross-fade."""
        triplet = as_frames(batch)
        pipeline = self._pipeline()
        around = (triplet.frame_0, triplet.frame_1, triplet.frame_time)
        frames = {
            "sampled": pipeline(*around),
            "one_step": pipeline(*around, num_steps=1),
            "mean": pipeline(*around, latent="mean"),
            "ceiling": pipeline.reconstruct(
                triplet.frame_0, triplet.target, triplet.frame_1, triplet.frame_time
            ),
            "blend": torch.lerp(
                triplet.frame_0, triplet.frame_1, triplet.frame_time.view(-1, 1, 1, 1)
            ),
        }
        scores = score(frames, triplet.target, self.perceptual)
        noise = torch.zeros_like(latents_of(triplet.codes, self.autoencoder.quantiser))
        conditions = self._conditions(triplet)
        denoised = denoise(self.unet, FlowMatchEulerDiscreteScheduler(), conditions, noise)
        of_unet = validation_metrics(denoised, triplet, self.autoencoder.quantiser)
        metrics = mean_scores(scores) | of_unet
        metrics["loss"] = scores["sampled"].lpips.mean()
        self.log_means("validation", metrics, samples=len(triplet.frame_time))
        if batch_idx == 0:
            # A picture of the sampled latents alone, decoded without neighbours.
            latents = pipeline.sample_latents(*around)
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
                    "one_step": frames["one_step"],
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
            self.autoencoder, self.unet, FlowMatchEulerDiscreteScheduler()
        )


def _unet(config: DiffusionConfig, autoencoder: VQAutoencoder) -> InBetweenUNet:
    sizes = {
        "latent_channels": autoencoder.config.latent_channels,
        "feature_channels": autoencoder.config.encoder_channels[1],
    }
    if config.unet is None:
        return InBetweenUNet(**sizes, **asdict(config.model))
    unet = load_model(InBetweenUNet, Path(config.unet)).requires_grad_(config.train_unet)
    check_sizes(unet, autoencoder)
    return unet


def _check_size(config: DiffusionConfig, scales: tuple[int, ...]) -> None:
    """Raise ``ValueError`` unless crops, halved or not, have whole cells in the coarsest step."""
    halved = config.variation.half_size_share > 0
    multiple = math.lcm(STRIDE, 8 * scales[0]) * (2 if halved else 1)
    height, width = config.data.height, config.data.width
    if height % multiple or width % multiple:
        raise ValueError(
            f"data.height and data.width must be multiples of {multiple} for steps of scales "
            f"{scales}{', halved by variation.half_size_share' if halved else ''}, "
            f"got {height}x{width}"
        )
