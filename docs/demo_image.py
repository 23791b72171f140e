"""Make the README's moving picture: above a clip played slowly, below its slow motion.

``python docs/demo_image.py CLIP SLOWED PICTURE.webp [--start SECONDS] [--seconds SECONDS]``
"""

import argparse
from itertools import islice
from pathlib import Path

import av
from PIL import Image


def frames(clip: Path, width: int) -> list[Image.Image]:
    """Return every frame of a short clip, ``width`` px wide."""
    with av.open(str(clip)) as container:
        return [
            frame.to_image(width=width, height=round(frame.height * width / frame.width))
            for frame in container.decode(video=0)
        ]


def main() -> None:
    """Make the picture that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("slowed", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--start", type=float, default=0.0, help="in the slowed clip [s]")
    parser.add_argument("--seconds", type=float, default=4.0, help="of the slowed clip")
    parser.add_argument("--width", type=int, default=416, help="[px]")
    parser.add_argument("--every", type=int, default=2, help="take every n-th frame")
    arguments = parser.parse_args()
    with av.open(str(arguments.slowed)) as container:
        rate = float(container.streams.video[0].average_rate or 24)
    above, below = (frames(clip, arguments.width) for clip in (arguments.clip, arguments.slowed))
    first = round(arguments.start * rate)
    last = min(len(below), first + round(arguments.seconds * rate))
    pages = []
    for index in islice(range(first, last), 0, None, arguments.every):
        page = Image.new("RGB", (below[0].width, 2 * below[0].height + 4), "white")
        page.paste(above[index * len(above) // len(below)], (0, 0))
        page.paste(below[index], (0, below[0].height + 4))
        pages.append(page)
    pages[0].save(
        arguments.picture,
        save_all=True,
        append_images=pages[1:],
        duration=round(1000 * arguments.every / rate),
        loop=0,
        quality=60,
        method=4,
    )


if __name__ == "__main__":
    main()
