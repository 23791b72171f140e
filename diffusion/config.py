"""Settings of stage 2."""

from dataclasses import dataclass, field

from autoencoder.config import DecodingLossConfig
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
            Where the decoder is tuned, these three teach it too.
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
class DecoderConfig:
    """Tune stage 1's decoder for the latents that it is given in the end, which are not the true.

    Encoder and codebook stay as they are, and with them what latents mean. The shares are of the
    samples, by what they are decoded from, and sum to one.

    Attributes:
        learning_rate: at its highest; 0 leaves the decoder as stage 1 left it.
        only: the decoder's parts (attributes of ``Decoder``) to train; all of it if none is named.
        true_share: the target's own latents.
        aligned_share: the guess that sampling starts from.
        sampled_share: what the U-Net samples, in ``steps`` steps.
        noisy_share: the target's own latents with noise, up to the bridge's.
        steps: of the sampler.
    """

    learning_rate: float = 0.0
    only: tuple[str, ...] = ()
    true_share: float = 0.25
    aligned_share: float = 0.35
    sampled_share: float = 0.35
    noisy_share: float = 0.05
    steps: int = 1
    loss: DecodingLossConfig = field(default_factory=DecodingLossConfig)

    def __post_init__(self) -> None:
        if self.learning_rate < 0:
            raise ValueError(
                f"decoder.learning_rate must not be negative, got {self.learning_rate}"
            )
        if self.steps < 1:
            raise ValueError(f"decoder.steps must be at least 1, got {self.steps}")
        if min(self.shares) < 0 or abs(sum(self.shares) - 1) > 1e-6:
            raise ValueError(
                "decoder.true_share, aligned_share, sampled_share and noisy_share must not be "
                f"negative and must sum to one, got {', '.join(map(str, self.shares))}"
            )

    @property
    def tunes(self) -> bool:
        """Whether the decoder is trained at all."""
        return self.learning_rate > 0

    @property
    def shares(self) -> tuple[float, float, float, float]:
        """The shares of true, aligned, sampled and noisy latents."""
        return self.true_share, self.aligned_share, self.sampled_share, self.noisy_share


@dataclass(frozen=True, kw_only=True)
class DiffusionConfig:
    """Train the latent U-Net (stage 2), tune stage 1's decoder, or both.

    Attributes:
        autoencoder: the folder of stage 1's weights.
        flow_refiner: a folder of weights, trained on this autoencoder's encoder
            (``diffusion/flow_train.py``); None takes optical flow as it is found.
        unet: a folder of weights to begin with, whose size then counts; None for an untrained
            one of ``model``'s size.
        train_unet: False leaves the U-Net as ``unet`` has it.
        validation_steps: of the sampler, in validation.
        latent_cache: a folder that keeps what stage 1 makes of the training samples, for samples
            that come again (``data.cels`` or ``data.windows``); filled before the training.
    """

    autoencoder: str = "checkpoints/nakawari/autoencoder"
    flow_refiner: str | None = None
    unet: str | None = None
    train_unet: bool = True
    validation_steps: int = 2
    latent_cache: str | None = None
    model: ModelConfig = field(default_factory=ModelConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    decoder: DecoderConfig = field(default_factory=DecoderConfig)
    data: DataConfig = field(default_factory=DataConfig)
    trainer: TrainerConfig = field(default_factory=lambda: TrainerConfig(run="runs/diffusion"))

    def __post_init__(self) -> None:
        if self.latent_cache is not None:
            self._check_cache()
        if self.train_unet:
            return
        if self.unet is None:
            raise ValueError("train_unet false leaves the U-Net untrained; name weights with unet")
        if not self.decoder.tunes:
            raise ValueError(
                "train_unet false and decoder.learning_rate 0 leave nothing to train; set either"
            )

    def _check_cache(self) -> None:
        """Refuse what a cache of latents cannot serve."""
        if not self.data.repeats:
            raise ValueError(
                "latent_cache is for samples that come again, and none do; set data.cels for drawn "
                "cels, or data.windows for data.triplets and data.shards"
            )
        if self.decoder.tunes:
            raise ValueError(
                "latent_cache keeps what stage 1 answers, which decoder.learning_rate above 0 "
                "changes; leave out either"
            )
        if self.loss.decodes:
            raise ValueError(
                "latent_cache keeps no frames, which loss.pixels, perceptual and motion compare; "
                "leave out the cache, or set them to 0"
            )


@dataclass(frozen=True, kw_only=True)
class RefinerConfig:
    """Size of what mends optical flow; see ``FlowRefiner``."""

    match_channels: int = 64
    channels: int = 64
    levels: int = 3
    radius: int = 3
    steps: int = 3


@dataclass(frozen=True, kw_only=True)
class FlowLossConfig:
    """Weights of the terms of the loss on flows.

    Attributes:
        refined: of the refined flow's error.
        steps: of the error after each step, the last counting most.
    """

    refined: float = 1.0
    steps: float = 0.3


@dataclass(frozen=True, kw_only=True)
class FlowConfig:
    """Train a ``FlowRefiner`` on samples whose motion is known.

    Attributes:
        autoencoder: the folder of stage 1's weights, whose encoder's features it reads.
        refiner: a folder of weights to begin with, whose size then counts; None for an untrained
            one of ``model``'s size.
    """

    autoencoder: str = "checkpoints/nakawari/autoencoder"
    refiner: str | None = None
    model: RefinerConfig = field(default_factory=RefinerConfig)
    loss: FlowLossConfig = field(default_factory=FlowLossConfig)
    data: DataConfig = field(default_factory=lambda: DataConfig(height=256, width=256))
    trainer: TrainerConfig = field(default_factory=lambda: TrainerConfig(run="runs/flow"))

    def __post_init__(self) -> None:
        if self.data.triplets is not None or self.data.shards is not None:
            raise ValueError(
                "the motion in data.triplets and data.shards is not known; leave them out, and "
                "drawn cels are trained on"
            )
