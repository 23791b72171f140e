"""Where figures come from: code, weights, packages and machine."""

import hashlib
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from nakawari.metrics.lpips import WEIGHTS_DIR, WEIGHTS_FILES

ROOT = Path(__file__).parents[1]
_PACKAGES = ("torch", "torchvision", "diffusers", "vector-quantize-pytorch", "lpips", "numpy")
_WEIGHT_SUFFIXES = (".safetensors", ".json")


def commit() -> dict[str, Any]:
    """Return the commit and whether files differ from it; None where there is no repository."""
    head = _git("rev-parse", "HEAD")
    changes = _git("status", "--porcelain", "--untracked-files=no")
    return {"hash": head, "dirty": None if head is None else bool(changes)}


def weights(model: Path | None) -> dict[str, str]:
    """Return the SHA-256 of every weight and config file that takes part, by path."""
    files = [WEIGHTS_DIR / WEIGHTS_FILES["alex"]]
    if model is not None:
        files += sorted(p for p in model.rglob("*") if p.suffix in _WEIGHT_SUFFIXES)
    return {_display(path): sha256(path) for path in files}


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def packages() -> dict[str, str]:
    """Return the versions of Python and of what computes the figures."""
    versions = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def hardware(device: torch.device) -> dict[str, Any]:
    """Name the processor, its cores and threads in use, and the accelerator of the run."""
    on_gpu = device.type == "cuda"
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name(device) if on_gpu else "cpu",
    }


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _processor() -> str:
    """Ask the kernel: ``platform.processor()`` is empty on Debian."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _display(path: Path) -> str:
    """Write paths inside the repository relative to it: results travel between machines."""
    resolved = path.resolve()
    return str(resolved.relative_to(ROOT) if resolved.is_relative_to(ROOT) else resolved)
