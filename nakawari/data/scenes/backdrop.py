"""Backgrounds: painted ones from the art, and flat ones drawn by code."""

import math

import cv2
import numpy as np

from nakawari.data.art import Art
from nakawari.data.painting.colour import random_colour, tint
from nakawari.data.painting.patterns import sample_pattern


def sample_backdrop(rng: np.random.Generator, art: Art, height: int, width: int) -> np.ndarray:
    """Return an opaque background of exactly (height, width, 4) uint8 RGBA."""
    if art.count("backgrounds") and rng.random() < min(0.6, 0.15 * art.count("backgrounds")):
        pixels = _painted(rng, art, height, width)
    else:
        pixels = _drawn(rng, height, width)
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2RGBA)


def _painted(rng: np.random.Generator, art: Art, height: int, width: int) -> np.ndarray:
    picture = art.pick(rng, "backgrounds")
    rows, columns = picture.shape[:2]
    cover = max(height / rows, width / columns)
    scale = cover * rng.uniform(1.0, 1.6)
    crop_height = min(rows, round(height / scale))
    crop_width = min(columns, round(width / scale))
    y = rng.integers(rows - crop_height + 1)
    x = rng.integers(columns - crop_width + 1)
    crop = np.ascontiguousarray(picture[y : y + crop_height, x : x + crop_width, :3])
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    crop = cv2.resize(crop, (width, height), interpolation=kind)
    if rng.random() < 0.5:
        crop = cv2.flip(crop, 1)
    return tint(rng, crop) if rng.random() < 0.4 else crop


def _drawn(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    canvas = _gradient(rng, height, width)
    kind = rng.choice(["shapes", "room", "hills", "noise", "lines", "plain"])
    if kind == "shapes":
        _shapes(rng, canvas)
    elif kind == "room":
        _room(rng, canvas)
    elif kind == "hills":
        _hills(rng, canvas)
    elif kind == "lines":
        _speed_lines(rng, canvas)
    if kind == "noise" or rng.random() < 0.3:
        canvas = _textured(rng, canvas)
    if rng.random() < 0.2:
        canvas = _tiled(rng, canvas)
    if rng.random() < 0.3:
        _uprights(rng, canvas)
    return canvas


def _gradient(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    corners = np.array([[random_colour(rng) for _ in range(2)]] * 2, np.float32)
    if rng.random() < 0.6:
        corners = corners.transpose(1, 0, 2)
    blend = rng.uniform(0.3, 1.0)
    corners = corners * blend + corners[:1, :1] * (1 - blend)
    canvas = cv2.resize(corners, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(canvas, 0, 255).astype(np.uint8)


def _shapes(rng: np.random.Generator, canvas: np.ndarray) -> None:
    height, width = canvas.shape[:2]
    line = rng.random() < 0.5
    for _ in range(rng.integers(6, 24)):
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        size = height * rng.uniform(0.02, 0.25)
        corners = int(rng.integers(3, 9))
        angles = np.sort(rng.uniform(0, 2 * math.pi, corners))
        radius = size * rng.uniform(0.5, 1.0, corners)
        points = np.stack([np.cos(angles) * radius, np.sin(angles) * radius], 1) + centre
        polygon = [np.rint(points).astype(np.int32)]
        cv2.fillPoly(canvas, polygon, random_colour(rng), cv2.LINE_AA)
        if line:
            cv2.polylines(canvas, polygon, True, (30, 25, 30), 1, cv2.LINE_AA)


def _room(rng: np.random.Generator, canvas: np.ndarray) -> None:
    height, width = canvas.shape[:2]
    floor = int(height * rng.uniform(0.6, 0.85))
    cv2.rectangle(canvas, (0, floor), (width, height), random_colour(rng), -1)
    cv2.line(canvas, (0, floor), (width, floor), (40, 35, 40), 2, cv2.LINE_AA)
    x = int(rng.integers(0, 60))
    while x < width:
        w, h = int(rng.integers(30, 120)), int(rng.integers(40, max(floor - 10, 41)))
        top = int(rng.integers(0, max(floor - h, 1)))
        colour = random_colour(rng)
        cv2.rectangle(canvas, (x, top), (x + w, top + h), colour, -1)
        cv2.rectangle(canvas, (x, top), (x + w, top + h), (40, 35, 40), 1, cv2.LINE_AA)
        for bar in range(1, int(rng.integers(1, 5))):
            y = top + h * bar // 5
            cv2.line(canvas, (x, y), (x + w, y), (60, 55, 60), 1, cv2.LINE_AA)
        x += w + int(rng.integers(5, 90))


def _hills(rng: np.random.Generator, canvas: np.ndarray) -> None:
    height, width = canvas.shape[:2]
    xs = np.linspace(0, width, 40)
    colour = np.array(random_colour(rng), np.float32)
    for level in np.sort(rng.uniform(0.3, 0.95, rng.integers(2, 5))):
        waves = sum(
            np.sin(xs / width * rng.uniform(2, 20) + rng.uniform(0, 6)) * rng.uniform(0.01, 0.05)
            for _ in range(3)
        )
        ridge = np.stack([xs, (level + waves) * height], 1)
        polygon = np.concatenate([ridge, [[width, height], [0, height]]])
        points = [np.rint(polygon).astype(np.int32)]
        cv2.fillPoly(canvas, points, tuple(map(float, colour)), cv2.LINE_AA)
        colour = np.clip(colour * rng.uniform(0.6, 1.2), 0, 255)


def _uprights(rng: np.random.Generator, canvas: np.ndarray) -> None:
    """Draw thin upright things (poles, masts or a fence), and wires across them."""
    height, width = canvas.shape[:2]
    colour, edge = random_colour(rng), (35, 30, 35)
    fence = rng.random() < 0.35
    gap = width * (rng.uniform(0.015, 0.06) if fence else rng.uniform(0.08, 0.4))
    thickness = int(rng.integers(1, 4 if fence else 9))
    top, bottom = (height * rng.uniform(-0.1, 0.6), height * rng.uniform(0.7, 1.1))
    lean = rng.normal() * (0.0 if rng.random() < 0.7 else 0.15)
    x = rng.uniform(-gap, gap)
    while x < width + gap:
        ends = (round(x + lean * (bottom - top)), round(top)), (round(x), round(bottom))
        cv2.line(canvas, *ends, edge, thickness + 2, cv2.LINE_AA)
        cv2.line(canvas, *ends, colour, thickness, cv2.LINE_AA)
        x += gap if fence else gap * rng.uniform(0.5, 1.5)
    for y in rng.uniform(top, bottom, int(rng.integers(0, 4))):
        tilt = rng.normal() * 0.03 * height
        ends = (0, round(y)), (width, round(y + tilt))
        cv2.line(canvas, *ends, colour, max(1, thickness // 2), cv2.LINE_AA)


def _tiled(rng: np.random.Generator, canvas: np.ndarray) -> np.ndarray:
    """Return the picture with a pattern over a part of it: a wall, a floor, a row of windows."""
    height, width = canvas.shape[:2]
    low, high = np.sort(rng.uniform(-0.2, 1.2, 2)) * height
    left, right = np.sort(rng.uniform(-0.3, 1.3, 2)) * width
    part = np.zeros((height, width), np.float32)
    part[max(int(low), 0) : max(int(high), 0), max(int(left), 0) : max(int(right), 0)] = 1.0
    share = (part * sample_pattern(rng, height, width, height / 288))[:, :, None]
    colour = np.array(random_colour(rng), np.float32)
    return (canvas + share * rng.uniform(0.3, 1.0) * (colour - canvas)).round().astype(np.uint8)


def _speed_lines(rng: np.random.Generator, canvas: np.ndarray) -> None:
    height, width = canvas.shape[:2]
    colour = random_colour(rng)
    if rng.random() < 0.5:
        for _ in range(rng.integers(15, 60)):
            y, x = rng.uniform(0, height), rng.uniform(-width / 2, width)
            end = (round(x + width * rng.uniform(0.2, 1.0)), round(y))
            thickness = int(rng.integers(1, 5))
            cv2.line(canvas, (round(x), round(y)), end, colour, thickness, cv2.LINE_AA)
        return
    centre = np.array([width, height]) * rng.uniform(0.3, 0.7, 2)
    for angle in np.sort(rng.uniform(0, 2 * math.pi, rng.integers(20, 80))):
        half = rng.uniform(0.005, 0.03)
        near = height * rng.uniform(0.2, 0.5)
        points = [
            centre + near * np.array([math.cos(angle), math.sin(angle)]),
            centre + width * np.array([math.cos(angle - half), math.sin(angle - half)]),
            centre + width * np.array([math.cos(angle + half), math.sin(angle + half)]),
        ]
        cv2.fillPoly(canvas, [np.rint(points).astype(np.int32)], colour, cv2.LINE_AA)


def _textured(rng: np.random.Generator, canvas: np.ndarray) -> np.ndarray:
    """Return the picture with painterly noise of one or two grain sizes."""
    height, width = canvas.shape[:2]
    strength = rng.uniform(8, 40)
    noise = np.zeros((height, width), np.float32)
    for grain in rng.uniform(2, 24, 2):
        shape = (max(int(height / grain), 2), max(int(width / grain / rng.uniform(0.5, 3)), 2))
        coarse = rng.standard_normal(shape, np.float32) * strength
        noise += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(canvas + noise[:, :, None], 0, 255).astype(np.uint8)
