"""Real triplets: a folder in the layout of ATD-12K."""

from pathlib import Path

import numpy as np
from torch.utils.data import Dataset

from nakawari.data.streams.real import Window, decode_picture, real_triplet
from nakawari.data.triplet import Triplet
from nakawari.opencv import use_one_opencv_thread

_ENDINGS = (".jpg", ".jpeg", ".png", ".webp")


class TripletFolder(Dataset[Triplet]):
    """Triplets ROOT/ID/frame1, frame2, frame3 (JPEG, PNG or WebP), of which frame2 is the target.

    ``frame_time`` is 0.5 and the motion is unknown. Frames are cut to ``height`` x ``width``
    (see ``real_triplet``), at a place that depends on ``seed`` and the index alone; with ``crop``
    False, in the middle.

    Raises ``FileNotFoundError`` for a missing folder, one without triplets, or an incomplete
    triplet; ``UnreadableSampleError`` (a ``ValueError``) for a frame that is not a picture or
    frames of different sizes.
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
        self.window = Window(height, width, crop)
        self.seed = seed
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

    @property
    def groups(self) -> list[int]:
        """One group of all triplets, since none belong closer together than others."""
        return [len(self)]

    def name(self, index: int) -> str:
        """Return the folder of triplet ``index`` modulo the number of triplets."""
        return str(self.triplets[index % len(self)][0].parent)

    def __getitem__(self, index: int) -> Triplet:
        """Return triplet ``index`` modulo their number; its window depends on all of ``index``."""
        use_one_opencv_thread()
        paths = self.triplets[index % len(self)]
        frames = [decode_picture(path.read_bytes(), str(path)) for path in paths]
        rng = np.random.default_rng([self.seed, index])
        return real_triplet(frames, 0.5, self.window, rng, self.name(index))


def _find(folder: Path, number: int) -> Path:
    for ending in _ENDINGS:
        path = folder / f"frame{number}{ending}"
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"no frame{number} in {folder} ({', '.join(_ENDINGS)}); a triplet has frame1 to frame3"
    )
