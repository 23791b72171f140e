"""What stage 1 makes of a sample is the same, computed or read from the cache."""

import dataclasses
from contextlib import nullcontext
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from autoencoder import VQAutoencoder
from diffusion import InBetweenUNet
from diffusion.alignment import align, observe
from diffusion.cached_latents import look, recall
from diffusion.config import DiffusionConfig
from diffusion.latent_cache import LatentCache, fill
from diffusion.losses import play_backwards
from diffusion.module import DiffusionModule
from diffusion.neighbour_flow import find_flows, with_flows
from diffusion.train import main, training_data
from nakawari.data.cels import CelConfig, CelDataset, FiniteCels
from nakawari.data.triplet import Triplet, as_frames
from nakawari.errors import UserError
from nakawari.training.config import parse_config
from nakawari.training.run import train
from nakawari.weights import weights_hash
from tests.tiny import tiny_autoencoder, tiny_refiner
from tests.training.process import losses

UPDATES = 8
CELS = 5


def drawn(batch: int = 3) -> Triplet:
    cels = CelDataset(CelConfig(height=64, width=64))
    return torch.utils.data.default_collate([cels[index] for index in range(batch)])


@pytest.mark.parametrize(
    "bf16",
    [False, True],
)
def test_what_is_recalled_is_what_was_computed_bit_for_bit(
    autoencoder: VQAutoencoder, bf16: bool
) -> None:
    triplet, backwards = as_frames(drawn()), torch.tensor([False, True, True])
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        known = recall(look(autoencoder, None, triplet), autoencoder.quantiser, backwards)
        for chosen in (torch.zeros(3, dtype=torch.bool), torch.ones(3, dtype=torch.bool)):
            played = play_backwards(triplet, chosen)
            interval = observe(autoencoder, played.frame_0, played.frame_1)
            computed = align(autoencoder, interval, played.frame_time)
            for name, tensor in computed._asdict().items():
                if name not in ("motion", "certainty"):  # the decoder's, and nothing is decoded
                    same = backwards == chosen
                    recalled = getattr(known.conditions, name)
                    assert recalled.dtype == tensor.dtype
                    assert torch.equal(recalled[same], tensor[same]), name
        target = autoencoder.quantise(autoencoder.encode(triplet.target).latents).latents
    assert torch.equal(known.target, target.float())
    assert known.target.stride() == target.stride()  # noise is drawn in the memory's order


def test_flows_found_by_a_worker_are_those_found_by_the_model() -> None:
    cels = CelDataset(CelConfig(height=64, width=64))
    batch = as_frames(torch.utils.data.default_collate([with_flows(cels[k]) for k in range(2)]))
    of_01, of_10 = find_flows(batch.frame_0, batch.frame_1)
    assert torch.equal(batch.flow_01, of_01)
    assert torch.equal(batch.flow_10, of_10)
    back = play_backwards(batch, torch.ones(2, dtype=torch.bool))
    assert torch.equal(back.flow_01, of_10)


@pytest.fixture(scope="module")
def stage_1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stage_1")
    tiny_autoencoder().save_pretrained(folder)
    return folder


def config_of(
    run: Path, stage_1: Path, cache: Path | None, data: object = None, **trainer: object
) -> DiffusionConfig:
    config = parse_config(DiffusionConfig, ["--config", "configs/diffusion/smoke.yaml"])
    small = {"workers": 0, "validation_samples": 2, "batch_size": 2}
    given = {"cels": CELS} if data is None else data
    length = {"max_updates": UPDATES, "validate_every": 4, "log_every": 1}
    return dataclasses.replace(
        config,
        autoencoder=str(stage_1),
        latent_cache=str(cache) if cache else None,
        data=dataclasses.replace(config.data, **small | given),  # type: ignore[operator]
        trainer=dataclasses.replace(config.trainer, run=str(run), **length | trainer),
    )


def fit(config: DiffusionConfig) -> int:
    """Train, and return how often the encoder ran in it, but for validations."""
    torch.manual_seed(config.trainer.seed)
    module = DiffusionModule(config)
    calls = list[bool]()
    module.autoencoder.encoder.register_forward_hook(
        lambda *_: calls.append(not module.trainer.validating and module.trainer.training)
    )
    train(module, training_data(config, module), config.trainer)
    return sum(calls)


@pytest.fixture(scope="module")
def computed(stage_1: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training without a cache, over two rounds of the cels."""
    run = tmp_path_factory.mktemp("computed") / "run"
    assert fit(config_of(run, stage_1, None)) >= 5 * UPDATES
    return run


def test_training_with_the_cache_is_training_without(
    stage_1: Path, computed: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    batches = -(-CELS // 2)
    ways = 2 * 4  # both ways, two frames and both carried
    assert fit(config_of(tmp_path / "first", stage_1, cache)) == batches * (ways + 1)
    assert fit(config_of(tmp_path / "second", stage_1, cache)) == 0
    for run in ("first", "second"):
        assert losses(tmp_path / run) == losses(computed)


def test_batches_that_a_kill_left_out_are_made_and_no_others(
    stage_1: Path, computed: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    fit(config_of(tmp_path / "first", stage_1, cache, max_updates=1))
    (cache / "000001.safetensors").unlink()
    assert fit(config_of(tmp_path / "second", stage_1, cache)) == 9
    assert losses(tmp_path / "second") == losses(computed)


def test_ranks_share_the_batches_whoever_begins(autoencoder: VQAutoencoder, tmp_path: Path) -> None:
    cels = FiniteCels(5, CelConfig(height=32, width=32))
    cache = LatentCache(tmp_path, cels, 1, weights_hash(autoencoder), "32-true", batch_size=1)
    made = [fill(cache, autoencoder, None, nullcontext(), rank=k, world_size=2) for k in (1, 0)]
    assert made == [2, 3]
    assert not cache.missing()


def test_a_training_on_the_cache_resumes_bit_for_bit(
    stage_1: Path, computed: Path, tmp_path: Path
) -> None:
    stints = tmp_path / "stints"
    fit(config_of(stints, stage_1, tmp_path / "cache", max_minutes=1e-6))
    assert torch.load(stints / "last.ckpt", weights_only=False)["global_step"] < UPDATES
    assert fit(config_of(stints, stage_1, tmp_path / "cache", resume=True)) == 0
    kept = [InBetweenUNet.from_pretrained(run / "weights/unet") for run in (stints, computed)]
    for name, tensor in kept[0].state_dict().items():
        assert torch.equal(tensor, kept[1].state_dict()[name]), name


def test_real_triplets_with_two_windows_and_a_broken_one(stage_1: Path, tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    for number in range(3):
        (tmp_path / "set" / str(number)).mkdir(parents=True)
        for frame in (1, 2, 3):
            picture = generator.integers(0, 255, (10, 14, 3), np.uint8)
            large = cv2.resize(picture, (140, 100), interpolation=cv2.INTER_CUBIC)
            cv2.imwrite(str(tmp_path / "set" / str(number) / f"frame{frame}.png"), large)
    (tmp_path / "set" / "1" / "frame2.png").write_bytes(b"")
    data = {"triplets": str(tmp_path / "set"), "windows": 2}
    fit(config_of(tmp_path / "computed", stage_1, None, data))
    assert fit(config_of(tmp_path / "cached", stage_1, tmp_path / "cache", data)) == 3 * 9
    assert losses(tmp_path / "cached") == losses(tmp_path / "computed")


def test_a_stale_cache_fails(stage_1: Path, tmp_path: Path) -> None:
    cache, short = tmp_path / "cache", {"max_updates": 1}
    fit(config_of(tmp_path / "run", stage_1, cache, **short))
    before = {file: file.read_bytes() for file in cache.iterdir()}
    other = tiny_autoencoder()
    with torch.no_grad():
        next(other.decoder.parameters()).add_(1e-3)
    other.save_pretrained(tmp_path / "other")
    with pytest.raises(UserError, match=r"other settings \(stage_1 \w+ there and \w+ here\)"):
        fit(config_of(tmp_path / "stale", tmp_path / "other", cache, **short))
    tiny_refiner(tiny_autoencoder()).save_pretrained(tmp_path / "refiner")
    mending = config_of(tmp_path / "stale", stage_1, cache, **short)
    with pytest.raises(UserError, match=r"other settings \(stage_1 \w+ there and \w+ \w+ here\)"):
        fit(dataclasses.replace(mending, flow_refiner=str(tmp_path / "refiner")))
    for data in ({"cels": CELS + 1}, {"cels": CELS, "seed": 1}, {"cels": CELS, "height": 32}):
        with pytest.raises(UserError, match=r"cache was filled with other .* --latent_cache"):
            fit(config_of(tmp_path / "stale", stage_1, cache, data, **short))
    assert {file: file.read_bytes() for file in cache.iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "set data.cels for drawn cels"),
        (("--data.cels", "4", "--decoder.learning_rate", "0.1"), "decoder.learning_rate above 0"),
        (("--data.cels", "4", "--loss.pixels", "1"), "leave out the cache, or set them to 0"),
    ],
)
def test_what_a_cache_cannot_serve_is_one_line(
    arguments: tuple[str, ...], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--latent_cache", str(tmp_path), *arguments])
    assert stop.value.code == 2
    told = capsys.readouterr().err
    assert reason in told
    assert told.count("\n") == 1
