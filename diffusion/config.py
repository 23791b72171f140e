"""Settings of stage 2."""

from dataclasses import dataclass, field

from autoencoder.config import DecodingLossConfig
from nakawari.training.config import DataConfig, TrainerConfig


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Size of the U-Net; see ``InBetweenUNet``. Its latent channels are the autoencoder's."""

    key_channels: int = 48
    channels: tuple[int, ...] = (64, 112, 176)
    blocks_per_level: int = 1
    time_channels: int = 192
    radius: int = 2
    search_radius: int = 12
    scales: tuple[int, ...] = (4, 2, 1)
    noise_scale: float = 0.5


@dataclass(frozen=True, kw_only=True)
class LossConfig:
    """Weights of the terms of stage 2's loss (``diffusion.losses.step_terms``).

    Attributes:
        latents: weight of the squared error of the clean latents, at every step.
        codes: weight of one minus the cosine of the predicted and the true code, at the last step.
        motion: weight of the end-point error of the motion [px of the step's map], at every step.
        uneven_motion: weight of how much that error differs from place to place [cells].
        search: weight of the cross-entropy of the true flow among all flows of the search.
        choice: weight of the cross-entropy of the true flow among the candidates, at every step.
        visible: weight of the cross-entropy of the visibility in each neighbour, at every step.
        fine_motion: weight of the end-point error of the motion at 1/4 [cells].
        mixed: weight of the absolute error of both neighbours, warped along that motion and
            blended, at 1/4.
        picture: weight of the decoded frame's own loss, whose terms ``decoder.loss`` weights; 0
            saves the decoding.
    """

    latents: float = 0.5
    codes: float = 0.25
    motion: float = 1.0
    uneven_motion: float = 3.0
    search: float = 0.2
    choice: float = 0.2
    visible: float = 0.1
    fine_motion: float = 1.0
    mixed: float = 2.0
    picture: float = 0.0


@dataclass(frozen=True, kw_only=True)
class VariationConfig:
    """How samples are varied in training, and how many steps are made.

    Attributes:
        extra_step_share: share of batches with one more step at the finest scale.
        backwards_share: share of samples that are played backwards.
        half_size_share: share of batches at half size, where the same motion costs a quarter of
            the computation.
    """

    extra_step_share: float = 0.15
    backwards_share: float = 0.5
    half_size_share: float = 0.3

    def __post_init__(self) -> None:
        for name in ("extra_step_share", "backwards_share", "half_size_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"variation.{name} must be in [0, 1], got {getattr(self, name)}")


@dataclass(frozen=True, kw_only=True)
class DecoderConfig:
    """How stage 1's decoder learns to draw from what stage 2 samples.

    The encoder and the codebook stay as they are, so latents keep their meaning.

    Attributes:
        learning_rate: the decoder's highest learning rate; 0 leaves it as stage 1 left it.
        true_share: share of batches decoded from the target's own latents, so that the decoder
            does not forget to obey them.
        loss: weights of the loss terms of the decoded frame.
        perceptual_net: "alex" (shipped) or "vgg" (needs ``perceptual_weights``).
        perceptual_weights: safetensors of the backbone; None for the shipped AlexNet.
    """

    learning_rate: float = 0.0
    true_share: float = 0.25
    loss: DecodingLossConfig = field(default_factory=DecodingLossConfig)
    perceptual_net: str = "alex"
    perceptual_weights: str | None = None

    def __post_init__(self) -> None:
        if self.learning_rate < 0:
            raise ValueError(
                f"decoder.learning_rate must not be negative, got {self.learning_rate}"
            )
        if not 0 <= self.true_share <= 1:
            raise ValueError(f"decoder.true_share must be in [0, 1], got {self.true_share}")
        if self.perceptual_net not in ("alex", "vgg"):
            raise ValueError(
                f"decoder.perceptual_net must be alex or vgg, got {self.perceptual_net}"
            )

    @property
    def tunes(self) -> bool:
        """Whether the decoder is trained."""
        return self.learning_rate > 0


@dataclass(frozen=True, kw_only=True)
class DiffusionConfig:
    """Train the latent U-Net (stage 2), and stage 1's decoder beside it.

    Attributes:
        autoencoder: the folder of stage 1's weights.
        unet: a folder of weights to start from; ``model`` is then ignored. None starts from an
            untrained U-Net of ``model``'s size.
        train_unet: False leaves the U-Net as ``unet`` has it.
        chooser_rate: factor on the trainer's learning rate for the part of the U-Net that chooses
            among candidate flows. That part is small, and few cells are in doubt.
    """

    autoencoder: str = "checkpoints/nakawari/autoencoder"
    unet: str | None = None
    train_unet: bool = True
    chooser_rate: float = 5.0
    model: ModelConfig = field(default_factory=ModelConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    variation: VariationConfig = field(default_factory=VariationConfig)
    decoder: DecoderConfig = field(default_factory=DecoderConfig)
    data: DataConfig = field(default_factory=DataConfig)
    trainer: TrainerConfig = field(default_factory=lambda: TrainerConfig(run="runs/diffusion"))

    def __post_init__(self) -> None:
        if self.chooser_rate <= 0:
            raise ValueError(f"chooser_rate must be positive, got {self.chooser_rate}")
        if self.decoder.tunes and not self.loss.picture:
            raise ValueError(
                "decoder.learning_rate above 0 needs decoded frames to learn from; set loss.picture"
            )
        if self.train_unet:
            return
        if self.unet is None:
            raise ValueError("train_unet false leaves the U-Net untrained; name weights with unet")
        if not self.decoder.tunes:
            raise ValueError(
                "train_unet false and decoder.learning_rate 0 leave nothing to train; set either"
            )
