"""Only what changes is drawn: where that is, and that the rest is copied."""

import pytest
import torch

from diffusion import FrameInterpolationPipeline
from diffusion.window import Window, changing_window, draw_what_changes


def changed(top: int, left: int, size: int = 4, by: float = 0.5) -> tuple[torch.Tensor, ...]:
    """Two frames of 200x300 that differ in a square."""
    frame_0 = torch.rand(1, 3, 200, 300, generator=torch.Generator().manual_seed(0)) * 0.5
    frame_1 = frame_0.clone()
    frame_1[..., top : top + size, left : left + size] += by
    return frame_0, frame_1


def test_the_window_is_round_what_changes_on_the_grid() -> None:
    window = changing_window(*changed(100, 150), multiple=16)
    assert window == Window(64, 144, 112, 192)  # 99 to 104, 149 to 154: outwards, and 32 px more
    assert changing_window(*changed(0, 290), multiple=16) == Window(0, 48, 256, 300)
    frame_0, frame_1 = changed(100, 150)
    both = changing_window(
        torch.cat([frame_0, frame_0]), torch.cat([frame_1, changed(0, 290)[1]]), multiple=16
    )
    assert both == Window(0, 144, 112, 300)  # one for the whole batch


def test_grain_and_the_noise_of_coding_are_no_change() -> None:
    frame_0, _ = changed(0, 0)
    noise = torch.rand(frame_0.shape, generator=torch.Generator().manual_seed(1)) - 0.5
    assert changing_window(frame_0, frame_0 + 4 / 127.5 * noise, multiple=16) is None  # +- 2
    assert changing_window(frame_0, frame_0 + 4 / 127.5, multiple=16) is not None  # a fade


def test_what_is_drawn_comes_where_the_window_is_and_the_rest_is_copied() -> None:
    frame_0, frame_1 = changed(100, 150)
    frame_1 = frame_1 + 1 / 127.5

    def draw(window: Window) -> torch.Tensor:
        return torch.full((2, 3, window.bottom - window.top, window.right - window.left), 0.9)

    frames = draw_what_changes(frame_0, frame_1, 2, 16, draw)
    assert frames.shape == (2, 3, 200, 300)
    assert (frames[:, :, 64:144, 112:192] == 0.9).all()
    frames[:, :, 64:144, 112:192] = frame_0[:, :, 64:144, 112:192] + 0.5 / 127.5
    torch.testing.assert_close(frames, (frame_0 + 0.5 / 127.5).expand(2, -1, -1, -1))


def test_nothing_is_drawn_where_nothing_changes() -> None:
    frame_0, _ = changed(0, 0)

    def draw(window: Window) -> torch.Tensor:
        raise AssertionError(window)

    frames = draw_what_changes(frame_0, frame_0.clone(), 3, 16, draw)
    assert torch.equal(frames, frame_0.expand(3, -1, -1, -1))


def test_the_pipeline_looks_at_no_more_than_what_changes(
    pipeline: FrameInterpolationPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame_0, frame_1 = changed(100, 150)
    seen = []
    encode = pipeline.autoencoder.encode
    monkeypatch.setattr(
        pipeline.autoencoder,
        "encode",
        lambda frames: (seen.append(frames.shape), encode(frames))[1],
    )
    drawn = pipeline(frame_0, frame_1, torch.tensor([0.25, 0.5]))
    assert {tuple(shape[-2:]) for shape in seen} == {(80, 80)}
    outside = torch.ones(200, 300, dtype=torch.bool)
    outside[64:144, 112:192] = False
    assert torch.equal(drawn[..., outside], frame_0.expand(2, -1, -1, -1)[..., outside])
    inside = (..., slice(64, 144), slice(112, 192))
    alone = pipeline(frame_0[inside], frame_1[inside], torch.tensor([0.25, 0.5]))
    torch.testing.assert_close(drawn[inside], alone)
    true = pipeline.reconstruct(frame_0, (frame_0 + frame_1) / 2, frame_1)
    assert torch.equal(true[..., outside], frame_0[..., outside])
    pipeline(frame_0, frame_1, use_neighbours=False)  # for comparison: all of it is painted
    assert tuple(seen[-1][-2:]) == (208, 304)
