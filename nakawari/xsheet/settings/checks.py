"""Checks that a settings class makes of its own values; each raises ``ValueError``."""

from __future__ import annotations

from typing import Any


def check_whole(settings: Any, *names: str) -> None:
    """Check that counts are 1 or more."""
    for name in names:
        if getattr(settings, name) < 1:
            raise ValueError(f"{name} must be 1 or more, got {getattr(settings, name)}")


def check_positive(settings: Any, *names: str) -> None:
    """Check that measures are above zero."""
    for name in names:
        if getattr(settings, name) <= 0:
            raise ValueError(f"{name} must be above 0, got {getattr(settings, name)}")


def check_order(settings: Any, *names: str) -> None:
    """Check that limits are in order, the least first."""
    values = [getattr(settings, name) for name in names]
    if values != sorted(values):
        told = ", ".join(f"{name} {value}" for name, value in zip(names, values, strict=True))
        raise ValueError(f"{' <= '.join(names)} must hold, got {told}")
