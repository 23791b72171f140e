"""The published test sets, read from the folders in which they are distributed.

- ATD-12K: Li et al., "Deep Animation Video Interpolation in the Wild" (CVPR 2021).
- SNU-FILM: Choi et al., "Channel Attention Is All You Need for Video Frame Interpolation"
  (AAAI 2020).
- X-TEST: Sim, Oh and Kim, "XVFI: eXtreme Video Frame Interpolation" (ICCV 2021), at 8 times the
  rate.

Each reader checks the whole set before anything is drawn. It raises ``UserError`` with the file's
name if a file is missing or unreadable, or if sizes differ.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from eval.sets.json_text import parsed
from eval.sets.pictures import picture_size
from eval.sets.triplet_list import Region, TripletEntry, check_frames, read_triplets
from nakawari.errors import UserError

ATD_LEVELS = ("easy", "mid", "hard")
SNU_TIERS = ("easy", "medium", "hard", "extreme")
X_TEST_LAST = 32  # number of the frame that is frame_1
X_TEST_STEP = 4


def read_atd12k(folder: Path) -> list[TripletEntry]:
    """Read the test part: ``test_2k_540p`` (or ``test_2k_original``) and ``test_2k_annotations``.

    Tags are the difficulty and the studio, which is the beginning of a triplet's name. The region
    is ``motion_RoI``, scaled to the frames as in the set's own evaluation.
    """
    names = ("test_2k_540p", "test_2k_original")
    frames = next((folder / name for name in names if (folder / name).is_dir()), None)
    if frames is None:
        raise UserError(f"{folder} holds no {names[0]}; give the folder that does")
    annotations = folder / "test_2k_annotations"
    if not annotations.is_dir():
        raise UserError(f"{folder} holds no {annotations.name}; put it beside {frames.name}")
    return _checked((_atd_triplet(path, annotations) for path in _folders(frames)), frames)


def _atd_triplet(folder: Path, annotations: Path) -> TripletEntry:
    pictures = sorted(p for p in folder.iterdir() if p.suffix.lower() in (".png", ".jpg", ".jpeg"))
    if len(pictures) != 3:
        raise UserError(f"{folder} holds {len(pictures)} pictures; a triplet has 3")
    path = annotations / folder.name / f"{folder.name}.json"
    try:
        about = parsed(path.read_text(encoding="utf-8"))
        level, region = ATD_LEVELS[about["level"]], _atd_region(about, pictures[1])
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}; every triplet has one") from error
    except (ValueError, LookupError, TypeError, ArithmeticError) as error:
        raise UserError(f"{path} is no annotation of ATD-12K ({error!r})") from error
    return TripletEntry(
        id=folder.name,
        frame_0=pictures[0],
        target=pictures[1],
        frame_1=pictures[2],
        frame_time=0.5,
        tags=(f"difficulty:{level}", f"studio:{folder.name.split('_')[0]}"),
        region=region,
    )


def _atd_region(about: dict[str, Any], picture: Path) -> Region | None:
    """Scale ``motion_RoI`` from ``image_size`` to the picture's own; None if nothing is left."""
    size = picture_size(picture)
    across, down = about["image_size"][0] / size.width, about["image_size"][1] / size.height
    given = about["motion_RoI"]
    x, y = int(given["x"] // across), int(given["y"] // down)
    width = min(int(given["width"] // across), size.width - x)
    height = min(int(given["height"] // down), size.height - y)
    return Region(x, y, width, height) if min(width, height) > 0 and min(x, y) >= 0 else None


def read_snu_film(folder: Path) -> list[TripletEntry]:
    """Read the lists ``test-easy.txt`` to ``test-extreme.txt``, here or in ``eval_modes``.

    A line names frame_0, target and frame_1. The folders with which their paths begin
    (``data/SNU-FILM/``) need not exist.
    """
    lists = [
        (tier, path)
        for tier in SNU_TIERS
        for path in (folder / f"test-{tier}.txt", folder / "eval_modes" / f"test-{tier}.txt")
        if path.is_file()
    ]
    if not lists:
        raise UserError(f"{folder} holds no test-easy.txt; give the folder with SNU-FILM's lists")
    return _checked(
        (triplet for tier, path in lists for triplet in _snu_triplets(tier, path, folder)), folder
    )


def _snu_triplets(tier: str, path: Path, folder: Path) -> Iterator[TripletEntry]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text; restore the list") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        frames = [_below(folder, name) for name in line.split()]
        if len(frames) != 3:
            raise UserError(f"{path}:{number}: must name 3 pictures, got {len(frames)}")
        yield TripletEntry(
            id=f"{tier}_{number:03d}",
            frame_0=frames[0],
            target=frames[1],
            frame_1=frames[2],
            frame_time=0.5,
            tags=(f"tier:{tier}",),
        )


def _below(folder: Path, name: str) -> Path:
    """Return the file below the folder to which a list's path leads without its first parts."""
    parts = Path(name).parts
    candidates = (folder.joinpath(*parts[start:]) for start in range(len(parts)))
    return next((path for path in candidates if path.is_file()), folder / name)


def read_x_test(folder: Path) -> list[TripletEntry]:
    """Read the scenes ``TYPE/SCENE/0000.png`` to ``0032.png``: seven frames between first and last.

    ``folder`` contains the folders of the types, or is above it.
    """
    triplets = _checked(
        (
            TripletEntry(
                id=f"{scene.parent.name}_{scene.name}_{number:02d}",
                frame_0=scene / "0000.png",
                target=scene / f"{number:04d}.png",
                frame_1=scene / f"{X_TEST_LAST:04d}.png",
                frame_time=number / X_TEST_LAST,
                tags=(f"type:{scene.parent.name}",),
            )
            for scene in sorted(path.parent for path in folder.glob("**/0000.png"))
            for number in range(X_TEST_STEP, X_TEST_LAST, X_TEST_STEP)
        ),
        folder,
    )
    if not triplets:
        raise UserError(f"{folder} holds no scene with a 0000.png; give X-TEST's folder")
    return triplets


LAYOUTS: dict[str, Callable[[Path], list[TripletEntry]]] = {
    "jsonl": read_triplets,
    "atd12k": read_atd12k,
    "snu-film": read_snu_film,
    "x-test": read_x_test,
}


def _folders(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.iterdir() if path.is_dir())
    if not found:
        raise UserError(f"{folder} is empty; it should hold a folder for every triplet")
    return found


def _checked(triplets: Iterator[TripletEntry], where: Path) -> list[TripletEntry]:
    checked = []
    for triplet in triplets:
        check_frames(triplet, str(where))
        checked.append(triplet)
    return checked
