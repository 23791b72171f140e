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
        alone_share: of updates in which the decoder gets no neighbours.
    """

    perceptual_net: str = "alex"
    perceptual_weights: str | None = None
    commitment: float = 0.1
    adversarial: float = 0.0
    adversarial_start: int = 20_000
    alone_share: float = 0.05

    def __post_init__(self) -> None:
        if self.perceptual_net not in ("alex", "vgg"):
            raise ValueError(f"loss.perceptual_net must be alex or vgg, got {self.perceptual_net}")
        if not 0 <= self.alone_share <= 1:
            raise ValueError(f"loss.alone_share must be in [0, 1], got {self.alone_share}")


@dataclass(frozen=True, kw_only=True)
class DisturbanceConfig:
    """How often, and in what way, the decoder is given what is wrong; see ``disturbance``.

    The first five are shares of samples, by the motion that is given, and sum to one.

    Attributes:
        right_share: the true motion.
        degraded_share: the true motion, coarse, and off by a smooth random field.
        stale_share: the true motion of another time.
        zero_share: no motion.
        other_share: another sample's motion.
        noisy_share: of samples whose latents have noise.
        noise: largest standard deviation of that noise (latents have variance one).
        mixed_share: of samples whose latents are partly the neighbours', carried along the motion.
    """

    right_share: float = 0.3
    degraded_share: float = 0.35
    stale_share: float = 0.1
    zero_share: float = 0.1
    other_share: float = 0.15
    noisy_share: float = 0.15
    noise: float = 0.8
    mixed_share: float = 0.4

    def __post_init__(self) -> None:
        if min(self.shares) < 0 or abs(sum(self.shares) - 1) > 1e-6:
            raise ValueError(
                "disturbance.right_share, degraded_share, stale_share, zero_share and other_share "
                f"must not be negative and must sum to one, got {', '.join(map(str, self.shares))}"
            )
        if min(self.noisy_share, self.mixed_share) < 0 or self.noisy_share + self.mixed_share > 1:
            raise ValueError(
                "disturbance.noisy_share and mixed_share must not be negative, nor exceed one "
                f"together, got {self.noisy_share} and {self.mixed_share}"
            )

    @property
    def shares(self) -> tuple[float, float, float, float, float]:
        """The shares of right, degraded, stale, zero and other motions."""
        return (
            self.right_share,
            self.degraded_share,
            self.stale_share,
            self.zero_share,
            self.other_share,
        )


@dataclass(frozen=True, kw_only=True)
class AutoencoderConfig:
    """Train the VQ autoencoder (stage 1).

    Attributes:
        weights: a folder of weights to begin with, whose size then counts; None for untrained ones
            of ``model``'s size.
        decoder_only: leave the encoder and the codebook as ``weights`` has them, so that latents
            go on meaning the same.
    """

    weights: str | None = None
    decoder_only: bool = False
    model: ModelConfig = field(default_factory=ModelConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    disturbance: DisturbanceConfig = field(default_factory=DisturbanceConfig)
    data: DataConfig = field(default_factory=DataConfig)
    trainer: TrainerConfig = field(default_factory=lambda: TrainerConfig(run="runs/autoencoder"))

    def __post_init__(self) -> None:
        if self.decoder_only and self.weights is None:
            raise ValueError(
                "decoder_only leaves the encoder untrained; name weights to begin with"
            )
