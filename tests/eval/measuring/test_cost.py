"""Cost: methods take turns, counts are those of known operations, failures stay in their cell."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from eval import benchmark
from eval.measuring import cost
from eval.measuring.cost import TRAINING, Pricing, Size, cost_table, measure_costs, training_cost
from eval.methods.method import Draw, Method, MethodSettings, Sample
from eval.methods.registry import choose_methods
from eval.sets.triplet_list import TripletEntry
from nakawari.errors import UserError
from tests.builders.pictures import moving_square

CPU = torch.device("cpu")
SIZES = (Size(64, 48), Size(96, 72))


@pytest.fixture
def pricing(tmp_path: Path) -> Pricing:
    for left, name in ((8, "0"), (16, "t"), (24, "1")):
        Image.fromarray(moving_square(left)).save(tmp_path / f"{name}.png")
    frames = {"frame_0": "0", "target": "t", "frame_1": "1"}
    paths = {key: tmp_path / f"{name}.png" for key, name in frames.items()}
    triplet = TripletEntry(id="a", **paths, frame_time=0.25, tags=())
    settings = MethodSettings(model=tmp_path, steps=None, seed=0, device=CPU)
    return Pricing(sizes=SIZES, triplet=triplet, settings=settings)


@pytest.fixture
def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "_peak_apart", lambda *_: 123.0)


def _measure(draws: dict[str, Draw], pricing: Pricing, **options: Any) -> dict[str, Any]:
    methods = {
        name: Method("of the test", lambda settings, draw=draw: draw, **options)
        for name, draw in draws.items()
    }
    return measure_costs(methods, draws, pricing)


@pytest.mark.usefixtures("no_processes")
def test_methods_take_turns_on_one_resized_sample_after_a_first_frame_each(
    pricing: Pricing,
) -> None:
    calls: list[tuple[str, tuple[int, ...], float]] = []

    def noting(name: str) -> Draw:
        def draw(sample: Sample) -> Tensor:
            calls.append((name, tuple(sample.frame_0.shape[2:]), sample.frame_time.item()))
            return sample.frame_0

        return draw

    costs = _measure({"dis": noting("dis"), "other": noting("other")}, pricing)
    rounds = 1 + cost.ROUNDS
    assert calls == [
        (name, shape, 0.25) for shape in ((48, 64), (72, 96)) for name in ["dis", "other"] * rounds
    ]
    assert costs["methods"]["other"]["sizes"].keys() == {"64x48", "96x72"}


@pytest.mark.usefixtures("no_processes")
def test_times_are_medians_and_ratios_to_dis(
    pricing: Pricing, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    # The machine halves its speed for the last three of the five rounds, for both methods.
    taken = {"dis": [1, 1, 1, 2, 2, 2], "other": [3, 3, 3, 6, 6, 6]}

    def taking(name: str) -> Draw:
        durations = iter(2 * taken[name])

        def draw(sample: Sample) -> Tensor:
            clock[0] += next(durations)
            return sample.frame_0

        return draw

    monkeypatch.setattr(cost.time, "perf_counter", lambda: clock[0])
    rows = _measure({"other": taking("other"), "dis": taking("dis")}, pricing)["methods"]
    assert rows["other"]["sizes"]["64x48"]["ms"] == pytest.approx(6000)
    assert rows["other"]["sizes"]["64x48"]["ratio"] == pytest.approx(3)
    assert rows["dis"]["sizes"]["96x72"]["ratio"] == 1


@pytest.mark.usefixtures("no_processes")
def test_slow_methods_get_two_rounds(pricing: Pricing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "LONGEST", 0.0)
    count = [0]

    def draw(sample: Sample) -> Tensor:
        count[0] += 1
        return sample.frame_0

    _measure({"dis": draw}, pricing)
    assert count[0] == len(SIZES) * (1 + 2)


@pytest.mark.usefixtures("no_processes")
def test_operations_and_parameters_are_those_of_a_known_model(
    pricing: Pricing, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = torch.nn.Conv2d(3, 8, 3, padding=1, bias=False)
    pipeline = SimpleNamespace(components={"net": layer, "scheduler": object()})
    monkeypatch.setattr(cost, "load_pipeline", lambda model, device: pipeline)
    rows = _measure({"dis": lambda sample: layer(sample.frame_0)}, pricing, uses_model=True)
    row = rows["methods"]["dis"]
    assert row["parameters"] == 3 * 8 * 9
    assert row["sizes"]["64x48"]["operations"] == 2 * 64 * 48 * 3 * 8 * 9


@pytest.mark.usefixtures("no_processes")
def test_a_method_that_fails_is_a_marked_cell(pricing: Pricing) -> None:
    def draw(sample: Sample) -> Tensor:
        if sample.frame_0.shape[-1] > 64:
            raise MemoryError("too large")
        return sample.frame_0

    costs = _measure({"dis": lambda sample: sample.frame_0, "greedy": draw}, pricing)
    sizes = costs["methods"]["greedy"]["sizes"]
    assert "ms" in sizes["64x48"]
    assert sizes["96x72"] == {"error": "MemoryError: too large"}
    _, rows = cost_table(costs)
    assert ["greedy", "96x72", "failed: MemoryError: too large"] in [row[:3] for row in rows]


@pytest.mark.usefixtures("no_processes")
def test_dis_is_measured_unasked_and_pictures_drawn_elsewhere_are_not(
    pricing: Pricing, tmp_path: Path
) -> None:
    methods = choose_methods(["blend"], {"peer": tmp_path})
    draws = {name: method.build(pricing.settings) for name, method in methods.items()}
    assert measure_costs(methods, draws, pricing)["methods"].keys() == {"blend", "dis"}


def test_nothing_is_measured_unless_sizes_are_given(pricing: Pricing) -> None:
    assert measure_costs({}, {}, Pricing(**{**vars(pricing), "sizes": ()})) == {}


def test_peak_memory_is_that_of_a_process_of_its_own(pricing: Pricing) -> None:
    held = np.ones(2**30 // 8)  # a GiB here, none there
    nearest = choose_methods(["nearest"])["nearest"]
    small, large = (
        cost._peak_apart("nearest", nearest, pricing, size) for size in (SIZES[0], Size(4096, 4096))
    )
    frame = 3 * 4 * 4096**2 / 2**20  # MiB
    assert small < 1000
    assert large > small + 3 * frame
    assert held.all()


def test_peak_memory_of_a_command_is_that_of_its_program(pricing: Pricing) -> None:
    held = np.ones(2**28 // 8)
    peaks = []
    for mebibytes in (0, 200):
        code = f"import sys; held = bytearray({mebibytes} << 20); open(sys.argv[3], 'w')"
        program = f'{sys.executable} -c "{code}" {{frame_0}} {{frame_1}} {{output}}'
        command = choose_methods([], commands={"mine": program})["mine"]
        peaks.append(cost._peak_apart("mine", command, pricing, SIZES[0]))
    assert peaks[0] < 60
    assert peaks[1] - peaks[0] == pytest.approx(200, abs=10)
    assert held.all()


def test_a_file_beside_the_weights_tells_what_it_took_to_train_them(tmp_path: Path) -> None:
    file = tmp_path / "training.json"
    assert training_cost(file) is None
    file.write_text('{"minutes": 90, "on": "two cores", "samples": 5}')
    assert training_cost(file) == {"minutes": 90.0, "on": "two cores"}


@pytest.mark.parametrize("content", ["", "[]", '{"minutes": 90}', "[" * 100_000])
def test_a_damaged_file_beside_the_weights_fails(tmp_path: Path, content: str) -> None:
    (tmp_path / "training.json").write_text(content)
    with pytest.raises(UserError, match=r"training.json is damaged; restore it, or remove it"):
        training_cost(tmp_path / "training.json")


def test_what_it_took_to_train_the_shipped_weights_is_known() -> None:
    about = training_cost(benchmark.SHIPPED_MODEL / TRAINING)
    assert about is not None
    assert about["minutes"] > 0


@pytest.mark.parametrize("sizes", ["512", "512x0", "512x288;1280x720", "x"])
def test_sizes_that_are_none_fails(sizes: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        benchmark.main(["--speed", sizes])
    assert "must be like 512x288,1280x720" in capsys.readouterr().err


@pytest.mark.usefixtures("no_processes")
def test_the_report_has_the_costs(triplets: Path, tmp_path: Path) -> None:
    command = ["--triplets", str(triplets), "--methods", "blend", "--speed", "64x48"]
    assert benchmark.main([*command, "--output", str(tmp_path / "out"), "--device", "cpu"]) == 0
    report = (tmp_path / "out" / "report.html").read_text()
    assert "<h2>Cost</h2>" in report
    assert "<td>123 MiB</td>" in report
