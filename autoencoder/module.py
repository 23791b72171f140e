"""Wiring of stage 1's training: losses, optimisers, validation scores and pictures."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from autoencoder import losses
from autoencoder.config import AutoencoderConfig
from autoencoder.discriminator import PatchDiscriminator
from autoencoder.disturbance import disturbed_latents, disturbed_motion
from autoencoder.encoder import Encoding
from autoencoder.model import VQAutoencoder
from nakawari.data.triplet import Triplet, as_frames
from nakawari.metrics import load_lpips
from nakawari.motion.warping import resize_flow
from nakawari.training.average import AveragedModule, AveragedWeights
from nakawari.training.tracking.pictures import log_pictures, mean_scores, score
from nakawari.training.updates.optimisation import (
    cosine_schedule,
    in_parts,
    means,
    share_buffers,
    update,
    weighted_sum,
)
from nakawari.weights import load_model


class Judged(NamedTuple):
    """A batch's decoded frames, and their loss terms."""

    terms: dict[str, Tensor]
    frames: Tensor  # (B, 3, H, W)


class AutoencoderModule(AveragedModule):
    """Trains a ``VQAutoencoder`` to draw a frame from its own latent and its neighbours."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        # There are two optimisers with an adversarial loss, else one.
        self.automatic_optimization = False
        self.config = config
        self.model = _model(config)
        self.average = AveragedWeights(self._trained(), config.trainer.ema_decay)
        weights = config.loss.perceptual_weights
        # The training state holds what is trained: the list hides LPIPS from state_dict.
        self._perceptual = [
            load_lpips(config.loss.perceptual_net, Path(weights) if weights else None)
        ]
        self._codes = list[Tensor]()  # of a validation's samples
        self.discriminator = PatchDiscriminator() if config.loss.adversarial else None
        # Without neighbours the matching gets no gradient. With a discriminator, each update leaves
        # out one of the two networks.
        self.may_leave_weights_unused = config.loss.alone_share > 0 or bool(config.loss.adversarial)

    of_motion = frozenset({"motion_error", "matching", "motion", "source"})

    def next_step(self, weights: Path) -> str:
        """Return the command to run next on exported weights."""
        return f"accelerate launch diffusion/train.py --autoencoder {weights}"

    def _trained(self) -> nn.Module:
        return self.model.decoder if self.config.decoder_only else self.model

    def networks(self) -> list[nn.Module]:
        """Return the encoder and the decoder."""
        return [self.model.encoder, self.model.decoder]

    def configure_optimizers(self) -> Any:
        """Return AdamW for the model, and for the discriminator if there is one."""
        trainer = self.config.trainer
        optimisers = [torch.optim.AdamW(self._trained().parameters(), lr=trainer.learning_rate)]
        if self.discriminator is not None:
            optimisers.append(
                torch.optim.AdamW(
                    self.discriminator.parameters(), lr=trainer.learning_rate, betas=(0.5, 0.9)
                )
            )
        schedules = [
            cosine_schedule(optimiser, trainer.warmup_updates, trainer.max_updates)
            for optimiser in optimisers
        ]
        return optimisers, schedules

    def on_fit_start(self) -> None:
        """Move to the device what Lightning does not know of, and keep frozen parts as they are."""
        self._perceptual[0].to(self.device)
        self.average.to(self.device)
        if self.config.decoder_only:
            self.model.encoder.eval()  # so that its statistics and the codebook stay as they are
            self.model.quantiser.eval()

    def training_step(self, batch: Triplet, batch_idx: int) -> None:
        """Make one update."""
        clip = self.config.trainer.gradient_clip
        triplet, judged = as_frames(batch), list[Judged]()
        start = self.config.loss.adversarial_start
        critic = self.discriminator if self.global_step >= start else None
        if critic is not None:
            critic.requires_grad_(False)  # it judges here, and learns below
        update(self, self._losses(triplet, critic, judged), 0, self._trained().parameters(), clip)
        if critic is not None:
            critic.requires_grad_(True)
            fakes = [part.frames for part in judged]
            against = self._losses_of_critic(triplet.target, fakes, critic)
            update(self, against, 1, critic.parameters(), clip)
        share_buffers(self.model)  # the codebook is a buffer, not a parameter
        self.average.step()
        self.log_means("train", means([part.terms for part in judged]))

    def _losses(
        self, triplet: Triplet, critic: PatchDiscriminator | None, judged: list[Judged]
    ) -> Iterator[Tensor]:
        """Yield the loss of each part of the batch, and append its terms to ``judged``."""
        parts = self.config.trainer.accumulate
        for part in in_parts(triplet, parts):
            terms, frames = self._judge(part, critic)
            judged.append(Judged(terms, frames.detach()))
            yield weighted_sum(terms, self.config.loss) / parts

    def _losses_of_critic(
        self, real: Tensor, fakes: list[Tensor], critic: PatchDiscriminator
    ) -> Iterator[Tensor]:
        for part, fake in zip(real.chunk(len(fakes)), fakes, strict=True):
            loss = losses.hinge_discriminator_loss(critic(part), critic(fake)) / len(fakes)
            self.log("train/discriminator", len(fakes) * loss.detach())
            yield loss

    def _judge(self, triplet: Triplet, critic: PatchDiscriminator | None) -> Judged:
        """Decode the batch, and compute every loss term."""
        loss = self.config.loss
        frames = torch.cat([triplet.frame_0, triplet.target, triplet.frame_1])
        with torch.set_grad_enabled(not self.config.decoder_only):
            of_0, of_target, of_1 = self.model.encode(frames).chunk(3)
            quantised = self.model.quantise(of_target.latents)
        neighbours = self.model.as_neighbours(triplet.frame_0, triplet.frame_1, of_0, of_1)
        given = disturbed_motion(triplet, self.config.disturbance)
        latents = quantised.latents
        # Straight-through gradient: the encoder learns as if its own latents were decoded.
        latents = latents + (self._disturb(latents, of_0, of_1, given) - latents).detach()
        alone = bool(torch.rand(()) < loss.alone_share)
        decoded = self.model.decode(latents, None if alone else neighbours, given)
        terms = losses.decoding_terms(decoded, neighbours, triplet, self._perceptual[0], loss.lines)
        if not self.config.decoder_only:
            terms["commitment"] = quantised.commitment_loss
        if critic is not None:
            terms["adversarial"] = -critic(decoded.frames).mean()
        return Judged(terms, decoded.frames)

    @torch.no_grad()
    def _disturb(self, latents: Tensor, of_0: Encoding, of_1: Encoding, given: Tensor) -> Tensor:
        """Disturb quantised latents (B, C, h, w), and quantise the result."""
        snap = self.model.quantiser.snap
        around = (snap(of_0.latents), snap(of_1.latents))
        return snap(disturbed_latents(latents, *around, given, self.config.disturbance))

    def validation_step(self, batch: Triplet, batch_idx: int) -> None:
        """Score the true latent, decoded with right and wrong motions, beside a cross-fade."""
        triplet = as_frames(batch)
        neighbours = self.model.neighbours(triplet.frame_0, triplet.frame_1)
        quantised = self.model.quantise(self.model.encode(triplet.target).latents)
        truth = torch.cat([triplet.motion_0, triplet.motion_1], dim=1)
        right = resize_flow(truth, (truth.shape[-2] // 4, truth.shape[-1] // 4))
        decoded = self.model.decode(quantised.latents, neighbours, right)
        alone = self.model.decode(quantised.latents)
        frames = {"decoded": decoded.frames}
        for name, given in {
            "no_motion": None,
            "zero_motion": torch.zeros_like(right),
            "wrong_motion": right.flip(0).flip(-1),
        }.items():
            frames[name] = self.model.decode(quantised.latents, neighbours, given).frames
        frames["alone"] = alone.frames
        frames["blend"] = torch.lerp(
            triplet.frame_0, triplet.frame_1, triplet.frame_time.view(-1, 1, 1, 1)
        )
        scores = score(frames, triplet.target, self._perceptual[0])
        # The decoder is to draw well with a right motion and with a wrong one.
        loss = (scores["decoded"].lpips + scores["wrong_motion"].lpips).mean() / 2
        metrics = mean_scores(scores) | {
            "loss": loss,
            "motion_error": losses.end_point_error(decoded.motion[-1], triplet),
        }
        self.log_means("validation", metrics, samples=len(triplet.frame_time))
        self._codes.append(quantised.indices)
        if batch_idx == 0:
            log_pictures(
                self,
                {
                    "frame_0": triplet.frame_0,
                    "decoded": decoded.frames,
                    "wrong_motion": frames["wrong_motion"],
                    "target": triplet.target,
                    "frame_1": triplet.frame_1,
                    "error": (decoded.frames - triplet.target).abs() - 1,
                    "alone": alone.frames,
                    "from_0_1_paint": decoded.weights * 2 - 1,
                },
                scores,
            )

    def on_validation_epoch_end(self) -> None:
        """Log how much of the codebook all samples together use."""
        codes, quantiser = torch.cat(self._codes), self.model.quantiser
        self._codes.clear()
        metrics = {
            "codes_in_use": quantiser.share_of_codes_in_use(codes),
            "code_perplexity": quantiser.perplexity(codes),
        }
        self.log_means("validation", metrics)
        super().on_validation_epoch_end()

    def export(self, folder: Path) -> None:
        """Write the averaged weights to ``folder``, as ``VQAutoencoder.from_pretrained`` reads."""
        self.average.apply()
        self.model.save_pretrained(folder)
        self.average.leave()


def _model(config: AutoencoderConfig) -> VQAutoencoder:
    """Return an untrained model, or the one to start from; frozen weights need no gradients."""
    if config.weights is None:
        return VQAutoencoder(**asdict(config.model))
    model = load_model(VQAutoencoder, Path(config.weights))
    if config.decoder_only:
        model.requires_grad_(False)
        model.decoder.requires_grad_().train()
        return model
    return model.train()  # in evaluation mode the codebook would not be updated
