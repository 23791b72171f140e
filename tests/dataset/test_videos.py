"""Videos are found, named by title, and told apart by content."""

from pathlib import Path

import pytest

from nakawari.dataset.videos import find_episodes, read_titles, title_of
from nakawari.errors import UserError


@pytest.mark.parametrize(
    ("file", "title"),
    [
        ("[Group] My Show - 03 (1080p) [ABCD1234].mkv", "My Show"),
        ("My.Show.S01E02.1080p.mkv", "My Show"),
        ("My_Show_Episode_12.mp4", "My Show"),
        ("My Show 2x05.mp4", "My Show"),
        ("My Show #7 - The Storm.mp4", "My Show"),
        ("Eighty 86 - 01v2.mkv", "Eighty 86"),
        ("My Show - 03 - The Calm.mkv", "My Show"),
        ("A Film.mkv", "A Film"),
        ("07.mkv", "shows"),
    ],
)
def test_the_title_is_what_comes_before_the_episode(file: str, title: str) -> None:
    assert title_of(Path("/shows") / file) == title


def test_a_sub_folder_is_a_title() -> None:
    root = Path("/anime")
    assert title_of(root / "My Show" / "Season 2" / "Other - 03.mkv", root) == "My Show"
    assert title_of(root / "Other - 03.mkv", root) == "Other"


def test_folders_are_searched_copies_left_out_and_patterns_win(tmp_path: Path) -> None:
    for name, content in {
        "a/Show/1.mkv": b"one",
        "a/Show/2.MP4": b"two",
        "a/Show/copy of 1.mkv": b"one",
        "a/Show/notes.txt": b"text",
        "a/Show/._1.mkv": b"hidden",
        "a/film.mkv": b"three",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    episodes = find_episodes([tmp_path / "a"], {"*/film.*": "The Film"})
    assert [(one.path.name, one.title) for one in episodes] == [
        ("1.mkv", "Show"),
        ("2.MP4", "Show"),
        ("film.mkv", "The Film"),
    ]
    (tmp_path / "a/film.mkv").rename(tmp_path / "a/renamed.mkv")
    renamed = find_episodes([tmp_path / "a"], {})[-1]
    assert renamed.digest == episodes[-1].digest


def test_a_missing_video_fails(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere does not exist; name video files or folders"):
        find_episodes([tmp_path / "nowhere"], {})


def test_a_folder_without_videos_fails(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"no videos in {tmp_path}"):
        find_episodes([tmp_path], {})


@pytest.mark.parametrize(
    ("text", "told"),
    [("{", "cannot read"), ("[" * 100_000, "cannot read"), ('{"a": 1}', "must be an obj")],
)
def test_titles_that_are_none_fail(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "titles.json").write_text(text)
    with pytest.raises(UserError, match=f"--titles: .*{told}"):
        read_titles(tmp_path / "titles.json")


def test_titles_are_read(tmp_path: Path) -> None:
    (tmp_path / "titles.json").write_text('{"*/bebop/*": "Bebop"}')
    assert read_titles(tmp_path / "titles.json") == {"*/bebop/*": "Bebop"}
