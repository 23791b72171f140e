"""One episode: from a video to its shards and its record, whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

from nakawari.data.streams.shards import EPISODE_FILE, EPISODES_FOLDER
from nakawari.dataset.candidates import Candidate, candidates, frame_time
from nakawari.dataset.judge import Judge, Judgement, Proof
from nakawari.dataset.pictures import Gallery
from nakawari.dataset.record import MOTION_BIN, TIME_BIN, EpisodeRecord
from nakawari.dataset.settings import BuildSettings, Reason
from nakawari.dataset.shards import ShardWriter
from nakawari.dataset.timed_frames import TimedFrame, read_frames
from nakawari.dataset.videos import Episode
from nakawari.opencv import use_one_opencv_thread
from nakawari.xsheet.detect import detect
from nakawari.xsheet.sheet.sheet import ExposureSheet


def build_episode(episode: Episode, settings: BuildSettings, output: Path) -> None:
    """Write an episode's folder, unless it exists.

    The folder is written under another name and renamed when it is whole. Raises ``UserError`` for
    a video that cannot be read, ``OSError`` if the disk is full.
    """
    use_one_opencv_thread()
    folder = episode_folder(output, episode)
    if (folder / EPISODE_FILE).is_file():
        return
    # The name is unique, because the worker of a killed build may go on writing for a moment.
    partial = folder.with_name(f".{episode.key}.{uuid.uuid4().hex}.partial")
    try:
        partial.mkdir(parents=True)
        record = _write(episode, settings, partial)
        with (partial / EPISODE_FILE).open("w", encoding="utf-8") as file:
            json.dump(asdict(record), file)
            file.flush()
            os.fsync(file.fileno())
        try:
            partial.rename(folder)
        except OSError:
            if not (folder / EPISODE_FILE).is_file():  # otherwise that worker was quicker
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def episode_folder(output: Path, episode: Episode) -> Path:
    """Return an episode's folder: an earlier build's, also if the file has been renamed since."""
    renamed = sorted((output / EPISODES_FOLDER).glob(f"[!.]*-{episode.digest}"))
    return renamed[0] if renamed else output / EPISODES_FOLDER / episode.key


def _write(episode: Episode, settings: BuildSettings, folder: Path) -> EpisodeRecord:
    sheet = detect(episode.path).sheet
    offered = list(candidates(sheet))
    judged = [candidate for candidate in offered if candidate.rejected is None]
    rejected = Counter(str(one.rejected) for one in offered if one.rejected is not None)
    motion: Counter[str] = Counter()
    times: Counter[str] = Counter()
    gallery = Gallery(episode.key, len(judged))
    judge = Judge(settings)
    with ShardWriter(folder, episode.key, settings.shard_samples, settings.quality) as writer:
        for candidate, frames, proofs in _with_pictures(episode.path, sheet, judged, settings):
            judgement = judge(*proofs)
            facts = _facts(episode, candidate, frames, judgement)
            pixels = [frame.pixels for frame in frames]
            gallery.offer(pixels, facts, judgement.rejected)
            if judgement.rejected is not None:
                rejected[str(judgement.rejected)] += 1
                continue
            writer.add(pixels, facts)
            motion[str(int(judgement.measures.motion // MOTION_BIN) * MOTION_BIN)] += 1
            times[f"{int(facts['frame_time'] / TIME_BIN) * TIME_BIN:.2f}"] += 1
    return EpisodeRecord(
        key=episode.key,
        title=episode.title,
        file=episode.path.name,
        seconds=round(float(sheet.frames / sheet.fps), 3),
        frames=sheet.frames,
        drawings=len(sheet.drawings),
        cadences=dict(Counter(str(shot.cadence or "still") for shot in sheet.shots)),
        candidates=len(offered),
        rejected={reason: rejected[reason] for reason in map(str, Reason) if rejected[reason]},
        motion=dict(motion),
        frame_times=dict(times),
        shards=writer.shards,
        kept=gallery.kept,
        left_out=gallery.left_out,
    )


def _with_pictures(
    path: Path, sheet: ExposureSheet, judged: Sequence[Candidate], settings: BuildSettings
) -> Any:
    """Yield each candidate with its three frames and proofs, as the frames stream by."""
    wanted = {frame for candidate in judged for frame in candidate.frames}
    held: dict[int, tuple[TimedFrame, Proof]] = {}
    ahead = iter(judged)
    candidate = next(ahead, None)
    for frame in read_frames(path, sheet, wanted, settings.height):
        held[frame.number] = frame, Proof.of(frame.pixels)
        if candidate is not None and frame.number == candidate.frames[2]:
            frames, proofs = zip(*(held[number] for number in candidate.frames), strict=True)
            yield candidate, frames, proofs
            held = {number: one for number, one in held.items() if number > candidate.frames[0]}
            candidate = next(ahead, None)


def _facts(
    episode: Episode,
    candidate: Candidate,
    frames: tuple[TimedFrame, TimedFrame, TimedFrame],
    judgement: Judgement,
) -> dict[str, Any]:
    times: tuple[Fraction, Fraction, Fraction] = (frames[0].time, frames[1].time, frames[2].time)
    return {
        "frame_time": frame_time(times),
        "title": episode.title,
        "file": episode.path.name,
        "shot": candidate.shot,
        "frames": list(candidate.frames),
        "seconds": [round(float(time), 4) for time in times],
        "camera": candidate.camera,
        **asdict(judgement.measures),
    }
