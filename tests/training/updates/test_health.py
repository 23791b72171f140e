"""What is not finite spoils no weights: the update is skipped, or the training ends in a line."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from nakawari.errors import UserError
from nakawari.training.updates.health import are_finite, is_finite
from tests.training.process import rows
from tests.training.tiny_training import TinyModule, fit, fit_tiny, tiny_config

NAN = float("nan")


def spoil_at(*updates: int, by: Callable[[Tensor], Tensor]) -> Callable[[int, Tensor], Tensor]:
    return lambda update, loss: by(loss) if update in updates else loss


def column(run: Path, name: str) -> list[tuple[int, float]]:
    return [(int(row["step"]), float(row[name])) for row in rows(run) if row.get(name)]


@pytest.mark.parametrize(
    ("fault", "by"),
    [
        ("the loss is", lambda loss: loss * NAN),
        ("the loss is", lambda loss: loss / 0),
        # Finite, but its gradient is not: that of a root at zero.
        ("the gradient is", lambda loss: (loss * 0).sqrt()),
    ],
)
def test_an_update_that_is_not_finite_is_skipped_and_counted(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    fault: str,
    by: Callable[[Tensor], Tensor],
) -> None:
    seen = dict[int, list[Tensor]]()

    def spoil(update: int, loss: Tensor) -> Tensor:
        return by(loss) if update in (2, 3) else loss

    class Watched(TinyModule):
        def on_train_batch_end(self, *_: object) -> None:
            # Weights and all statistics, which the forward pass changes by itself.
            seen[self.global_step] = [tensor.clone() for tensor in self.model.state_dict().values()]

    config = tiny_config(tmp_path)
    module = Watched(config, spoil)
    fit_tiny(module)
    assert f"update 3 is skipped: {fault} not finite" in capsys.readouterr().err
    assert list(seen) == list(range(1, 9))
    for skipped in (3, 4):
        assert all(map(torch.equal, seen[skipped], seen[2]))
    assert not all(map(torch.equal, seen[5], seen[2]))  # the training goes on
    assert are_finite(seen[8])
    assert column(tmp_path, "train/skipped_in_a_row") == [(3, 1.0), (4, 2.0)]


def test_weights_that_an_update_makes_infinite_are_put_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Leaping(TinyModule):
        def training_step(self, batch: object, batch_idx: int) -> None:
            before = [parameter.clone() for parameter in self.model.parameters()]
            if leap := self.global_step == 4:
                optimiser = self.optimizers().optimizer
                optimiser.param_groups[0]["lr"] = 1e38
                optimiser.param_groups[0]["weight_decay"] = 1e38
            super().training_step(batch, batch_idx)  # type: ignore[arg-type]
            if leap:
                optimiser.param_groups[0]["weight_decay"] = 0
                assert all(map(torch.equal, before, self.model.parameters()))

    module = Leaping(tiny_config(tmp_path))
    fit_tiny(module)
    assert "update 5 is skipped: the weights are not finite" in capsys.readouterr().err
    assert are_finite(module.model.state_dict().values())
    assert column(tmp_path, "train/skipped_in_a_row") == [(5, 1.0)]


def test_three_in_a_row_end_the_training_with_what_was_good(tmp_path: Path) -> None:
    spoil = spoil_at(3, 4, 5, by=lambda loss: loss * NAN)
    with pytest.raises(UserError, match=r"3 updates in a row were skipped, .*the loss is not"):
        fit(tiny_config(tmp_path), spoil)
    state = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert are_finite(state["state_dict"].values())
    exported = torch.load(tmp_path / "weights" / "weights.pt", weights_only=True)
    assert are_finite(exported.values())
    assert state["global_step"] == 6
    # Nothing is left of it: with better luck the training goes on to its end.
    module = fit(tiny_config(tmp_path, resume=True))
    assert module.global_step == 8


def test_two_updates_skipped_in_a_row_are_remembered_by_a_state(tmp_path: Path) -> None:
    nan = spoil_at(2, 3, 4, by=lambda loss: loss * NAN)

    def stop(update: int, loss: Tensor) -> Tensor:
        if update == 4:
            raise ZeroDivisionError
        return nan(update, loss)

    with pytest.raises(ZeroDivisionError):
        fit(tiny_config(tmp_path), stop)
    with pytest.raises(UserError, match="3 updates in a row were skipped, the last of them 5"):
        fit(tiny_config(tmp_path, resume=True), nan)


def test_an_error_amid_an_update_leaves_the_statistics_as_they_were(tmp_path: Path) -> None:
    class Failing(TinyModule):
        def manual_backward(self, loss: Tensor, *_: object, **__: object) -> None:
            if self.global_step == 2:
                assert int(self.model[0].num_batches_tracked) == 3  # the forward pass counted
                raise ZeroDivisionError
            super().manual_backward(loss)

    module = Failing(tiny_config(tmp_path))
    with pytest.raises(ZeroDivisionError):
        fit_tiny(module)
    assert int(module.model[0].num_batches_tracked) == 2


@pytest.mark.parametrize("value", [NAN, float("inf")])
def test_a_position_that_is_not_finite_is_found_before_the_way_back(value: float) -> None:
    # The loss is finite, and going back from it would end the process.
    flow = torch.zeros(1, 4, 4, 2, requires_grad=True)
    picture = torch.rand(1, 3, 4, 4, requires_grad=True)

    def loss(grid: Tensor) -> Tensor:
        fetched = F.grid_sample(picture, grid, padding_mode="border", align_corners=False)
        return fetched.mean() + picture.mean()

    assert is_finite(loss(flow))
    spoilt = loss(flow * value if value != value else flow + value)
    assert spoilt.isfinite()
    assert not is_finite(spoilt)


def test_learning_rate_and_gradient_norm_are_logged_for_every_update(tmp_path: Path) -> None:
    fit(tiny_config(tmp_path, learning_rate=0.5, warmup_updates=4))
    rates = dict(column(tmp_path, "train/learning_rate"))
    assert [rates[update] for update in (1, 2, 3, 4)] == pytest.approx([0.125, 0.25, 0.375, 0.5])
    assert rates[8] < rates[6] < 0.5
    norms = [norm for _, norm in column(tmp_path, "train/gradient_norm")]
    assert len(norms) == 8
    assert max(norms) > 1  # as it was before it was clipped to 1
