"""Looks change the colours of a shot, and nothing of where things are."""

import numpy as np

from nakawari.data.cels import CelConfig, CelDataset
from nakawari.data.degrade import Look, sample_look


def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)


def test_no_look_leaves_every_byte() -> None:
    assert np.array_equal(Look().apply(picture()), picture())


def test_channels_are_exchanged() -> None:
    assert np.array_equal(Look(channels=(2, 0, 1)).apply(picture()), picture()[..., [2, 0, 1]])


def test_black_and_white_become_floor_and_ceiling_and_greys_lie_evenly_between() -> None:
    greys = np.arange(256, dtype=np.uint8).reshape(1, 256, 1).repeat(3, 2)
    seen = Look(floor=40.0, ceiling=200.0).apply(greys)[0, :, 0].astype(float)
    assert (seen[0], seen[-1]) == (40, 200)
    assert np.abs(seen - np.linspace(40, 200, 256)).max() <= 0.5


def test_a_soft_look_blurs_and_keeps_the_mean() -> None:
    soft = Look(sigma=1.0).apply(picture()).astype(float)
    rough = np.abs(np.diff(picture().astype(float), axis=1)).mean()
    assert np.abs(np.diff(soft, axis=1)).mean() < 0.6 * rough
    assert abs(soft.mean() - picture().mean()) < 2


def test_looks_are_as_various_as_promised() -> None:
    rng = np.random.default_rng(0)
    looks = [sample_look(rng) for _ in range(1000)]
    assert abs(np.mean([look.sigma > 0 for look in looks]) - 0.5) < 0.05
    assert abs(np.mean([look.ceiling < 255 for look in looks]) - 0.4) < 0.05
    # Half of them are permuted by chance, a sixth of which to the same order.
    assert abs(np.mean([look.channels != (0, 1, 2) for look in looks]) - 5 / 12) < 0.05
    assert {look.channels for look in looks} == {
        (0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)
    }  # fmt: skip
    for look in looks:
        assert sorted(look.channels) == [0, 1, 2]
        assert 0 <= look.floor <= 60 < 120 <= look.ceiling <= 255


def test_a_look_is_the_whole_samples_and_changes_no_motion() -> None:
    shared = {"height": 48, "width": 64, "noise_share": 0.0, "fade_share": 0.0}
    plain = CelDataset(CelConfig(**shared, look_share=0.0))
    looked = CelDataset(CelConfig(**shared, look_share=1.0))
    changed = 0
    for index in range(8):
        before, after = plain[index], looked[index]
        for name in ("motion_0", "motion_1", "visible_0", "visible_1", "frame_time"):
            assert (getattr(before, name) == getattr(after, name)).all(), name
        frames = [
            [
                getattr(sample, name).float().mean((1, 2))
                for name in ("frame_0", "target", "frame_1")
            ]
            for sample in (before, after)
        ]
        changed += not (before.target == after.target).all()
        moved = [float((a - b).abs().max()) for a, b in zip(*frames, strict=True)]
        assert max(moved) - min(moved) < 30  # the three of them together
    assert changed >= 5
