"""Settings of stage 2."""

from dataclasses import dataclass, field

from nakawari.training.config import DataConfig, TrainerConfig


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Size of the U-Net; see ``InBetweenUNet``. Its latent channels are the autoencoder's."""

    channels: tuple[int, ...] = (96, 128, 192, 256)
    blocks_per_level: int = 1
    time_channels: int = 256
    noise_scale: float = 0.5


@dataclass(frozen=True, kw_only=True)
class LossConfig:
    """Weights of the terms of stage 2's loss.

    Attributes:
        latents: of the squared error of the clean latents.
        codes: of their falling short of the true code's direction (one minus cosine, a head).
        pixels: of the decoded frame's absolute error; 0 together with ``perceptual`` and
            ``motion`` spares the decoding.
        perceptual: of the decoded frame's LPIPS.
        motion: of the end-point error of the motion that the decoder reads from the latent.
        perceptual_net: "alex" (shipped) or "vgg" (needs ``perceptual_weights``).
        perceptual_weights: safetensors of the backbone; None for the shipped AlexNet.
        start_share: of samples trained at the bridge's very start, where few-step sampling
            spends its steps; the others are uniform in the noise level.
        swap_share: of samples played backwards: the neighbours swapped, frame_time turned round.
    """

    latents: float = 1.0
    codes: float = 0.5
    pixels: float = 0.0
    perceptual: float = 0.0
    motion: float = 0.0
    perceptual_net: str = "alex"
    perceptual_weights: str | None = None
    start_share: float = 0.3
    swap_share: float = 0.5

    def __post_init__(self) -> None:
        if self.perceptual_net not in ("alex", "vgg"):
            raise ValueError(f"loss.perceptual_net must be alex or vgg, got {self.perceptual_net}")
        for name in ("start_share", "swap_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"loss.{name} must be in [0, 1], got {getattr(self, name)}")

    @property
    def decodes(self) -> bool:
        """Whether any term looks at the decoded frame."""
        return self.pixels > 0 or self.perceptual > 0 or self.motion > 0


@dataclass(frozen=True, kw_only=True)
class DiffusionConfig:
    """Train the latent U-Net (stage 2) on a frozen autoencoder.

    Attributes:
        autoencoder: the folder of stage 1's weights.
        validation_steps: of the sampler, in validation.
    """

    autoencoder: str = "checkpoints/nakawari/autoencoder"
    validation_steps: int = 2
    model: ModelConfig = field(default_factory=ModelConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    data: DataConfig = field(default_factory=DataConfig)
    trainer: TrainerConfig = field(default_factory=lambda: TrainerConfig(run="runs/diffusion"))
