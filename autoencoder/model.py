"""The VQ autoencoder of stage 1: encoder, quantiser and decoder, saved and loaded by diffusers."""

from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor

from autoencoder.decoder import Decoded, Decoder, Neighbours
from autoencoder.encoder import Encoder, Encoding
from autoencoder.quantiser import Quantised, Quantiser


class VQAutoencoder(ModelMixin, ConfigMixin):
    """Compresses frames to a grid of codes at 1/8, and draws them from it and two neighbours."""

    @register_to_config
    def __init__(
        self,
        encoder_channels: tuple[int, int, int] = (32, 64, 96),
        decoder_channels: tuple[int, int, int] = (32, 48, 96),
        match_channels: int = 64,
        latent_channels: int = 32,
        codebook_heads: int = 4,
        codebook_size: int = 256,
    ) -> None:
        """Build it.

        Args:
            encoder_channels: channels at 1/2, 1/4 and 1/8, multiples of eight.
            decoder_channels: channels at 1/2, 1/4 and 1/8, multiples of eight.
            match_channels: channels of the keys that find the latent in the neighbours.
            latent_channels: C. If it is no multiple of ``codebook_heads``, ``ValueError`` is
                raised.
            codebook_heads: number of codes of each token.
            codebook_size: number of codes that each head can choose from.
        """
        super().__init__()
        self.encoder = Encoder(encoder_channels, latent_channels)
        self.quantiser = Quantiser(latent_channels, codebook_heads, codebook_size)
        self.decoder = Decoder(encoder_channels, latent_channels, decoder_channels, match_channels)

    def encode(self, frames: Tensor) -> Encoding:
        """Return unquantised latents (B, C, H/8, W/8) and features of frames (B, 3, H, W)."""
        return self.encoder(frames)

    def quantise(self, latents: Tensor) -> Quantised:
        """Snap latents (B, C, h, w) to the codebook."""
        return self.quantiser(latents)

    def decode(
        self,
        latents: Tensor,
        neighbours: Neighbours | None = None,
        given: Tensor | None = None,
        frame_time: Tensor | None = None,
    ) -> Decoded:
        """Draw quantised latents (B, C, H/8, W/8) as frames (B, 3, H, W).

        ``Decoder.forward`` describes the other arguments.
        """
        return self.decoder(latents, neighbours, given, frame_time)

    def neighbours(self, frame_0: Tensor, frame_1: Tensor) -> Neighbours:
        """Encode the two frames (B, 3, H, W) before and after the one to draw."""
        return self.as_neighbours(frame_0, frame_1, self.encode(frame_0), self.encode(frame_1))

    def as_neighbours(
        self, frame_0: Tensor, frame_1: Tensor, encoding_0: Encoding, encoding_1: Encoding
    ) -> Neighbours:
        """Do what ``neighbours`` does, for frames that are already encoded."""
        look_at = self.decoder.look_at
        return Neighbours(look_at(frame_0, encoding_0), look_at(frame_1, encoding_1))
