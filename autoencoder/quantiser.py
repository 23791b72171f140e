"""The quantiser: continuous latents to codes. vector-quantize-pytorch, narrowed to what we use."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from vector_quantize_pytorch import VectorQuantize
from vector_quantize_pytorch.vector_quantize_pytorch import batched_sample_vectors

from nakawari import ranks


class Quantised(NamedTuple):
    """A quantised latent."""

    latents: Tensor  # (B, C, h, w), float32, unit variance, straight-through gradient
    indices: Tensor  # (B, h, w, heads), int64 in [0, codebook_size)
    commitment_loss: Tensor  # scalar


class Quantiser(nn.Module):
    """Product quantisation on the sphere: each head snaps its share of the channels to a code.

    Cosine similarity, k-means initialisation and revival of dead codes keep the codebook in use
    (vector-quantize-pytorch issues 72, 74 and 205). A token takes
    ``heads * log2(codebook_size)`` bits.
    """

    def __init__(self, channels: int, heads: int, codebook_size: int) -> None:
        """Build it; ``channels`` that ``heads`` does not divide raise ``ValueError``."""
        super().__init__()
        if channels % heads:
            raise ValueError(
                f"latent_channels must be a multiple of codebook_heads, got {channels} and {heads}"
            )
        self.heads = heads
        self.codebook_size = codebook_size
        # Codes have norm one a head; times this they have variance one a channel, as diffusion
        # likes it.
        self.scale = (channels // heads) ** 0.5
        self.codebook = VectorQuantize(
            dim=channels,
            codebook_dim=channels // heads,
            codebook_size=codebook_size,
            heads=heads,
            separate_codebook_per_head=True,
            use_cosine_sim=True,
            kmeans_init=True,
            kmeans_iters=10,
            threshold_ema_dead_code=2,
            decay=0.95,
            commitment_weight=1.0,
            sync_codebook=False,  # we do, and better: see _follow_all_ranks
            accept_image_fmap=True,
        )

    def forward(self, latents: Tensor) -> Quantised:
        """Snap latents (B, C, h, w) of any scale to the codebook.

        In training mode the codebook follows its codes (moving average) and dead codes are
        replaced by latents of the batch; in evaluation mode nothing changes. On several ranks the
        batch is that of all together.
        """
        if not self.training and self._is_filled():
            return self._quickly(latents)
        if self.training:
            self._follow_all_ranks()
        quantized, indices, loss = self._nearest(latents)
        indices = indices.reshape(*indices.shape[:3], self.heads)
        return Quantised(quantized * self.scale, indices, loss.sum())

    @torch.no_grad()
    def snap(self, latents: Tensor) -> Tensor:
        """Return the codes nearest to latents (B, C, h, w), the codebook untouched."""
        if self._is_filled():
            return self._quickly(latents).latents
        training = self.codebook.training
        self.codebook.eval()
        snapped, _, _ = self._nearest(latents)
        self.codebook.train(training)
        return snapped * self.scale

    @torch.no_grad()
    def lookup(self, indices: Tensor) -> Tensor:
        """Return the latents (B, C, h, w) that codes (B, h, w, heads) stand for.

        They are bit for bit those of ``forward``.
        """
        return self.codebook.get_output_from_indices(indices) * self.scale

    @torch.no_grad()
    def settle_average(self) -> None:
        """Give the codes of an averaged codebook their length of one again."""
        codes = self.codebook._codebook.embed
        codes.copy_(F.normalize(codes, dim=-1))

    def _follow_all_ranks(self) -> None:
        """Let the codebook be made from the latents of all ranks, as one rank would with them all.

        The library decides that when it is built, before there are ranks, and takes several
        codebooks only where there are none. Nor are its samples those of one rank.
        """
        codebook, several = self.codebook._codebook, ranks.are_several()
        sample = _sample_of_all_ranks if several else batched_sample_vectors
        codebook.sample_fn = codebook.replace_sample_fn = sample
        codebook.all_reduce_fn = codebook.kmeans_all_reduce_fn = ranks.sum_in_place

    def _nearest(self, latents: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        # In float32 also under mixed precision, in which a CPU searches nearly twice as long.
        with torch.autocast(latents.device.type, enabled=False):
            nearest: tuple[Tensor, Tensor, Tensor] = self.codebook(latents.float())
            return nearest

    def _is_filled(self) -> bool:
        """Return whether k-means has filled the codebook, from the first latents that came."""
        return bool(self.codebook.codebook.any())

    def _quickly(self, latents: Tensor) -> Quantised:
        """Return what the library does in evaluation mode, in a fifth of its time."""
        height, width = latents.shape[-2:]
        codes = self.codebook.codebook  # (heads, codebook_size, C / heads), of unit length
        tokens = latents.unflatten(1, (self.heads, -1)).flatten(3).mT  # (B, heads, N, C / heads)
        with torch.autocast(latents.device.type, enabled=False):
            indices = (tokens.float() @ codes.mT).argmax(3)  # (B, heads, N)
        indices = indices.mT.unflatten(1, (height, width))
        return Quantised(self.lookup(indices), indices, latents.new_zeros(()))

    def perplexity(self, indices: Tensor) -> Tensor:
        """Return how evenly ``indices`` (..., heads) use the codes, a scalar.

        The exponential of their entropy, as a share of ``codebook_size``, mean over the heads: 1 if
        all codes are equally frequent. The indices of all ranks count together.
        """
        counts = self._counts(indices)
        shares = counts / counts.sum(dim=1, keepdim=True)
        return torch.special.entr(shares).sum(dim=1).exp().mean() / self.codebook_size

    def share_of_codes_in_use(self, indices: Tensor) -> Tensor:
        """Return the share of all codes that occurs in ``indices`` (..., heads), a scalar.

        The indices of all ranks count together.
        """
        return (self._counts(indices) > 0).float().mean()

    def _counts(self, indices: Tensor) -> Tensor:
        """Return how often each code occurs, on all ranks, (heads, codebook_size)."""
        heads = indices.reshape(-1, self.heads).T
        counts = torch.stack([torch.bincount(h, minlength=self.codebook_size) for h in heads])
        ranks.sum_in_place(counts)
        return counts


def _sample_of_all_ranks(latents: Tensor, count: int) -> Tensor:
    """Choose ``count`` of all ranks' latents (heads, N, C) by chance: rank zero's, and for all."""
    chosen = batched_sample_vectors(ranks.joined(latents, dim=1), count)
    ranks.share(chosen)
    return chosen
