"""What every metric asks of its two arguments."""

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
