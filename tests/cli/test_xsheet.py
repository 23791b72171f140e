"""``nakawari xsheet`` prints the sheet, and writes it as data and as a page."""

import json
import subprocess
import sys

import pytest

from nakawari import cli
from nakawari.xsheet.sheet.reading import sheet_from_json
from tests.builders.refusals import refused


def xsheet(*arguments: object) -> int:
    return cli.main(["xsheet", *map(str, arguments)])


def test_without_options_it_only_prints(make_clip, tmp_path, capsys) -> None:
    assert xsheet(make_clip(frames=12)) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("clip.mp4: 12 frames, 0:00.500 at 23.976 frames/s\n")
    assert "Shot 1: 0:00.000 to 0:00.500, frames 0-11\n" in printed
    assert "  0 | " in printed
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_the_json_is_the_sheet_of_the_contract(make_clip, tmp_path) -> None:
    path = tmp_path / "sheet.json"
    assert xsheet(make_clip(frames=12), "--json", path) == 0
    sheet = json.loads(path.read_text())
    assert sheet["clip"] == "clip.mp4"
    assert (sheet["fps"], sheet["frames"], sheet["cuts"]) == ("24000/1001", 12, [])
    assert sum(drawing["hold"] for drawing in sheet["drawings"]) == 12
    assert {"start", "end", "cadence", "animation_fps", "confidence"} <= sheet["shots"][0].keys()
    assert sheet_from_json(path.read_text()).frames == 12


def test_a_dash_prints_the_json_and_nothing_else(make_clip, tmp_path, capsys) -> None:
    assert xsheet(make_clip(), "--json", "-") == 0
    assert json.loads(capsys.readouterr().out)["frames"] == 12
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_the_page_has_a_picture_for_every_drawing(make_clip, tmp_path) -> None:
    page, data = tmp_path / "sheet.html", tmp_path / "sheet.json"
    assert xsheet(make_clip(), "--html", page, "--json", data) == 0
    drawings = json.loads(data.read_text())["drawings"]
    assert page.read_text().count('src="data:image/jpeg') == len(drawings)


def test_a_second_run_replaces_the_first_ones_files(make_clip, tmp_path, capsys) -> None:
    page, data = tmp_path / "sheet.html", tmp_path / "sheet.json"
    clip = make_clip()
    for _ in range(2):
        assert xsheet(clip, "--html", page, "--json", data) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"clip.mp4", "sheet.html", "sheet.json"}


@pytest.mark.parametrize(
    ("option", "name", "written", "edited"),
    [
        ("--json", "sheet.json", '"clip": "clip.mp4"', '"clip": "mine"'),
        ("--export", "sheet.xdts", '"cut": "1"', '"cut": "27"'),
    ],
)
def test_a_sheet_that_somebody_changed_is_kept_beside_the_new_one(
    make_clip, tmp_path, capsys, option, name, written, edited
) -> None:
    clip, path = make_clip(), tmp_path / name
    assert xsheet(clip, option, path) == 0
    assert written in path.read_text()
    changed = path.read_text().replace(written, edited)
    path.write_text(changed)
    assert xsheet(clip, option, path) == 0
    assert (tmp_path / f"{name}~").read_text() == changed
    assert "the sheet that was there is now" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("clip.mp4", "--json", "clip.mp4"), "is the input itself"),
        (("clip.mp4", "--html", "clip.mp4", "--overwrite"), "is the input itself"),
        (("clip.mp4", "--json", "notes.txt"), "use --overwrite, or another name"),
        (("clip.mp4", "--html", "notes.txt"), "use --overwrite, or another name"),
        (("clip.mp4", "--html", "none/a.html"), "does not exist; create it first"),
        (("clip.mp4", "--json", "."), "is a folder; name a file in it"),
        (("clip.mp4", "--html", "-"), "which a terminal cannot show; give a file name"),
        (("clip.mp4", "--json", "a", "--html", "./a"), "name the same file; give two"),
        (("clip.mp4", "--export", "a.txt"), "names no format; let it end in .xdts, .ae.txt, .otio"),
        (("clip.mp4", "--export", "none/a.csv"), "--export: folder none does not exist"),
        (("clip.mp4", "--export", "poem.csv"), "use --overwrite, or another name"),
        (("clip.mp4", "--export", "a.csv", "--export", "./a.csv"), "name the same file; give two"),
        (("clip.mp4", "--json", "a.csv", "--export", "a.csv"), "name the same file; give two"),
        (("a.json", "--html", "a.html"), "which a sheet has not; give the clip"),
        (("none.json", "--export", "a.csv"), "cannot read exposure sheet none.json"),
        (("none.mp4",), "does not exist; check the name"),
        (("notes.txt", "--json", "a.json"), "video"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(
    make_clip, tmp_path, capsys, monkeypatch, arguments, words
) -> None:
    monkeypatch.chdir(tmp_path)
    make_clip()
    for name in ("notes.txt", "poem.csv"):
        (tmp_path / name).write_text("A poem, and no film.\n" * 99)
    assert words in refused(capsys, "xsheet", *arguments)
    assert {path.name for path in tmp_path.iterdir()} == {"clip.mp4", "notes.txt", "poem.csv"}


def test_overwrite_replaces_another_file(make_clip, tmp_path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("notes")
    assert xsheet(make_clip(), "--json", path, "--overwrite") == 0
    assert json.loads(path.read_text())["frames"] == 12


def test_ctrl_c_leaves_nothing(make_clip, tmp_path, capsys, monkeypatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("nakawari.xsheet.show.thumbnails.make_thumbnails", interrupted)
    assert xsheet(make_clip(), "--json", tmp_path / "a.json", "--html", tmp_path / "a.html") == 130
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_reader_that_stops_in_the_middle_is_no_error(make_clip, tmp_path) -> None:
    code = "import sys; from nakawari.cli import main; sys.exit(main(['xsheet', sys.argv[1]]))"
    command = [sys.executable, "-c", code, make_clip()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        running.stdout.close()
        complaint = running.stderr.read().decode()
    assert running.returncode == 0
    assert "Error" not in complaint


def test_it_runs_without_torch(make_clip, tmp_path) -> None:
    code = (
        "import sys; sys.modules['torch'] = None; from nakawari.cli import main;"
        "sys.exit(main(['xsheet', *sys.argv[1:]]))"
    )
    command = [sys.executable, "-c", code, make_clip(), "--html", tmp_path / "sheet.html"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("none.mp4",),
        ("none.mp4", "--json", "a.json", "--html", "a.html", "--export", "a.xdts"),
        ("none.json", "--export", "a.csv"),
        ("none.mp4", "--json", "none/a.json"),
    ],
)
def test_help_and_a_refused_input_load_nothing_heavy(tmp_path, arguments) -> None:
    code = (
        "import sys\n"
        "from nakawari.cli import main\n"
        "try:\n"
        "    main(['xsheet', *sys.argv[1:]])\n"
        "finally:\n"
        "    heavy = [name for name in ('torch', 'cv2', 'av', 'numpy') if name in sys.modules]\n"
        "    print('loaded:', *heavy)\n"
    )
    command = [sys.executable, "-c", code, *arguments]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert result.stdout.endswith("loaded:\n"), result.stdout
    assert result.stdout.startswith("usage:") or result.stderr.count("\n") == 1


EXPORTS = ("sheet.xdts", "sheet.ae.txt", "sheet.otio", "sheet.csv")


def test_a_clip_and_its_sheet_are_exported_alike(make_clip, tmp_path) -> None:
    clip, data = make_clip(frames=12), tmp_path / "sheet.json"
    exports = [word for name in EXPORTS for word in ("--export", tmp_path / name)]
    assert xsheet(clip, "--json", data, *exports) == 0
    of_clip = [(tmp_path / name).read_bytes() for name in EXPORTS]
    assert all(of_clip)
    for name in EXPORTS:
        (tmp_path / name).unlink()
    assert xsheet(data, *exports) == 0
    assert [(tmp_path / name).read_bytes() for name in EXPORTS] == of_clip


def test_a_sheet_can_be_exported_without_its_clip(make_clip, tmp_path, capsys) -> None:
    (tmp_path / "cut.json").write_text('{"drawings": [{"start": 0}, {"start": 3}], "frames": 5}')
    assert xsheet(tmp_path / "cut.json", "--export", tmp_path / "cut.OTIO") == 0
    assert "MissingReference" in (tmp_path / "cut.OTIO").read_text()
    assert "2 drawings" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["..", ".", "/", "a\\u0000b", "a/b.mp4", "\\ud800"])
def test_a_sheet_may_call_its_clip_anything(tmp_path, name) -> None:
    (tmp_path / "cut.json").write_text(
        f'{{"clip": "{name}", "drawings": [{{"start": 0, "hold": 2}}]}}'
    )
    exports = [word for name in EXPORTS for word in ("--export", tmp_path / name)]
    assert xsheet(tmp_path / "cut.json", *exports) == 0


def test_the_same_export_again_keeps_nothing(make_clip, tmp_path) -> None:
    exports = [word for name in EXPORTS for word in ("--export", tmp_path / name)]
    clip = make_clip()
    for _ in range(2):
        assert xsheet(clip, *exports) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"clip.mp4", *EXPORTS}
