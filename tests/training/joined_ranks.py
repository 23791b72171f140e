"""Started by torchrun, or called: normalises and quantises its share of a batch, and tells all."""

import sys
from pathlib import Path

import torch
from torch import Tensor
from torch import distributed as dist

from autoencoder.encoder import JoinedBatchNorm2d
from autoencoder.quantiser import Quantiser

BATCHES = 3


def follow(rank: int, ranks: int) -> dict[str, Tensor]:
    """Give every layer this rank's share of some batches; return what came of them."""
    normalise = JoinedBatchNorm2d(8)
    quantiser = Quantiser(channels=8, heads=2, codebook_size=16)
    told = dict[str, Tensor]()
    for number in range(BATCHES):
        whole = torch.randn(4, 8, 6, 6, generator=torch.Generator().manual_seed(number))
        # The ranks' batches differ in mean and spread.
        whole = whole * torch.tensor([1.0, 2.0, 3.0, 4.0]).view(4, 1, 1, 1) + whole.new_tensor(
            [0.0, 1.0, 2.0, 3.0]
        ).view(4, 1, 1, 1)
        features = whole.chunk(ranks)[rank].clone().requires_grad_()
        torch.manual_seed(100 * number + rank)  # what rank zero draws, one rank draws
        normalised = normalise(features)
        quantised = quantiser(normalised)
        # Of one rank: the mean over the batch. Gradients are averaged over ranks.
        (normalised * normalised.detach().sin() + quantised.latents).square().mean().backward()
        assert features.grad is not None
        told |= {
            f"normalised_{number}": _joined(normalised.detach(), ranks),
            f"gradient_{number}": _joined(features.grad / ranks, ranks),
            f"indices_{number}": _joined(quantised.indices, ranks),
        }
    told |= {f"statistics.{name}": value for name, value in normalise.state_dict().items()}
    told |= {f"codebook.{name}": value for name, value in quantiser.state_dict().items()}
    told["perplexity"] = quantiser.perplexity(quantised.indices)
    told["in_use"] = quantiser.share_of_codes_in_use(quantised.indices)
    return told


def _joined(tensor: Tensor, ranks: int) -> Tensor:
    if ranks == 1:
        return tensor
    parts = [torch.empty_like(tensor) for _ in range(ranks)]
    dist.all_gather(parts, tensor.contiguous())
    return torch.cat(parts)


def main(folder: Path) -> None:
    dist.init_process_group("gloo")
    rank = dist.get_rank()
    torch.save(follow(rank, dist.get_world_size()), folder / f"rank_{rank}.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
