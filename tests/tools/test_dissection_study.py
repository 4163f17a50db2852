"""The study of dissection: verdict words follow from intervals, and the whole of it runs, goes on, and writes its page."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


def load(name: str):
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # dataclasses look their module up
        spec.loader.exec_module(module)
    finally:
        sys.path.pop(0)
    return module


@pytest.fixture(scope="module")
def findings():
    return load("dissection_findings")


def test_the_word_follows_from_the_intervals(findings):
    def said(*bounds):
        return findings.Finding("It is so:", tuple(findings.Difference("x", (low + high) / 2, low, high) for low, high in bounds)).word

    assert said((0.1, 0.2), (0.01, 0.5)) == "supported"
    assert said((-0.2, -0.1)) == "not supported"
    assert said((0.1, 0.2), (-0.1, 0.5)) == "not decided"
    assert said((0.1, 0.2), (-0.2, -0.1)) == "not decided"  # one number speaks for it and one against it
    assert said() == "not decided"
    assert said((np.nan, np.nan)) == "not decided"


def test_a_sentence_holds_the_numbers(findings):
    draws = np.linspace(0.1, 0.3, 1001)
    finding = findings.Finding("More than nothing:", (findings.Difference.of("gain", 0.2, draws),))
    assert finding.sentence() == "More than nothing: **supported**: gain +0.200 (+0.105 … +0.295)."


def test_units_matter_more_where_every_layer_says_so(findings):
    from salquest.runs import Columns

    def table(*numbers):
        rows = [
            {"category": name, "over_first": value, "over_first_low": low, "over_first_high": high, "layer": layer}
            for name, layer, (value, low, high) in zip(["face"] * 3 + ["text"], "abca", [(None, None, None), *numbers], strict=True)
        ]
        return Columns.of_rows(rows)

    removed = table((0.2, 0.1, 0.3), (0.1, 0.05, 0.2), (0.1, -0.1, 0.3))
    assert findings.matter_more(removed, "face").word == "supported"
    assert findings.matter_more(removed, "text").word == "not decided"
    assert findings.matter_more(table((0.2, 0.1, 0.3), (-0.1, -0.2, -0.05), (0.1, 0.05, 0.2)), "face").word == "not decided"
    assert "b +0.200 (+0.100 … +0.300); c +0.100" in findings.matter_more(removed, "face").sentence()


@pytest.mark.parametrize(("spread", "word"), [(0.0, "supported"), (0.3, "not decided")])
def test_task_over_domain_has_to_hold_over_runs(findings, spread, word):
    """Task moves by .3 and domain by .1; the second run of saliency sees the task `spread` further off, and the first as much nearer."""
    runs = {"saliency": ["s0", "s1"], "task": ["t0", "t1"], "domain": ["d0", "d1"]}

    def drift(change):
        return SimpleNamespace(
            pictures_cka=1 - change, pictures_cka_draws=np.full(9, 1 - change), rsa=1 - change, rsa_draws=np.full(9, 1 - change)
        )

    drifts = {("s0", "s1"): {"x": drift(0.05)}}
    for place, run in enumerate(runs["saliency"]):
        drifts |= {(run, other): {"x": drift(0.3 + (2 * place - 1) * spread)} for other in runs["task"]}
        drifts |= {(run, other): {"x": drift(0.1)} for other in runs["domain"]}
    found = SimpleNamespace(drift=drifts)
    kinds = {kind: [(own, other) for own in runs["saliency"] for other in runs[kind]] for kind in ("task", "domain")}
    finding = findings.task_over_domain(found, {**kinds, "seed": [("s0", "s1")]}, runs, ["x"])
    assert [round(one.value, 6) for one in finding.differences] == [0.2, 0.2, 0.25, 0.25]
    assert finding.word == word
    ahead = 8 if spread == 0 else 4
    assert findings.single_runs(found, runs, ["x"]).startswith(f"Of the 8 ways to take one run of each, {ahead} put the task ahead")


def test_both_halves_of_the_claim_about_displays_count(findings):
    assert findings.word_of(["holds", "holds"]) == "supported"
    assert findings.word_of(["holds", "cannot be told"]) == "not decided"
    assert findings.word_of(["holds", "does not hold"]) == "not supported"
    assert findings.word_of([]) == "not decided"


def test_a_benchmark_of_displays_is_read_from_its_rows(findings, tmp_path):
    rows = ["model,family,dimension,percentile"]
    for family in "abcdefgh":
        rows += [f"itti,{family},colour,0.9", f"a run,{family},colour,0.6", f"itti x centre bias,{family},colour,0.1"]
    (tmp_path / "scores.csv").write_text("\n".join([*rows, "itti,z,control,0.0", ""]))
    photographs = tmp_path / "natural" / "mini-0123"
    photographs.mkdir(parents=True)
    for name, value in (("itti-00000001", 0.6), ("a-run-00000002", 0.7)):
        (photographs / f"{name}.csv").write_text("\n".join(["image,auc_shuffled", *(f"{n}.jpg,{value + n / 1000}" for n in range(9)), ""]))
    displays, natural = findings.deep_and_classical(tmp_path)
    assert (displays.outcome, round(displays.difference.mean, 6)) == ("holds", 0.3)
    assert (natural.outcome, round(natural.difference.mean, 6)) == ("holds", 0.1)
    assert "sAUC on mini" in natural.statement


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_study_runs_goes_on_and_writes_its_page(shared, tmp_path):
    import matplotlib as mpl

    from salquest.datasets import load_dataset

    mpl.use("Agg")
    tool = load("dissection_study")
    sets = [load_dataset(name, shared / "data" / name) for name in ("osie", "eyecrowd")]
    study = tool.Study(*sets, tmp_path / "work", size=(64, 96), epochs=1, pictures=48, layers=("features.3", "features.10", "features.17"))
    page = tmp_path / "docs" / "dissection.md"
    tool.main(study, page, None, "a laptop", lambda what, done, total: None)
    page.write_text(page.read_text().replace("\n## In short", "\nWhat a person says of it.\n\n## In short"))
    text = page.read_text()
    short = text.split("## In short")[1].split("\n## ")[0]
    words = [line.split("|")[2].strip() for line in short.splitlines() if line.startswith("|")][2:]
    assert len(words) == 4
    assert set(words) <= {"supported", "not supported", "not decided"}
    assert "What a person says of it." in text
    assert "classification" in text
    assert (tmp_path / "docs" / "images" / "dissection-change.png").stat().st_size < 200_000
    runs = {path: path.stat().st_mtime_ns for path in (tmp_path / "work").rglob("run.json")}
    assert len(runs) == 17
    tool.main(study, page, None, "a laptop", lambda what, done, total: None)
    assert page.read_text() == text
    assert {path: path.stat().st_mtime_ns for path in runs} == runs
