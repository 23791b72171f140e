"""Which samples a process draws, so that a run can be resumed and spread over processes."""

from collections.abc import Iterator

from torch.utils.data import Sampler


class IndexSampler(Sampler[int]):
    """Yield ``start + rank``, ``start + rank + world_size``, … without end.

    Together the ranks visit every index from ``start`` on, once. To resume, start at the number
    of samples that all ranks together have consumed.
    """

    def __init__(self, start: int = 0, rank: int = 0, world_size: int = 1) -> None:
        if start < 0:
            raise ValueError(f"start must be at least 0, got {start}")
        if not 0 <= rank < world_size:
            raise ValueError(f"rank must be in [0, world_size), got {rank} of {world_size}")
        self.start = start
        self.rank = rank
        self.world_size = world_size

    def __iter__(self) -> Iterator[int]:
        index = self.start + self.rank
        while True:
            yield index
            index += self.world_size
