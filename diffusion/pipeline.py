"""Two frames and a time in, the frame between them out: both stages together."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from diffusers import DiffusionPipeline, FlowMatchEulerDiscreteScheduler
from torch import Tensor

from autoencoder import Neighbours, VQAutoencoder, pad_to_multiple
from autoencoder.encoder import STRIDE
from diffusion.alignment import Conditions, Interval, align, observe, reduced
from diffusion.bridge import sample
from diffusion.flow_refiner import FlowRefiner
from diffusion.loading import load_flow_refiner
from diffusion.precision import fast_arithmetic
from diffusion.sharpening import sharpen
from diffusion.unet import InBetweenUNet
from diffusion.window import Window, draw_what_changes
from nakawari.weights import load_model, load_scheduler

Latent = Literal["sampled", "random", "mean", "aligned"]
DEFAULT_STEPS = 1
PIXELS_AT_ONCE = 1_000_000
"""Of the in-betweens of one interval: a network's feature maps take some hundred times theirs."""
LOOKED_AT = 1_000_000
"""Pixels: larger frames are looked at reduced. At 1080p that takes a third of the time, and the
in-betweens are as good."""

_OPTIONS_OF_DIFFUSERS = frozenset(
    {"cache_dir", "force_download", "proxies", "local_files_only", "token", "revision", "variant"}
    | {"dtype", "torch_dtype", "use_safetensors", "low_cpu_mem_usage", "disable_mmap"}
    | {"custom_pipeline", "custom_revision", "trust_remote_code"}
)
"""What programs pass to every pipeline: about downloads, and about how files are read."""
_PRECISION = "run the pipeline under torch.autocast to compute in half precision"


class FrameInterpolationPipeline(DiffusionPipeline):
    """Draws in-betweens: ``pipeline(frame_0, frame_1, frame_time=0.5)``."""

    _optional_components: ClassVar = ["flow_refiner"]

    def __init__(
        self,
        autoencoder: VQAutoencoder,
        unet: InBetweenUNet,
        scheduler: FlowMatchEulerDiscreteScheduler,
        flow_refiner: FlowRefiner | None = None,
    ) -> None:
        """Join them; without ``flow_refiner`` optical flow is taken as it is found."""
        super().__init__()
        self.register_modules(
            autoencoder=autoencoder, unet=unet, scheduler=scheduler, flow_refiner=flow_refiner
        )
        self.set_progress_bar_config(disable=True)

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: str | os.PathLike[str] | None, **kwargs: Any
    ) -> "FrameInterpolationPipeline":
        """Load both stages, in float32, from a folder written by ``save_pretrained``.

        Nothing is ever downloaded. A missing file raises ``FileNotFoundError``; a config with an
        unknown key, or weights that do not fit their config, raise ``ValueError``, as does a
        keyword that ``DiffusionPipeline.from_pretrained`` does not know either. Those that it
        knows are accepted; of them only the type of the weights would mean anything here, and
        that must be float32.
        """
        _check_options(kwargs)
        folder = Path(pretrained_model_name_or_path or "")
        if not folder.is_dir():
            raise FileNotFoundError(f"no folder of weights at {folder}; pass one with --model DIR")
        scheduler = load_scheduler(folder / "scheduler")
        autoencoder = load_model(VQAutoencoder, folder / "autoencoder")
        unet = load_model(InBetweenUNet, folder / "unet")
        if autoencoder.config.latent_channels != unet.config.latent_channels:
            raise ValueError(
                f"the autoencoder in {folder} has {autoencoder.config.latent_channels} latent "
                f"channels and the U-Net {unet.config.latent_channels}; they must come from one "
                "training"
            )
        refiner = None
        if (folder / "flow_refiner").is_dir():
            refiner = load_flow_refiner(folder / "flow_refiner", autoencoder)
        return cls(autoencoder, unet, scheduler, refiner)

    def configure(
        self,
        num_steps: int | None = None,
        seed: int = 0,
        latent: Latent = "sampled",
        use_neighbours: bool = True,
    ) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
        """Return this pipeline as a ``FrameInterpolator`` with its settings fixed.

        ``num_steps`` None takes the usual number.
        """
        num_steps = DEFAULT_STEPS if num_steps is None else num_steps

        def interpolate(frame_0: Tensor, frame_1: Tensor, frame_time: Tensor) -> Tensor:
            return self(
                frame_0,
                frame_1,
                frame_time,
                num_steps=num_steps,
                seed=seed,
                latent=latent,
                use_neighbours=use_neighbours,
            )

        return interpolate

    @torch.inference_mode()
    def __call__(
        self,
        frame_0: Tensor,
        frame_1: Tensor,
        frame_time: float | Tensor = 0.5,
        *,
        num_steps: int = DEFAULT_STEPS,
        seed: int = 0,
        latent: Latent = "sampled",
        use_neighbours: bool = True,
    ) -> Tensor:
        """Draw one frame for each ``frame_time``.

        Args:
            frame_0: (B, 3, H, W) in [-1, 1], any H and W; or (1, 3, H, W) for every time.
            frame_1: the same shape.
            frame_time: in (0, 1); a number, or a tensor of shape (B,).
            num_steps: of the sampler, at least 1.
            seed: of the noise. The noise is the same for every interval and every frame_time,
                so that what stands still does not shimmer.
            latent: "sampled" is the model. The others are for the benchmark: "random" draws
                codes by chance, "mean" takes the mean of the neighbours' latents, "aligned"
                the guess that sampling starts from.
            use_neighbours: False is for the benchmark: the decoder paints from the latent alone.

        Returns:
            Frames (B, 3, H, W) in [-1, 1].
        """
        times = self._times(frame_0, frame_1, frame_time)
        reduction = _reduction(frame_0)

        def draw(window: Window) -> Tensor:
            around = (window.of(frame_0), window.of(frame_1))
            height, width = around[0].shape[-2:]
            interval = self._observe(*around, reduction)
            if len(frame_0) < len(times):
                # One look at the interval, but only so many in-betweens at once as memory allows.
                at_once = max(1, PIXELS_AT_ONCE // (height * width))
                pieces = [(interval.expand(len(some)), some) for some in times.split(at_once)]
            else:
                pieces = [(interval, times)]
            frames = []
            for interval, some in pieces:
                conditions = align(self.autoencoder, interval, some)
                latents = self._latents(conditions, num_steps, seed, latent)
                neighbours = interval.neighbours if use_neighbours else None
                frames.append(self._draw(latents, neighbours, conditions))
            return torch.cat(frames)[..., :height, :width]

        with fast_arithmetic(self.device):
            if not use_neighbours:
                return draw(Window(0, frame_0.shape[-2], 0, frame_0.shape[-1]))
            return draw_what_changes(frame_0, frame_1, len(times), STRIDE * reduction, draw)

    @torch.inference_mode()
    def sample_latents(
        self,
        frame_0: Tensor,
        frame_1: Tensor,
        frame_time: float | Tensor = 0.5,
        *,
        num_steps: int = DEFAULT_STEPS,
        seed: int = 0,
    ) -> Tensor:
        """Return the quantised latents (B, C, H/8, W/8) from which ``__call__`` draws.

        H and W, padded to multiples of 16, and of large frames as they are looked at: halved until
        they have no more than ``LOOKED_AT`` pixels.
        """
        times = self._times(frame_0, frame_1, frame_time)
        with fast_arithmetic(self.device):
            interval = self._observe(frame_0, frame_1, _reduction(frame_0))
            conditions = align(self.autoencoder, interval.expand(len(times)), times)
            latents = self._latents(conditions, num_steps, seed, "sampled")
            return self.autoencoder.quantise(latents).latents

    @torch.inference_mode()
    def reconstruct(
        self, frame_0: Tensor, target: Tensor, frame_1: Tensor, frame_time: float | Tensor = 0.5
    ) -> Tensor:
        """Draw the middle frame from its true latent: the most that stage 2 could reach.

        All frames are (B, 3, H, W) in [-1, 1].
        """
        times = self._times(frame_0, frame_1, frame_time)
        reduction = _reduction(target)

        def draw(window: Window) -> Tensor:
            seen, *around = (window.of(frame) for frame in (target, frame_0, frame_1))
            interval = self._observe(around[0], around[1], reduction)
            conditions = align(self.autoencoder, interval, times)
            padded = reduced(self._padded(reduction, seen)[0], reduction)
            latents = self.autoencoder.encode(padded).latents
            drawn = self._draw(latents, interval.neighbours, conditions)
            return drawn[..., : seen.shape[-2], : seen.shape[-1]]

        with fast_arithmetic(self.device):
            return draw_what_changes(frame_0, frame_1, len(target), STRIDE * reduction, draw)

    def _latents(self, conditions: Conditions, num_steps: int, seed: int, latent: Latent) -> Tensor:
        # Drawn on the CPU, so that a seed means the same noise on every device.
        generator = torch.Generator().manual_seed(seed)
        noise = torch.randn((1, *conditions.guess.shape[1:]), generator=generator)
        noise = noise.to(conditions.guess)
        if latent == "sampled":
            return sample(self.unet, self.scheduler, conditions, noise, num_steps)
        if latent == "random":
            return noise.expand_as(conditions.guess)
        if latent == "mean":
            return (conditions.latents_0 + conditions.latents_1) / 2
        if latent == "aligned":
            return conditions.guess
        raise ValueError(f"latent must be sampled, random, mean or aligned, got {latent}")

    def _draw(
        self, latents: Tensor, neighbours: Neighbours | None, conditions: Conditions
    ) -> Tensor:
        snapped = self.autoencoder.quantise(latents).latents
        hint, certainty = conditions.motion, conditions.certainty
        drawn = self.autoencoder.decode(snapped, neighbours, hint, certainty).frames.clamp(-1, 1)
        if neighbours is None:
            return drawn
        frame_0, frame_1 = neighbours.of_0.frame, neighbours.of_1.frame
        return sharpen(drawn, frame_0, frame_1, conditions.frame_time)

    def _observe(self, frame_0: Tensor, frame_1: Tensor, reduction: int) -> Interval:
        padded = self._padded(reduction, frame_0, frame_1)
        return observe(
            self.autoencoder,
            *padded,
            refiner=self.flow_refiner,
            reduction=reduction,
            with_pieces=True,
        )

    def _padded(self, reduction: int, *frames: Tensor) -> list[Tensor]:
        moved = [frame.to(self.device, self.autoencoder.dtype) for frame in frames]
        return [pad_to_multiple(frame, STRIDE * reduction) for frame in moved]

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


def _check_options(options: dict[str, Any]) -> None:
    unknown = options.keys() - _OPTIONS_OF_DIFFUSERS
    if unknown:
        raise ValueError(f"unknown options: {', '.join(sorted(unknown))}; only a folder is taken")
    for name in ("dtype", "torch_dtype"):
        if options.get(name) not in (None, torch.float32):
            raise ValueError(f"{name} must be torch.float32, got {options[name]}; {_PRECISION}")


def _reduction(frame: Tensor) -> int:
    """Return by how much a frame (B, 3, H, W) is reduced to be looked at: 1, 2, 4 ..."""
    reduction = 1
    while frame.shape[-2] * frame.shape[-1] > LOOKED_AT * reduction**2:
        reduction *= 2
    return reduction
