"""Settings of stage 1."""

from dataclasses import dataclass, field

from nakawari.training.config import DataConfig, TrainerConfig


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Size of the autoencoder; see ``VQAutoencoder``."""

    encoder_channels: tuple[int, int, int] = (32, 64, 96)
    decoder_channels: tuple[int, int, int] = (32, 48, 96)
    match_channels: int = 64
    latent_channels: int = 32
    codebook_heads: int = 4
    codebook_size: int = 256


@dataclass(frozen=True, kw_only=True)
class DecodingLossConfig:
    """Weights of the terms that judge a decoded frame (``autoencoder.losses.decoding_terms``).

    Attributes:
        pixels: of the absolute error, lines counted ``1 + lines`` times.
        lines: how much more the pixels of lines count.
        perceptual: of LPIPS.
        sharpness: of the gradient's strength differing from the target's; for the end, when what
            is drawn lies where it belongs.
        sketch: of the absolute error of the frame as the latent alone tells it; without it, the
            latent need tell nothing, since the neighbours show nearly everything.
        matching: of the decoder's keys being told from one another, where motion is known.
        motion: of the end-point error of the decoder's motion, where it is known.
        source: of drawing from the neighbour that shows the point.
    """

    pixels: float = 1.0
    lines: float = 4.0
    perceptual: float = 1.0
    sharpness: float = 0.0
    sketch: float = 1.0
    matching: float = 0.1
    motion: float = 0.15
    source: float = 0.05


@dataclass(frozen=True, kw_only=True)
class LossConfig(DecodingLossConfig):
    """Weights of the terms of stage 1's loss, beside those of ``DecodingLossConfig``.

    Attributes:
        perceptual_net: "alex" (shipped) or "vgg" (needs ``perceptual_weights``).
        perceptual_weights: safetensors of the backbone; None for the shipped AlexNet.
        commitment: of latents staying near their codes.
        adversarial: of the discriminator's verdict; 0 leaves the discriminator out.
        adversarial_start: update from which it counts, once the rest has settled.
        corrupted_share: of samples decoded from disturbed latents, so that the decoder
            can bear what stage 2 samples.
        corruption: largest standard deviation of that disturbance (latents have variance one).
        alone_share: of updates in which the decoder gets no neighbours.
    """

    perceptual_net: str = "alex"
    perceptual_weights: str | None = None
    commitment: float = 0.1
    adversarial: float = 0.0
    adversarial_start: int = 20_000
    corrupted_share: float = 0.3
    corruption: float = 0.6
    alone_share: float = 0.05

    def __post_init__(self) -> None:
        if self.perceptual_net not in ("alex", "vgg"):
            raise ValueError(f"loss.perceptual_net must be alex or vgg, got {self.perceptual_net}")
        for name in ("corrupted_share", "alone_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"loss.{name} must be in [0, 1], got {getattr(self, name)}")


@dataclass(frozen=True, kw_only=True)
class AutoencoderConfig:
    """Train the VQ autoencoder (stage 1)."""

    model: ModelConfig = field(default_factory=ModelConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    data: DataConfig = field(default_factory=DataConfig)
    trainer: TrainerConfig = field(default_factory=lambda: TrainerConfig(run="runs/autoencoder"))
