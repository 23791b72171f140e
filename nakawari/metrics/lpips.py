"""LPIPS, the learned perceptual distance (Zhang et al. 2018), with no download at run time."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from nakawari.errors import UserError
from nakawari.metrics.frames import area_mean, check_frame_pair

if TYPE_CHECKING:
    import lpips

WEIGHTS_DIR = Path(__file__).parents[2] / "checkpoints" / "lpips"
WEIGHTS_FILES = {"alex": "alexnet_features.safetensors", "vgg": "vgg16_features.safetensors"}
# Least height and width of a frame [px]: a backbone's pooling leaves nothing of a smaller one.
_MINIMUM_SIZE = {"alex": 31, "vgg": 16}


class LearnedPerceptualDistance(nn.Module):
    """LPIPS 0.1 of each frame, shape (B,): 0 for identical frames, about 1 for unrelated ones.

    It is always frozen and in evaluation mode; gradients flow to the frames. To measure values that
    will be quoted, call it outside autocast.
    """

    def __init__(self, network: lpips.LPIPS, minimum_size: int) -> None:
        super().__init__()
        self._network = network
        self._minimum_size = minimum_size
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode: as a loss, a trainer's ``train()`` would switch dropout on."""
        return super().train(False)

    def forward(self, prediction: Tensor, target: Tensor, area: Tensor | None = None) -> Tensor:
        """Compare frames in [-1, 1], shape (B, 3, H, W), both of one shape (else ValueError).

        ``area`` is (B, 1, H, W), boolean or weights of at least 0. The weights are averaged over
        the cells of each layer's grid, and weight the mean of the layer's distances; so a constant
        weight changes nothing. The result is NaN where all weights are 0. A feature looks at up to
        195 pixels around it, so what is outside the area counts a little too.
        """
        return torch.stack(self.all_areas(prediction, target, [area])).squeeze(0)

    def all_areas(
        self, prediction: Tensor, target: Tensor, areas: Sequence[Tensor | None]
    ) -> list[Tensor]:
        """Return the distance over each of several areas, computing the features only once."""
        check_frame_pair(prediction, target)
        height, width = prediction.shape[-2:]
        if min(height, width) < self._minimum_size:
            raise ValueError(
                f"frames must be at least {self._minimum_size}x{self._minimum_size} for LPIPS, "
                f"got {height}x{width}; measure larger frames"
            )
        network = self._network
        features = network.net(network.scaling_layer(prediction.float()))
        features_target = network.net(network.scaling_layer(target.float()))
        distances = [prediction.new_zeros(len(prediction), dtype=torch.float32) for _ in areas]
        for layer, ours, theirs in zip(network.lins, features, features_target, strict=True):
            difference = (_unit_length(ours) - _unit_length(theirs)).square()
            layer_distances = layer(difference).float()  # (B, 1, h, w)
            for index, area in enumerate(areas):
                weights = _on_grid(area, layer_distances)
                distances[index] = distances[index] + area_mean(layer_distances, weights)
        return distances


def load_lpips(net: str = "alex", weights: Path | None = None) -> LearnedPerceptualDistance:
    """Load LPIPS with the backbone ``net``, "alex" (what papers quote) or "vgg" (for losses).

    Args:
        weights: convolutions of the backbone, safetensors under torchvision's names
            (``features.0.weight``, ...). By default the file in ``checkpoints/lpips``; the
            repository ships "alex" only.

    Raises:
        ValueError: another ``net``, or a file that does not hold its convolutions.
        FileNotFoundError: no file at ``weights``.
        UserError: the package ``lpips`` is not installed.
    """
    if net not in WEIGHTS_FILES:
        raise ValueError(f"net must be one of {sorted(WEIGHTS_FILES)}, got {net!r}")
    path = WEIGHTS_DIR / WEIGHTS_FILES[net] if weights is None else Path(weights)
    if not path.is_file():
        raise FileNotFoundError(
            f"LPIPS has no {net} weights at {path}; give weights=, a safetensors file of "
            "torchvision's ImageNet convolutions, or use net='alex' from a full checkout"
        )
    try:
        import lpips
    except ImportError as error:
        raise UserError(
            "LPIPS needs the package lpips; pip install 'nakawari[eval]', or [train]"
        ) from error
    # On "meta" no random numbers are drawn and no memory is allocated. Otherwise the package would
    # fill torchvision's whole classifier (0.5 GB for VGG) with random numbers, which would also
    # change the state of the global generator.
    with torch.device("meta"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*'(pretrained|weights)'", category=UserWarning)
        network = lpips.LPIPS(net=net, pnet_rand=True, pretrained=False, verbose=False)
    _assign(network, _convolutions(network, path) | _linear_layers(network, net))
    return LearnedPerceptualDistance(network, _MINIMUM_SIZE[net])


def _convolutions(network: lpips.LPIPS, path: Path) -> dict[str, Tensor]:
    """Rename ``features.N.*`` to the package's ``net.sliceK.N.*``."""
    stored = load_file(path)
    wanted = [name for name in network.state_dict() if name.startswith("net.")]
    names = {name: "features." + name.split(".", 2)[2] for name in wanted}
    if missing := sorted(set(names.values()) - set(stored)):
        raise ValueError(
            f"{path} lacks {len(missing)} of {len(names)} tensors, {missing[0]} first; "
            "it must hold the convolutions of the chosen net under torchvision's names"
        )
    return {name: stored[source].float() for name, source in names.items()}


def _linear_layers(network: lpips.LPIPS, net: str) -> dict[str, Tensor]:
    """Read the calibrated 1x1 layers that come with the package, ``lin0`` also as ``lins.0``."""
    import lpips

    path = Path(lpips.__file__).parent / "weights" / f"v{network.version}" / f"{net}.pth"
    stored = torch.load(path, map_location="cpu", weights_only=True)
    listed = {name.replace("lin", "lins.", 1): value for name, value in stored.items()}
    return stored | listed


def _assign(network: lpips.LPIPS, state: dict[str, Tensor]) -> None:
    """Replace the meta tensors by ``state``; ``ValueError`` if it is of another architecture."""
    try:
        result = network.load_state_dict(state, strict=False, assign=True)
    except RuntimeError as error:
        raise ValueError(f"weights do not fit LPIPS's {network.pnet_type}: {error}") from error
    # The scaling layer's constants are in no file; the package creates them itself, on the CPU.
    left = [name for name in result.missing_keys if not name.startswith("scaling_layer.")]
    assert not left, left
    assert not any(tensor.is_meta for tensor in network.state_dict().values())


def _on_grid(area: Tensor | None, features: Tensor) -> Tensor | None:
    """Average weights (B, 1, H, W) over the cells of features (B, C, h, w): (B, 1, h, w)."""
    if area is None:
        return None
    return F.adaptive_avg_pool2d(area.to(features), (features.shape[-2], features.shape[-1]))


def _unit_length(features: Tensor) -> Tensor:
    """Normalise each pixel's features (B, C, h, w) over C, as ``lpips.normalize_tensor`` does.

    The package's square root has a NaN gradient where all channels are 0, as deep features of
    flat colour are; the clamp leaves every value alone and makes that gradient 0.
    """
    square = features.square().sum(dim=1, keepdim=True).clamp(min=1e-20)
    return features / (square.sqrt() + 1e-10)
