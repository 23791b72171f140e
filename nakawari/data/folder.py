"""Real triplets: a folder in the layout of ATD-12K."""

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from nakawari.data.triplet import Triplet

_ENDINGS = (".jpg", ".jpeg", ".png", ".webp")


class TripletFolder(Dataset[Triplet]):
    """Triplets ROOT/ID/frame1, frame2, frame3 (JPEG, PNG or WebP), of which frame2 is the target.

    ``frame_time`` is 0.5 and the motion is unknown. Frames are cut to ``height`` x ``width``:
    larger ones are first shrunk until the window covers a random share of them, then cut at a
    place that depends on ``seed`` and the index alone; smaller ones are enlarged. With ``crop``
    False the frame is shrunk as far as the window allows and cut in the middle.

    Raises ``FileNotFoundError`` for a missing folder, one without triplets, or an incomplete
    triplet; ``ValueError`` for a frame that is not a picture or frames of different sizes.
    """

    def __init__(
        self,
        root: str | Path,
        height: int = 256,
        width: int = 256,
        seed: int = 0,
        crop: bool = True,
    ) -> None:
        self.root = Path(root)
        self.height = height
        self.width = width
        self.seed = seed
        self.crop = crop
        if not self.root.is_dir():
            raise FileNotFoundError(f"no folder of triplets at {self.root}")
        folders = sorted(path for path in self.root.iterdir() if path.is_dir())
        self.triplets = [tuple(_find(folder, k) for k in (1, 2, 3)) for folder in folders]
        if not self.triplets:
            raise FileNotFoundError(
                f"no triplets in {self.root}; it needs folders ID/ with frame1, frame2 and frame3"
            )

    def __len__(self) -> int:
        return len(self.triplets)

    def __getitem__(self, index: int) -> Triplet:
        """Return triplet ``index`` modulo the number of triplets: another window each round."""
        cv2.setNumThreads(0)
        paths = self.triplets[index % len(self)]
        frames = [_read(path) for path in paths]
        if len({frame.shape for frame in frames}) > 1:
            sizes = ", ".join(f"{frame.shape[1]}x{frame.shape[0]}" for frame in frames)
            raise ValueError(f"frames of {paths[0].parent} differ in size: {sizes}")
        first, target, last = self._cut(frames, np.random.default_rng([self.seed, index]))
        still = torch.zeros(2, self.height, self.width, dtype=torch.float16)
        unseen = torch.zeros(1, self.height, self.width, dtype=torch.bool)
        return Triplet(
            frame_0=first,
            target=target,
            frame_1=last,
            frame_time=torch.tensor(0.5),
            motion_0=still,
            motion_1=still.clone(),
            visible_0=unseen,
            visible_1=unseen.clone(),
            has_motion=torch.tensor(False),
        )

    def _cut(self, frames: list[np.ndarray], rng: np.random.Generator) -> list[Tensor]:
        rows, columns = frames[0].shape[:2]
        cover = max(self.height / rows, self.width / columns)  # the smallest scale that will do
        # A view like that of the drawn scenes: 288 px high, where the window allows it.
        usual = max(cover, min(288 / rows, 1.0))
        scale = float(rng.uniform(usual, max(usual, 1.4 * usual))) if self.crop else cover
        size = (max(round(columns * scale), self.width), max(round(rows * scale), self.height))
        share = rng.random(2) if self.crop else np.array([0.5, 0.5])
        x = round(share[0] * (size[0] - self.width))
        y = round(share[1] * (size[1] - self.height))
        kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        cut = []
        for frame in frames:
            sized = cv2.resize(frame, size, interpolation=kind)
            window = sized[y : y + self.height, x : x + self.width]
            cut.append(torch.from_numpy(np.ascontiguousarray(window.transpose(2, 0, 1))))
        return cut


def _find(folder: Path, number: int) -> Path:
    for ending in _ENDINGS:
        path = folder / f"frame{number}{ending}"
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"no frame{number} in {folder} ({', '.join(_ENDINGS)}); a triplet has frame1 to frame3"
    )


def _read(path: Path) -> np.ndarray:
    pixels = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError(f"{path} is not a picture")
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
