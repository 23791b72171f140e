"""Two processes are one training, over gloo, never two that know nothing of each other."""

import json
from pathlib import Path

import torch

from tests.training.process import arguments, rows, run_two_ranks


def test_two_ranks_see_other_samples_and_keep_the_same_weights(tmp_path: Path) -> None:
    settings = {"trainer__max_updates": 3, "trainer__validate_every": 3}
    said = run_two_ranks("tests/training/two_ranks.py", *arguments(tmp_path, **settings))
    assert "autograd kernel was not registered" not in said.stderr  # no gradient goes between ranks
    ranks = [json.loads((tmp_path / f"rank_{rank}.json").read_text()) for rank in range(2)]
    assert [rank["world_size"] for rank in ranks] == [2, 2]
    assert ranks[0]["weights"] == ranks[1]["weights"]
    seen = [batch for rank in ranks for batch in rank["seen"]]
    assert len(set(seen)) == len(seen) == 6  # no sample twice
    validated = [sample for rank in ranks for sample in rank["validated"]]
    assert len(set(validated)) == len(validated) == 2  # each sample by one rank
    # Asked for: an update may leave out what matches neighbours.
    assert [rank["searches_for_unused"] for rank in ranks] == [True, True]
    # One training: one line about it, one row an update, one state.
    assert said.stdout.count("effective batch 4, learning rate 0.001") == 1
    assert [int(row["step"]) for row in rows(tmp_path) if row["train/pixels"]] == [1, 2, 3]
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["global_step"] == 3
