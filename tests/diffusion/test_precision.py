"""Half the bits where the processor is made for it, and what comes out then."""

import pytest
import torch
import torch.nn.functional as F

from diffusion import FrameInterpolationPipeline
from diffusion.precision import fast_arithmetic, has_native_bfloat16


@pytest.mark.parametrize("name", ["avx512_bf16", "amx_bf16"])
def test_bfloat16_is_used_where_it_is_native(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {name: True})
    with fast_arithmetic(torch.device("cpu")):
        assert torch.is_autocast_enabled("cpu")
        assert torch.get_autocast_dtype("cpu") == torch.bfloat16


def test_elsewhere_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": False})
    assert not has_native_bfloat16()
    with fast_arithmetic(torch.device("cpu")):
        assert not torch.is_autocast_enabled("cpu")
    with torch.autocast("cpu", torch.bfloat16), fast_arithmetic(torch.device("cpu")):
        assert torch.is_autocast_enabled("cpu")  # a training's own precision stays


def test_frames_are_float32_and_nearly_the_same_in_both(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = FrameInterpolationPipeline.from_pretrained("checkpoints/nakawari")
    noise = torch.rand(1, 3, 8, 10, generator=torch.Generator().manual_seed(0)) * 2 - 1
    scene = F.interpolate(noise, size=(96, 124), mode="bicubic").clamp(-1, 1)
    around = (scene[..., :64, 4:100], scene[..., :64, 8:104])
    drawn = []
    for native in (True, False):
        capabilities = {"avx512_bf16": native}
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda told=capabilities: told)
        drawn.append(pipeline(*around))
    assert drawn[0].dtype == pipeline.sample_latents(*around).dtype == torch.float32
    assert not torch.equal(*drawn)
    assert (drawn[0] - drawn[1]).abs().mean() < 1 / 127.5
