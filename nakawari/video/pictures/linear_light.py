"""Pictures of linear light, as EXR stores them, converted to what a screen is given."""

from __future__ import annotations

import av
import cv2
import numpy as np

FLOATS = ("grayf32le", "gbrpf32le", "gbrapf32le")
"""FFmpeg's names of the planes that its EXR decoder fills with linear light."""
SRGB = 13  # number of the transfer curve, in ITU-T H.273
STRAIGHT = 0.0031308  # of linear light: below, the curve of sRGB is a straight line


def as_displayed(frame: av.VideoFrame) -> av.VideoFrame:
    """Return a frame of linear light in sRGB, its colours no longer multiplied by its opacity.

    By EXR's own convention, colours are multiplied by opacity ("associated alpha"). The division
    comes before the curve, because colours add up in linear light only. Where opacity is 0, nothing
    can be divided, and colours stay as they are. Frames of whole numbers are returned unchanged,
    because they do not hold linear light. The frame itself is changed.
    """
    if frame.format.name not in FLOATS:
        return frame
    planes = [_values(plane) for plane in frame.planes]
    colours, opacity = planes[:3], planes[3] if len(planes) == 4 else None
    for plane in colours:
        light = plane.copy()
        if opacity is not None:
            np.divide(light, opacity, out=light, where=opacity > 0)
        plane[:] = srgb(light)
    frame.color_trc = SRGB
    return frame


def srgb(light: np.ndarray) -> np.ndarray:
    """Return linear light, float32 with white at 1, in the curve of sRGB (IEC 61966-2-1).

    Values below black, and those that are not a number, become black. Values above white stay so.
    """
    light = np.maximum(np.nan_to_num(light, nan=0.0, posinf=1.0), 0)
    return np.where(light <= STRAIGHT, 12.92 * light, 1.055 * cv2.pow(light, 1 / 2.4) - 0.055)


def _values(plane: av.video.plane.VideoPlane) -> np.ndarray:
    rows = np.frombuffer(memoryview(plane), np.float32).reshape(-1, plane.line_size // 4)
    return rows[: plane.height, : plane.width]
