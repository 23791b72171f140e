"""What the metrics share: a check of their arguments, and the mean over an area."""

from torch import Tensor


def check_frame_pair(prediction: Tensor, target: Tensor) -> None:
    """Raise ``ValueError`` unless both are RGB frames (B, 3, H, W) of one shape.

    Broadcasting would otherwise compare a frame with a row or a channel of another.
    """
    if prediction.shape != target.shape:
        raise ValueError(
            f"prediction and target must have one shape, got {tuple(prediction.shape)} and "
            f"{tuple(target.shape)}; crop or resize before measuring"
        )
    if prediction.ndim != 4 or prediction.shape[1] != 3:
        raise ValueError(
            f"frames must be RGB of shape (B, 3, H, W), got {tuple(prediction.shape)}; "
            "add the batch dimension with frame[None] or convert to RGB"
        )


def area_mean(values: Tensor, area: Tensor | None) -> Tensor:
    """Return the mean of each frame's ``values`` (B, C, H, W) over ``area``, shape (B,).

    ``area`` is (B, 1, H, W), boolean or weights of at least 0; None means everywhere. The mean is
    NaN where all weights are 0. An area of another shape raises ``ValueError``.
    """
    if area is None:
        return values.mean(dim=(1, 2, 3))
    if area.shape != (len(values), 1, *values.shape[2:]):
        raise ValueError(
            f"area must be of shape {(len(values), 1, *values.shape[2:])}, "
            f"got {tuple(area.shape)}; give one value for each pixel"
        )
    weights = area.to(values)
    return (values.mean(dim=1, keepdim=True) * weights).sum((1, 2, 3)) / weights.sum((1, 2, 3))
