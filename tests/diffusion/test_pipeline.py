"""Both stages together: any size, one noise, files that reload, and clear refusals."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from diffusion import FrameInterpolationPipeline
from diffusion import pipeline as module
from diffusion.bridge import Denoised
from diffusion.conditions import Interval
from tests.tiny import tiny_unet

ALIKE = 1e-3
"""An eighth of a code value: sums of a batch round otherwise, and a step's motion multiplies it."""


def test_any_size_comes_back_as_it_was(
    pipeline: FrameInterpolationPipeline, frames: torch.Tensor
) -> None:
    drawn = pipeline(frames[0], frames[2], frame_time=0.5)
    assert drawn.shape == frames[0].shape
    assert drawn.min() >= -1
    assert drawn.max() <= 1


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (16, 16), (2, 64), (16, 40), (33, 17)])
def test_small_frames_come_back_as_they_were(
    pipeline: FrameInterpolationPipeline, size: tuple[int, int]
) -> None:
    black, white = -torch.ones(1, 3, *size), torch.ones(1, 3, *size)
    assert pipeline(black, white, frame_time=0.5).shape == (1, 3, *size)


def test_large_frames_are_looked_at_reduced_and_keep_their_pixels(
    pipeline: FrameInterpolationPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = torch.Generator().manual_seed(0)
    scene = torch.rand(1, 3, 90, 150, generator=generator) * 2 - 1  # detail of 1 px
    moved = [scene[..., 8 - shift : 148 - shift] for shift in (0, 4, 8)]
    whole = pipeline.sample_latents(moved[0], moved[2])
    monkeypatch.setattr(module, "LOOKED_AT", 90 * 140 // 4)
    halved = pipeline.sample_latents(moved[0], moved[2])
    assert whole.shape[-2:] == (12, 18)  # 96x144 at 1/8
    assert halved.shape[-2:] == (6, 10)  # 48x80 at 1/8, of 96x160
    drawn = pipeline(moved[0], moved[2])
    assert drawn.shape == moved[1].shape
    # Nothing that was painted at half the size could be as rough as what is fetched at full size.
    assert drawn.diff(dim=3).abs().mean() > 0.5 * scene.diff(dim=3).abs().mean()
    still = pipeline(moved[0], moved[0], torch.tensor([0.25, 0.5]))
    assert torch.equal(still, moved[0].expand(2, -1, -1, -1))
    assert pipeline.reconstruct(*moved).shape == moved[1].shape


def test_what_goes_too_far_for_the_search_is_looked_at_smaller(
    pipeline: FrameInterpolationPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = list[int]()

    def certain(pipeline: FrameInterpolationPipeline, interval: Interval, times: Any) -> Any:
        """Be sure at a quarter of the size alone, and of a dark frame at once."""
        width = interval.latents_0.shape[-1]
        seen.append(width)
        is_sure = interval.neighbours.of_0.frame.mean((1, 2, 3)) < 0
        return torch.where(is_sure, 0.9, 0.8 if width <= 8 else 0.1)

    monkeypatch.setattr(FrameInterpolationPipeline, "_certainty", certain)
    bright, dark = torch.rand(1, 3, 64, 240), -torch.rand(1, 3, 64, 240)
    drawn = pipeline(bright, 1 - bright)
    assert seen == [30, 30, 16, 8]  # once to see that it is lost; padded to 32 px
    assert drawn.shape == bright.shape
    seen.clear()
    both = torch.cat([bright, dark]), torch.cat([1 - bright, dark + 0.5])
    together = pipeline(*both)
    assert seen == [30, 30, 30, 16, 8, 30]  # one by one, as one of them is lost
    torch.testing.assert_close(together[:1], drawn, atol=ALIKE, rtol=0)
    torch.testing.assert_close(together[1:], pipeline(both[0][1:], both[1][1:]), atol=ALIKE, rtol=0)


def test_one_interval_with_many_times_is_each_time_alone(
    pipeline: FrameInterpolationPipeline, frames: torch.Tensor
) -> None:
    together = pipeline(frames[0], frames[2], torch.tensor([0.25, 0.5]))
    for time, frame in zip((0.25, 0.5), together, strict=True):
        alone = pipeline(frames[0], frames[2], time)[0]
        torch.testing.assert_close(frame, alone, atol=ALIKE, rtol=0)


def test_in_betweens_drawn_a_few_at_once_are_the_same(
    pipeline: FrameInterpolationPipeline, frames: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = torch.tensor([0.2, 0.4, 0.6])
    together = pipeline(frames[0], frames[2], times)
    monkeypatch.setattr(module, "PIXELS_AT_ONCE", 2 * 64 * 80)
    torch.testing.assert_close(pipeline(frames[0], frames[2], times), together, atol=ALIKE, rtol=0)


def test_several_threads_may_draw_at_once(
    pipeline: FrameInterpolationPipeline, frames: torch.Tensor
) -> None:
    times = [0.2, 0.4, 0.6, 0.8] * 3
    alone = [pipeline(frames[0], frames[2], time) for time in times]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda time: pipeline(frames[0], frames[2], time), times))
    # Sums are rounded otherwise where a thread of Python has another number of torch's threads.
    torch.testing.assert_close(together, alone, atol=ALIKE, rtol=0)


def test_the_noise_is_the_same_for_every_frame_time_and_interval(
    pipeline: FrameInterpolationPipeline, frames: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    noises = list[torch.Tensor]()

    def watched(*arguments: Any, **options: Any) -> Denoised:
        noises.append(arguments[3])
        return denoise(*arguments, **options)

    denoise = module.denoise
    monkeypatch.setattr(module, "denoise", watched)
    pipeline(frames[0], frames[2], torch.tensor([0.2, 0.7]))
    pipeline(frames[1], frames[2], 0.4)
    pipeline(frames[1], frames[2], 0.4, seed=1)
    assert noises[0].shape == noises[1].shape == (1, 8, 8, 10)  # 64x80 at 1/8, one for all times
    assert torch.equal(noises[0], noises[1])
    assert not torch.equal(noises[0], noises[2])
    assert abs(noises[0].std() - 1) < 0.1


@pytest.mark.parametrize(
    "options",
    [{"num_steps": 1}, {"num_steps": 5}, {"realign": False}],
)
def test_steps_and_realignment_change_what_is_drawn(
    pipeline: FrameInterpolationPipeline, frames: torch.Tensor, options: dict[str, Any]
) -> None:
    drawn = pipeline(frames[0], frames[2], **options)
    assert not torch.allclose(drawn, pipeline(frames[0], frames[2]), atol=1e-3)


def test_the_last_step_is_the_finest_whatever_their_number(
    pipeline: FrameInterpolationPipeline, frames: torch.Tensor
) -> None:
    widths = list[int]()
    pipeline.unet.register_forward_pre_hook(lambda _, given: widths.append(given[0].shape[-1]))
    for steps in (None, 1, 4):
        pipeline.sample_latents(frames[0], frames[2], num_steps=steps)
    assert widths == [5, 10, 10, 5, 10, 10, 10]


def test_the_same_seed_draws_the_same_frame_and_another_does_not(
    pipeline: FrameInterpolationPipeline, frames: torch.Tensor
) -> None:
    first = pipeline.configure(seed=1)(frames[0], frames[2], torch.tensor([0.5]))
    again = pipeline.configure(seed=1)(frames[0], frames[2], torch.tensor([0.5]))
    other = pipeline.configure(seed=2)(frames[0], frames[2], torch.tensor([0.5]))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_latent_decides_the_picture(
    pipeline: FrameInterpolationPipeline, frames: torch.Tensor
) -> None:
    drawn = {
        latent: pipeline(frames[0], frames[2], latent=latent)
        for latent in ("sampled", "random", "mean")
    }
    assert not torch.allclose(drawn["sampled"], drawn["random"])
    assert not torch.allclose(drawn["mean"], drawn["random"])


def test_without_neighbours_the_frame_is_painted_from_the_latent(
    pipeline: FrameInterpolationPipeline, frames: torch.Tensor
) -> None:
    interpolate = pipeline.configure(latent="random", use_neighbours=False)
    time = torch.tensor([0.5])
    ours, others = interpolate(frames[0], frames[2], time), interpolate(frames[1], frames[0], time)
    assert ours.shape == frames[0].shape
    assert torch.equal(ours, others)  # the latent is the same, and nothing else is looked at
    assert not torch.equal(ours, pipeline(frames[0], frames[2], latent="random"))


def test_saved_weights_reload_bit_identically(
    pipeline: FrameInterpolationPipeline, frames: torch.Tensor, tmp_path: Path
) -> None:
    pipeline.save_pretrained(tmp_path)
    assert not list(tmp_path.rglob("*.bin"))
    again = FrameInterpolationPipeline.from_pretrained(tmp_path)
    assert torch.equal(again(frames[0], frames[2]), pipeline(frames[0], frames[2]))


def test_loaded_weights_do_not_stay_in_the_file(
    pipeline: FrameInterpolationPipeline, tmp_path: Path
) -> None:
    # There they lie at any address, by which products of matrices round differently.
    pipeline.save_pretrained(tmp_path)
    again = FrameInterpolationPipeline.from_pretrained(tmp_path)
    for model in (again.autoencoder, again.unet):
        tensors = [tensor for tensor in model.state_dict().values() if tensor.numel()]
        assert {tensor.data_ptr() % 64 for tensor in tensors} == {0}


def test_half_precision_weights_are_computed_with_in_full(
    pipeline: FrameInterpolationPipeline, frames: torch.Tensor, tmp_path: Path
) -> None:
    pipeline.to(torch.float16).save_pretrained(tmp_path)
    again = FrameInterpolationPipeline.from_pretrained(tmp_path)
    assert again.unet.dtype == again.autoencoder.dtype == torch.float32
    assert again(frames[0], frames[2]).isfinite().all()


def test_frame_times_outside_fail(
    pipeline: FrameInterpolationPipeline, frames: torch.Tensor
) -> None:
    for time in (0.0, 1.0, 1.5):
        with pytest.raises(ValueError, match=r"frame_time must be in \(0, 1\)"):
            pipeline(frames[0], frames[2], time)


def test_frames_of_different_sizes_fail(
    pipeline: FrameInterpolationPipeline, frames: torch.Tensor
) -> None:
    with pytest.raises(ValueError, match=r"must both be \(B, 3, H, W\)"):
        pipeline(frames[0], frames[2][..., :-1])


def test_no_steps_and_unknown_latents_fail(
    pipeline: FrameInterpolationPipeline, frames: torch.Tensor
) -> None:
    with pytest.raises(ValueError, match="num_steps must be at least 1, got 0"):
        pipeline(frames[0], frames[2], num_steps=0)
    with pytest.raises(ValueError, match="latent must be sampled, random"):
        pipeline(frames[0], frames[2], latent="best")  # type: ignore[arg-type]


def test_more_times_than_frames_fail(
    pipeline: FrameInterpolationPipeline, frames: torch.Tensor
) -> None:
    around = (frames[:2, 0], frames[1:, 0])
    with pytest.raises(ValueError, match="one frame_time, or one for each frame: got 3 for 2"):
        pipeline(*around, torch.tensor([0.2, 0.5, 0.7]))


def test_a_config_that_is_missing_or_no_json_fails(
    pipeline: FrameInterpolationPipeline, tmp_path: Path
) -> None:
    pipeline.save_pretrained(tmp_path)
    file = tmp_path / "unet" / "config.json"
    file.write_text("{")
    with pytest.raises(ValueError, match=r"config.json is not JSON \(.*\); restore it"):
        FrameInterpolationPipeline.from_pretrained(tmp_path)
    file.unlink()
    with pytest.raises(FileNotFoundError, match=r"config.json is missing; pass a complete folder"):
        FrameInterpolationPipeline.from_pretrained(tmp_path)


def test_a_missing_folder_fails(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"no folder of weights at .*; pass one with --model"
    ):
        FrameInterpolationPipeline.from_pretrained(tmp_path / "nothing")


def test_an_unknown_key_in_the_config_fails(
    pipeline: FrameInterpolationPipeline, tmp_path: Path
) -> None:
    pipeline.save_pretrained(tmp_path)
    file = tmp_path / "unet" / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"chanels": [8]}))
    with pytest.raises(ValueError, match="unknown keys: chanels; InBetweenUNet knows"):
        FrameInterpolationPipeline.from_pretrained(tmp_path)


def test_weights_of_the_wrong_shape_fail(
    pipeline: FrameInterpolationPipeline, tmp_path: Path
) -> None:
    pipeline.save_pretrained(tmp_path)
    file = tmp_path / "unet" / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"channels": [8, 24]}))
    with pytest.raises(ValueError, match=r"cannot be loaded|do not fit"):
        FrameInterpolationPipeline.from_pretrained(tmp_path)


def test_missing_tensors_fail(pipeline: FrameInterpolationPipeline, tmp_path: Path) -> None:
    pipeline.save_pretrained(tmp_path)
    file = tmp_path / "unet" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(file)
    del tensors["enter.bias"]
    save_file(tensors, file, metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"do not fit config.json: 1 tensors .* enter.bias"):
        FrameInterpolationPipeline.from_pretrained(tmp_path)


def test_stages_of_different_trainings_fail(
    pipeline: FrameInterpolationPipeline, tmp_path: Path
) -> None:
    pipeline.save_pretrained(tmp_path)
    tiny_unet(latent_channels=4).save_pretrained(tmp_path / "unet")
    with pytest.raises(ValueError, match="8 latent channels and the U-Net 4"):
        FrameInterpolationPipeline.from_pretrained(tmp_path)
