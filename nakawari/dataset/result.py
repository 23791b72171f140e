"""What a dataset holds after a build."""

from __future__ import annotations

from dataclasses import dataclass

from nakawari.dataset.record import EpisodeRecord
from nakawari.dataset.runners import Outcome
from nakawari.dataset.split import canonical


@dataclass(frozen=True, kw_only=True)
class BuildResult:
    """What a dataset holds after a build; ``failed`` has the videos that could not be read."""

    records: list[EpisodeRecord]
    validating: set[str]  # titles, canonical
    failed: list[Outcome]
    reused: int  # episodes that were finished before

    def samples(self, validation: bool) -> int:
        """Return the number of training or validation triplets."""
        return sum(
            record.samples
            for record in self.records
            if (canonical(record.title) in self.validating) == validation
        )
