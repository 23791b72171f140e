"""Both stages together: the pipeline draws the frame between two frames at a given time."""

import math
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
from diffusers import DiffusionPipeline, FlowMatchEulerDiscreteScheduler
from torch import Tensor

from autoencoder import VQAutoencoder, pad_to_multiple
from autoencoder.encoder import STRIDE
from diffusion.bridge import Denoised, denoise, step_scales
from diffusion.conditions import Conditions, Interval, observe, reduced
from diffusion.precision import fast_arithmetic
from diffusion.search import certainty
from diffusion.sharpening import sharpen
from diffusion.unet import InBetweenUNet, check_sizes
from diffusion.window import Window, draw_what_changes
from nakawari.weights import load_model, load_scheduler

Latent = Literal["sampled", "random", "mean"]
PIXELS_AT_ONCE = 1_000_000
"""Pixels of one interval's in-betweens that are drawn at once, to bound the memory: a network's
feature maps take about a hundred times theirs."""
LOOKED_AT = 1_000_000
"""Pixels of a frame above which the networks see it reduced. At 1080p that takes a third of the
time, and the in-betweens are as good."""
CERTAIN = 0.2
"""Certainty (see ``search.certainty``) below which an interval's motion counts as not found. It was
0.27 or more in 166 intervals with motion within reach of the search, and 0.07 to 0.12 in three of a
whip pan."""
_SMALLER = (2, 4)
"""Factors by which an interval is reduced in addition if its motion was not found. At a quarter of
the size the search reaches four times as far."""

_OPTIONS_OF_DIFFUSERS = frozenset(
    {"cache_dir", "force_download", "proxies", "local_files_only", "token", "revision", "variant"}
    | {"dtype", "torch_dtype", "use_safetensors", "low_cpu_mem_usage", "disable_mmap"}
    | {"custom_pipeline", "custom_revision", "trust_remote_code"}
)
"""Options that programs pass to every pipeline, about downloads and how files are read."""
_PRECISION = "run the pipeline under torch.autocast to compute in half precision"


class FrameInterpolationPipeline(DiffusionPipeline):
    """Draws in-betweens: ``pipeline(frame_0, frame_1, frame_time=0.5)``."""

    def __init__(
        self,
        autoencoder: VQAutoencoder,
        unet: InBetweenUNet,
        scheduler: FlowMatchEulerDiscreteScheduler,
    ) -> None:
        """Join both stages."""
        super().__init__()
        self.register_modules(autoencoder=autoencoder, unet=unet, scheduler=scheduler)
        self.set_progress_bar_config(disable=True)

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: str | os.PathLike[str] | None, **kwargs: Any
    ) -> "FrameInterpolationPipeline":
        """Load both stages, in float32, from a folder written by ``save_pretrained``.

        Nothing is ever downloaded. A missing file raises ``FileNotFoundError``. A config with an
        unknown key, and weights that do not fit their config, raise ``ValueError``. So does a
        keyword that ``DiffusionPipeline.from_pretrained`` does not know. Its own keywords are
        accepted, but only the type of the weights has a meaning here, and it must be float32.
        """
        _check_options(kwargs)
        folder = Path(pretrained_model_name_or_path or "")
        if not folder.is_dir():
            raise FileNotFoundError(f"no folder of weights at {folder}; pass one with --model DIR")
        scheduler = load_scheduler(folder / "scheduler")
        autoencoder = load_model(VQAutoencoder, folder / "autoencoder")
        unet = load_model(InBetweenUNet, folder / "unet")
        check_sizes(unet, autoencoder)
        return cls(autoencoder, unet, scheduler)

    def configure(self, **settings: Any) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
        """Return this pipeline as a ``FrameInterpolator`` with settings of ``__call__`` fixed."""
        return partial(self.__call__, **settings)

    @torch.inference_mode()
    def __call__(
        self,
        frame_0: Tensor,
        frame_1: Tensor,
        frame_time: float | Tensor = 0.5,
        *,
        num_steps: int | None = None,
        seed: int = 0,
        latent: Latent = "sampled",
        use_neighbours: bool = True,
        realign: bool = True,
    ) -> Tensor:
        """Draw one frame for each ``frame_time``.

        Args:
            frame_0: (B, 3, H, W) in [-1, 1], any H and W; or (1, 3, H, W) for every time.
            frame_1: the same shape.
            frame_time: in (0, 1); a number, or a tensor of shape (B,).
            num_steps: of denoising, at least 1; None takes one for each of the U-Net's scales.
            seed: of the noise. The noise is the same for every interval and every frame_time,
                so that what stands still does not shimmer.
            latent: "sampled" is the model. The others are for the benchmark, and keep the motion
                that was sampled: "random" draws codes at random, "mean" takes the mean of the
                neighbours' latents.
            use_neighbours: False is for the benchmark: the decoder paints from the latent alone.
            realign: False is for the benchmark: the neighbours are not warped before any step.

        Returns:
            Frames (B, 3, H, W) in [-1, 1].

        Raises:
            ValueError: for other shapes, times, latents or numbers of steps, or for weights that
                are not float32.
        """
        times = self._times(frame_0, frame_1, frame_time)
        reduction = _reduction(frame_0)

        def draw_some(interval: Interval, some: Tensor) -> Tensor:
            denoised = self._denoise(interval.conditions(some), num_steps, seed, realign)
            latents = self._latents(denoised, interval, some, seed, latent)
            return self._draw(latents, denoised, interval, some, use_neighbours)

        def draw(window: Window) -> Tensor:
            around = (window.of(frame_0), window.of(frame_1))
            height, width = around[0].shape[-2:]
            parts = self._intervals(*around, times, reduction)
            return torch.cat([draw_some(*part)[..., :height, :width] for part in parts])

        with fast_arithmetic(self.device):
            if not use_neighbours:
                return draw(Window(0, frame_0.shape[-2], 0, frame_0.shape[-1]))
            return draw_what_changes(frame_0, frame_1, len(times), self.multiple * reduction, draw)

    @torch.inference_mode()
    def sample_latents(
        self,
        frame_0: Tensor,
        frame_1: Tensor,
        frame_time: float | Tensor = 0.5,
        *,
        num_steps: int | None = None,
        seed: int = 0,
    ) -> Tensor:
        """Return the quantised latents (B, C, H/8, W/8) from which ``__call__`` draws.

        H and W are padded to ``multiple``; large frames are halved first until they have no more
        than ``LOOKED_AT`` pixels.
        """
        times = self._times(frame_0, frame_1, frame_time)
        with fast_arithmetic(self.device):
            interval = self._observe(frame_0, frame_1, _reduction(frame_0)).expand(len(times))
            denoised = self._denoise(interval.conditions(times), num_steps, seed)
            return self.autoencoder.quantise(denoised.latents).latents

    @torch.inference_mode()
    def reconstruct(
        self, frame_0: Tensor, target: Tensor, frame_1: Tensor, frame_time: float | Tensor = 0.5
    ) -> Tensor:
        """Draw the middle frame from its true latent: the best that stage 2 could reach.

        All frames are (B, 3, H, W) in [-1, 1].
        """
        times = self._times(frame_0, frame_1, frame_time)
        reduction = _reduction(target)

        def draw(window: Window) -> Tensor:
            seen, *around = (window.of(frame) for frame in (target, frame_0, frame_1))
            interval = self._observe(around[0], around[1], reduction)
            denoised = self._denoise(interval.conditions(times))
            padded = reduced(self._padded(reduction, seen)[0], reduction)
            latents = self.autoencoder.encode(padded).latents
            drawn = self._draw(latents, denoised, interval, times, knows_place=True)
            return drawn[..., : seen.shape[-2], : seen.shape[-1]]

        with fast_arithmetic(self.device):
            return draw_what_changes(frame_0, frame_1, len(target), self.multiple * reduction, draw)

    @property
    def multiple(self) -> int:
        """Height and width of what the networks see are padded to multiples of this [px]."""
        return math.lcm(STRIDE, 8 * self.unet.config.scales[0])

    def _intervals(
        self, frame_0: Tensor, frame_1: Tensor, times: Tensor, reduction: int
    ) -> list[tuple[Interval, Tensor]]:
        """Return what is drawn together: an interval for each time, and the times.

        An interval whose motion is not found is observed alone at smaller sizes too, and the most
        certain observation is taken.
        """
        interval = self._observe(frame_0, frame_1, reduction)
        is_lost = self._certainty(interval, times[: len(frame_0)]) < CERTAIN
        if len(frame_0) > 1 and bool(is_lost.any()):
            alone = zip(frame_0.split(1), frame_1.split(1), times.split(1), strict=True)
            return [part for one in alone for part in self._intervals(*one, reduction)]
        if bool(is_lost.any()):
            smaller = (self._observe(frame_0, frame_1, reduction * by) for by in _SMALLER)
            seen = [interval, *smaller]
            interval = max(seen, key=lambda one: float(self._certainty(one, times[:1])))
        if len(frame_0) == len(times):
            return [(interval, times)]
        # The interval is observed once, but its in-betweens are drawn in parts to bound the memory.
        at_once = max(1, PIXELS_AT_ONCE // (frame_0.shape[-2] * frame_0.shape[-1]))
        return [(interval.expand(len(some)), some) for some in times.split(at_once)]

    def _certainty(self, interval: Interval, times: Tensor) -> Tensor:
        """Return the certainty of the motion between both frames, (B,) in [0, 1]."""
        return certainty(self.unet.search.logits(interval.volume_0, interval.volume_1, times).both)

    def _denoise(
        self,
        conditions: Conditions,
        num_steps: int | None = None,
        seed: int = 0,
        realign: bool = True,
    ) -> Denoised:
        noise = _noise(conditions.latents_0, seed)
        scales = step_scales(tuple(self.unet.config.scales), num_steps)
        return denoise(self.unet, self.scheduler, conditions, noise, scales=scales, realign=realign)

    def _latents(
        self, denoised: Denoised, interval: Interval, times: Tensor, seed: int, latent: Latent
    ) -> Tensor:
        if latent == "sampled":
            return denoised.latents
        if latent == "random":
            return _noise(denoised.latents, seed).expand_as(denoised.latents)
        if latent == "mean":
            return torch.lerp(interval.latents_0, interval.latents_1, times.view(-1, 1, 1, 1))
        raise ValueError(f"latent must be sampled, random or mean, got {latent}")

    def _draw(
        self,
        latents: Tensor,
        denoised: Denoised,
        interval: Interval,
        times: Tensor,
        use_neighbours: bool = True,
        knows_place: bool = False,
    ) -> Tensor:
        """Decode ``latents``, and sharpen the frame.

        ``knows_place`` is true for latents of the frame itself, which know where things are.
        Otherwise the motion is kept even in time.
        """
        snapped = self.autoencoder.quantise(latents).latents
        if not use_neighbours:
            return self.autoencoder.decode(snapped).frames.clamp(-1, 1)
        neighbours = interval.neighbours
        given, even = denoised.fine.motion, None if knows_place else times
        drawn = self.autoencoder.decode(snapped, neighbours, given, even).frames
        frame_0, frame_1 = neighbours.of_0.frame, neighbours.of_1.frame
        return sharpen(drawn.clamp(-1, 1), frame_0, frame_1, times)

    def _observe(self, frame_0: Tensor, frame_1: Tensor, reduction: int) -> Interval:
        padded_0, padded_1 = self._padded(reduction, frame_0, frame_1)
        return observe(self.autoencoder, self.unet.search, padded_0, padded_1, reduction)

    def _padded(self, reduction: int, *frames: Tensor) -> list[Tensor]:
        moved = [frame.to(self.device, self.autoencoder.dtype) for frame in frames]
        return [pad_to_multiple(frame, self.multiple * reduction) for frame in moved]

    def _times(self, frame_0: Tensor, frame_1: Tensor, frame_time: float | Tensor) -> Tensor:
        if frame_0.shape != frame_1.shape or frame_0.ndim != 4 or frame_0.shape[1] != 3:
            raise ValueError(
                "frame_0 and frame_1 must both be (B, 3, H, W), "
                f"got {tuple(frame_0.shape)} and {tuple(frame_1.shape)}"
            )
        if self.unet.dtype != torch.float32:
            raise ValueError(f"the weights must be float32, got {self.unet.dtype}; {_PRECISION}")
        times = torch.as_tensor(frame_time, dtype=torch.float32, device=self.device).reshape(-1)
        if not bool(((times > 0) & (times < 1)).all()):
            raise ValueError(
                f"frame_time must be in (0, 1), got {times.tolist()}; "
                "at 0 and 1 take the frames themselves"
            )
        if len(times) == 1:
            times = times.expand(len(frame_0))
        if len(frame_0) not in (1, len(times)):
            raise ValueError(
                f"give one frame_time, or one for each frame: got {len(times)} for {len(frame_0)}"
            )
        return times


def _noise(like: Tensor, seed: int) -> Tensor:
    """Return noise (1, C, h, w) of unit variance, the same on every device."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn((1, *like.shape[1:]), generator=generator).to(like)


def _check_options(options: dict[str, Any]) -> None:
    unknown = options.keys() - _OPTIONS_OF_DIFFUSERS
    if unknown:
        raise ValueError(f"unknown options: {', '.join(sorted(unknown))}; only a folder is taken")
    for name in ("dtype", "torch_dtype"):
        if options.get(name) not in (None, torch.float32):
            raise ValueError(f"{name} must be torch.float32, got {options[name]}; {_PRECISION}")


def _reduction(frame: Tensor) -> int:
    """Return the factor by which a frame (B, 3, H, W) is reduced for the networks: 1, 2, 4 ..."""
    reduction = 1
    while frame.shape[-2] * frame.shape[-1] > LOOKED_AT * reduction**2:
        reduction *= 2
    return reduction
