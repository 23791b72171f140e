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
    """Weights of the loss terms of a decoded frame (``autoencoder.losses.decoding_terms``).

    Attributes:
        pixels: weight of the mean absolute error, in which lines count ``1 + lines`` times.
        lines: additional weight of the pixels of lines in that error.
        perceptual: weight of LPIPS.
        sharpness: weight of the difference in gradient strength from the target. It is meant for
            the end of a training, when what is drawn lies where it belongs.
        sketch: weight of the absolute error of the frame as decoded from the latent alone. Without
            it the latent need say nothing, since the neighbours show nearly everything.
        matching: weight of the cross-entropy of matching by the decoder's keys, where the motion
            is known.
        motion: weight of the end-point error of the decoder's motion, where it is known.
        source: weight of the cross-entropy of taking each pixel from a neighbour that shows it.
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
    """Weights of the terms of stage 1's loss, in addition to those of ``DecodingLossConfig``.

    Attributes:
        perceptual_net: "alex" (shipped) or "vgg" (needs ``perceptual_weights``).
        perceptual_weights: safetensors of the backbone; None for the shipped AlexNet.
        commitment: weight of the commitment loss, which keeps latents near their codes.
        adversarial: weight of the adversarial loss; 0 leaves the discriminator out.
        adversarial_start: update from which the adversarial loss counts, once the rest has settled.
        alone_share: share of updates in which the decoder gets no neighbours.
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
    """How often the decoder is trained with wrong motion or latents; see ``disturbance``.

    The first five are shares of samples, by the kind of motion that the decoder is given. They sum
    to one.

    Attributes:
        right_share: share of samples with the true motion.
        degraded_share: share with the true motion at a lower resolution, plus a smooth random
            field.
        stale_share: share with the true motion as of another time.
        zero_share: share with no motion.
        other_share: share with another sample's motion.
        noisy_share: share of samples whose latents have noise.
        noise: largest standard deviation of that noise (latents have variance one).
        mixed_share: share of samples whose latents are blended with the neighbours' latents, which
            are warped along the given motion.
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
        weights: a folder of weights to start from; ``model`` is then ignored. None starts from
            untrained weights of ``model``'s size.
        decoder_only: train only the decoder. The encoder and the codebook stay as ``weights`` has
            them, so that latents keep their meaning.
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
