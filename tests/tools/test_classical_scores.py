"""What the tools that compare classical models say of numbers: who stands in another order, which pictures, whether an aim was met."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tool(monkeypatch):
    """The module of a script, by its path in the repository."""

    def load(path: str):
        monkeypatch.syspath_prepend(str((ROOT / path).parent))
        name = f"script_{Path(path).stem}"
        spec = importlib.util.spec_from_file_location(name, ROOT / path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def score(tool, tiny_set, tmp_path):
    """The command on the fabricated set, without processes of its own."""
    module = tool("tools/classical_scores.py")

    def run(*words: str) -> int:
        return module.main(["--data", f"tiny={tiny_set}", "--out", str(tmp_path), "--workers", "1", *words])

    return run


def test_only_pairs_that_both_sides_tell_apart_can_be_swapped(tool):
    swapped = tool("tools/classical_page.py").swapped
    told = {"a": 3.0, "b": 2.0, "c": 2.0, "d": 1.0}
    assert swapped({"a": 1.0, "b": 5.0, "c": 4.0, "d": 1.0}, told, "nss") == [("a", "b"), ("a", "c")]


def test_where_less_is_better_the_smaller_number_is_in_front(tool):
    swapped = tool("tools/classical_page.py").swapped
    assert swapped({"a": 0.9, "b": 0.8}, {"a": 0.5, "b": 0.6}, "kl") == [("a", "b")]
    assert swapped({"a": 0.8, "b": 0.9}, {"a": 0.5, "b": 0.6}, "kl") == []


def test_a_grey_picture_stored_in_three_channels_has_no_colour(tool):
    is_coloured = tool("tools/classical_scores.py").is_coloured
    grey = np.full((2, 3, 3), 7, dtype=np.uint8)
    assert not is_coloured(grey)
    grey[1, 2, 2] = 8
    assert is_coloured(grey)


def test_a_reduced_set_moves_fixations_and_degrees_with_the_pictures(tool, tiny_set):
    from salquest.datasets import load_dataset

    data = load_dataset("tiny", tiny_set)
    small = tool("tools/classical_scores.py").reduced(data, (24, 32))
    sample = small.samples[0]
    assert sample.stimulus.pixels().shape == (24, 32, 3)
    assert small.sigma_px == data.sigma_px / 2
    np.testing.assert_allclose(sample.fixations.x, (data.samples[0].fixations.x + 0.5) / 2 - 0.5, atol=1e-6)


def test_every_entry_of_the_sheet_loads_with_its_changes(tool):
    rows = tool("tools/classical_rows.py")
    for row in [*rows.sheet_rows("mit1003"), *rows.sheet_rows("osie")]:
        model = row.entry.load()
        assert {name: getattr(model, name) for name, _ in row.entry.changes} == dict(row.entry.changes)


def test_finished_tables_are_kept_and_their_numbers_printed(score, capsys, tmp_path):
    words = ("--models", "centre-gaussian,image-signature", "--metrics", "nss,cc", "--tables", "scores")
    assert score(*words) == 0
    page = (tmp_path / "classical.md").read_text()
    table = next(tmp_path.glob("tiny-*/image-signature.csv"))
    written = table.stat().st_mtime_ns
    assert score(*words) == 0
    assert "3 of 3 tables are there" in capsys.readouterr().err
    assert table.stat().st_mtime_ns == written
    assert (tmp_path / "classical.md").read_text() == page
    nss = [float(line.split(",")[1]) for line in table.read_text().splitlines()[1:]]
    assert f"{np.mean(nss):.3f}" in page


def test_other_metrics_are_scored_anew(score, capsys):
    words = ("--models", "centre-gaussian", "--tables", "scores", "--limit", "2", "--metrics")
    assert score(*words, "nss") == 0
    assert score(*words, "nss,cc") == 0
    assert capsys.readouterr().err.count("0 of 2 tables are there") == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--models", "gbvss"), "did you mean 'gbvs'"),
        (("--models", "bruckert"), "no classical model or baseline"),
        (("--whole", "osie"), "no data set given with --data"),
        (("--limit", "1"), "two pictures or more"),
        (("--metrics", "nsss"), "no metric is called"),
    ],
)
def test_a_wrong_request_is_one_sentence(score, capsys, words, sentence):
    assert score(*words) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert "Traceback" not in error


def test_a_busy_machine_does_not_decide_whether_an_aim_is_met(tool):
    bench = tool("benchmarks/classical.py")
    assert bench.verdict(bench.Timed(cpu=90, wall=50, calls=3), 60) == "met"
    assert bench.verdict(bench.Timed(cpu=50, wall=90, calls=3), 60) == "met in CPU time"
    assert bench.verdict(bench.Timed(cpu=90, wall=90, calls=3), 60) == "missed"


def test_the_first_call_is_not_counted_unless_it_takes_all_the_time(tool):
    timed = tool("benchmarks/classical.py").timed
    asked = []
    assert timed(asked.append, ["a", "b", "c"], 2, repeats=2, seconds=60.0).calls == 2
    assert asked == [["a", "b"], ["c", "a"], ["b", "c"]]
    assert timed(asked.append, ["a"], 1, repeats=5, seconds=0.0).calls == 1


def test_an_aim_is_our_own_or_the_originals_time(tool):
    bench = tool("benchmarks/classical.py")
    assert (bench.aim_of("gbvs"), bench.aim_of("saliency-toolbox"), bench.aim_of("judd")) == (60.0, 377, None)


def test_a_model_that_resizes_is_timed_as_its_original_too(tool):
    from salquest.models import load_model

    bench = tool("benchmarks/classical.py")
    models = {name: load_model(name) for name in ("gbvs", "image-signature", "judd")}
    assert bench.as_the_original(models, (480, 640)) == {}
    (found,) = bench.as_the_original(models, (768, 1024)).items()
    assert (found[0], found[1].longest) == ("gbvs, as it is", None)
