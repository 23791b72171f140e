"""The palette of a clip, which has few and well-chosen colours, and pictures painted with it.

One palette for the whole clip keeps what stands still unchanged from frame to frame. With one for
each frame it would flicker.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
from av.filter import Graph

from nakawari.video.pictures.color import ColorTags, rgb_frame
from nakawari.video.pictures.picture import Picture

TICK = Fraction(1, 1000)  # s; the order of frames is all that matters here
# With a fixed pattern, what stands still keeps its colours. In samples/dance.mp4, error diffusion
# changes them by 0.25 codes from frame to frame, and Floyd-Steinberg by 0.10. A frame then takes
# 21 kB and 16 kB; with the pattern it takes 14 kB. Without dithering it takes 13 kB, and gradients
# show bands.
DITHER = "bayer:bayer_scale=4"


def palette_of(pictures: Iterable[Picture], tags: ColorTags) -> av.VideoFrame:
    """Return the 256 colours, one of them transparent, that suit all pictures best."""
    graph: Graph | None = None
    for number, picture in enumerate(pictures):
        frame = rgb_frame(picture, tags, "rgba")
        frame.pts, frame.time_base = number, TICK
        if graph is None:
            graph = _graph(frame)
        graph.push(frame)
    assert graph is not None, "a clip has two frames at least"
    graph.push(None)
    palette = graph.pull()
    assert isinstance(palette, av.VideoFrame)
    return palette


def _graph(like: av.VideoFrame) -> Graph:
    graph = Graph()
    source = graph.add_buffer(
        width=like.width, height=like.height, format=like.format, time_base=TICK
    )
    graph.link_nodes(source, graph.add("palettegen"), graph.add("buffersink")).configure()
    return graph


class Painter:
    """Paints pictures of one size [px] with a palette."""

    def __init__(self, palette: av.VideoFrame, width: int, height: int) -> None:
        self._taken = self._given = 0  # frames
        self._graph = Graph()
        rgba = av.VideoFormat("rgba")
        self._pictures = self._graph.add_buffer(
            width=width, height=height, format=rgba, time_base=TICK
        )
        colours = self._graph.add_buffer(
            width=palette.width, height=palette.height, format=palette.format, time_base=TICK
        )
        painter = self._graph.add("paletteuse", f"dither={DITHER}:diff_mode=rectangle")
        self._painted = self._graph.add("buffersink")
        self._pictures.link_to(painter, 0, 0)
        colours.link_to(painter, 0, 1)
        painter.link_to(self._painted)
        self._graph.configure()
        palette.pts, palette.time_base = 0, TICK
        colours.push(palette)
        colours.push(None)

    def paint(self, frame: av.VideoFrame) -> list[av.VideoFrame]:
        """Take the next frame, RGBA; return the frames painted by now, numbered from 0 on."""
        frame.pts, frame.time_base = self._taken, TICK
        self._taken += 1
        self._pictures.push(frame)
        return list(self._ready())

    def finish(self) -> list[av.VideoFrame]:
        """Return the frames that are still to be painted, when no more come."""
        self._pictures.push(None)
        return list(self._ready())

    def _ready(self) -> Iterator[av.VideoFrame]:
        while True:
            try:
                frame = self._painted.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            assert isinstance(frame, av.VideoFrame)
            frame.pts, frame.time_base = self._given, TICK
            self._given += 1
            yield frame
