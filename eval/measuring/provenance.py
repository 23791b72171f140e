"""The provenance of scores: code, weights, packages and machine."""

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from eval.sets.triplet_list import FRAMES, TripletEntry
from nakawari.metrics.lpips import WEIGHTS_DIR, WEIGHTS_FILES

ROOT = Path(__file__).parents[2]
_PACKAGES = ("torch", "torchvision", "diffusers", "vector-quantize-pytorch", "lpips", "numpy")
_SOURCES = ("nakawari", "autoencoder", "diffusion", "eval")
_WEIGHT_SUFFIXES = (".safetensors", ".json")


def commit() -> dict[str, Any]:
    """Return the commit, and whether files differ from it; both None without a repository."""
    head = _git("rev-parse", "HEAD")
    changes = _git("status", "--porcelain", "--untracked-files=no")
    return {"hash": head, "dirty": None if head is None else bool(changes)}


def code_state() -> str:
    """Return a digest of the project's Python files, because other code may give other scores."""
    hasher = hashlib.sha256()
    for package in _SOURCES:
        for path in sorted((ROOT / package).rglob("*.py")):
            hasher.update(f"{path.relative_to(ROOT)} {sha256(path)}\n".encode())
    return hasher.hexdigest()


def set_state(triplets: Sequence[TripletEntry]) -> str:
    """Return a digest of a set: its list, and the sizes and modification times of its pictures."""
    hasher = hashlib.sha256()
    for triplet in triplets:
        hasher.update(f"{triplet.id} {triplet.frame_time} {triplet.region}\n".encode())
        for name in FRAMES:
            path: Path = getattr(triplet, name)
            state = path.stat()
            hasher.update(f"{path.resolve()} {state.st_size} {state.st_mtime_ns}\n".encode())
    return hasher.hexdigest()


def list_digest(path: Path, triplets: Sequence[TripletEntry]) -> str:
    """Return the SHA-256 of a list's file, or of the triplets read from another layout's folder."""
    if path.is_file():
        return sha256(path)
    lines = [f"{t.id} {t.frame_time} {t.tags} {t.region}" for t in triplets]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def digest(**content: Any) -> str:
    """Return a short digest of content that can be written as JSON."""
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def weights(model: Path | None) -> dict[str, str]:
    """Return the SHA-256 of every weight and config file that is used, by path."""
    files = [WEIGHTS_DIR / WEIGHTS_FILES["alex"]]
    if model is not None:
        files += sorted(p for p in model.rglob("*") if p.suffix in _WEIGHT_SUFFIXES)
    return {_display(path): sha256(path) for path in files}


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def packages() -> dict[str, str]:
    """Return the versions of Python and of the packages that compute the scores."""
    versions = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def hardware(device: torch.device) -> dict[str, Any]:
    """Return the processor, its cores, the threads in use, and the accelerator of the run.

    On a CPU with bfloat16 our networks use it, and their scores differ in the fourth digit from
    those on other CPUs.
    """
    from diffusion.precision import has_native_bfloat16

    on_gpu = device.type == "cuda"
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
        "bfloat16": has_native_bfloat16(),
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
    """Return the processor's name from the kernel; ``platform.processor()`` is empty on Debian."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _display(path: Path) -> str:
    """Return a path as text; inside the repository it is relative, as machines differ."""
    resolved = path.resolve()
    return str(resolved.relative_to(ROOT) if resolved.is_relative_to(ROOT) else resolved)
