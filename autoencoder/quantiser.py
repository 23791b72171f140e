"""The quantiser turns latents into codes: vector-quantize-pytorch, narrowed to what we use."""

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
    """Product quantisation on the sphere: each head turns its share of the channels into a code.

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
        # Each head's codes have norm one. Scaled by this, each channel has variance one, as
        # suits the diffusion.
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
            sync_codebook=False,  # _follow_all_ranks does it instead
            accept_image_fmap=True,
        )

    def forward(self, latents: Tensor) -> Quantised:
        """Quantise latents (B, C, h, w) of any scale to the nearest codes.

        In training mode each code follows the moving average of its latents, and dead codes are
        replaced by latents of the batch. In evaluation mode nothing changes. On several ranks, the
        batches of all of them count as one.
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
        """Return the quantised form of latents (B, C, h, w), without changing the codebook."""
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
        """Normalise the codes of an averaged codebook to length one again."""
        codes = self.codebook._codebook.embed
        codes.copy_(F.normalize(codes, dim=-1))

    def _follow_all_ranks(self) -> None:
        """Make the codebook follow the latents of all ranks, as on one rank that has them all.

        The library decides on this when it is built, before there are ranks. With several ranks
        it refuses several codebooks, and it draws other random samples than one rank would.
        """
        codebook, several = self.codebook._codebook, ranks.are_several()
        sample = _sample_of_all_ranks if several else batched_sample_vectors
        codebook.sample_fn = codebook.replace_sample_fn = sample
        codebook.all_reduce_fn = codebook.kmeans_all_reduce_fn = ranks.sum_in_place

    def _nearest(self, latents: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        # In float32 under mixed precision too, as a CPU would take nearly twice as long otherwise.
        with torch.autocast(latents.device.type, enabled=False):
            nearest: tuple[Tensor, Tensor, Tensor] = self.codebook(latents.float())
            return nearest

    def _is_filled(self) -> bool:
        """Return whether k-means has filled the codebook from the first latents.

        An export cannot ask for values, and takes it for filled: only trained weights are exported.
        """
        return torch.compiler.is_exporting() or bool(self.codebook.codebook.any())

    def _quickly(self, latents: Tensor) -> Quantised:
        """Return what the library returns in evaluation mode, in a fifth of its time."""
        height, width = latents.shape[-2:]
        codes = self.codebook.codebook  # (heads, codebook_size, C / heads), of unit length
        tokens = latents.unflatten(1, (self.heads, -1)).flatten(3).mT  # (B, heads, N, C / heads)
        with torch.autocast(latents.device.type, enabled=False):
            indices = (tokens.float() @ codes.mT).argmax(3)  # (B, heads, N)
        indices = indices.mT.unflatten(1, (height, width))
        return Quantised(self.lookup(indices), indices, latents.new_zeros(()))

    def perplexity(self, indices: Tensor) -> Tensor:
        """Return how evenly ``indices`` (..., heads) use the codes, a scalar.

        This is the exponential of their entropy as a share of ``codebook_size``, mean over heads.
        It is 1 if all codes are equally frequent. The indices of all ranks count together.
        """
        counts = self._counts(indices)
        shares = counts / counts.sum(dim=1, keepdim=True)
        return torch.special.entr(shares).sum(dim=1).exp().mean() / self.codebook_size

    def share_of_codes_in_use(self, indices: Tensor) -> Tensor:
        """Return the share of all codes that occur in ``indices`` (..., heads), a scalar.

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
    """Draw ``count`` of all ranks' latents (heads, N, C) at random. Rank zero draws for all."""
    chosen = batched_sample_vectors(ranks.joined(latents, dim=1), count)
    ranks.share(chosen)
    return chosen
