"""Models on displays, from the folder of displays to the page."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from salquest.datasets import load_dataset
from salquest.datasets.duplicates import perceptual_hashes
from salquest.displays import benchmark, draw_display, enter, make_set, plan_set, read_displays, report_displays, score_displays
from salquest.displays.benchmark import Entrant
from salquest.displays.scores import object_scores
from salquest.errors import DataNotFound, InputError, Refused, UnknownName
from salquest.gaze import SaliencyMap
from salquest.models import MODELS, Model, ModelCard
from salquest.runs import Columns

FAMILIES = ("hue", "orientation", "tilted-among-vertical", "vertical-among-tilted", "set-size-colour", "texture-orientation", "absent")


class Contrast(Model):
    """Distance from the mean colour: what a classical model is at its plainest."""

    name = "contrast"

    def predict_pixels(self, pixels) -> SaliencyMap:
        values = pixels.astype(np.float64)
        return SaliencyMap(np.abs(values - values.mean(axis=(0, 1))).sum(axis=2).astype(np.float32))


class Blurred(Contrast):
    """The same upside down, standing in for a network."""

    name = "upside-down"

    def predict_pixels(self, pixels) -> SaliencyMap:
        return SaliencyMap(-super().predict_pixels(pixels).values)


@pytest.fixture(autouse=True)
def cards(monkeypatch):
    known = {
        **{name: MODELS[name] for name in ("centre-bias", "uniform", "light")},
        "contrast": ModelCard(Contrast, "for this test", "-", family="classical"),
        "upside-down": ModelCard(Blurred, "for this test", "-", family="deep"),
    }
    for module in ("salquest.displays.benchmark", "salquest.models.catalogue", "salquest.models"):
        monkeypatch.setattr(f"{module}.MODELS", known)
    benchmark._model.cache_clear()
    yield
    benchmark._model.cache_clear()


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Path:
    plan = plan_set("quick", size=(192, 192), per_level=2, families=FAMILIES)
    return make_set(plan, tmp_path_factory.mktemp("drawn") / "set")


def test_rows_are_one_per_display_and_model(drawn, tmp_path):
    shown = read_displays(drawn)
    result = score_displays(enter(["contrast", "uniform"]), shown, tmp_path / "b")
    rows = result.rows.rows()
    assert len(rows) == 2 * len(shown) == 2 * 26
    assert result.rows.rows() == Columns.load(tmp_path / "b" / "scores.csv").rows()
    uniform = [row for row in rows if row["model"] == "uniform" and row["percentile"] is not None]
    assert {row["percentile"] for row in uniform} == {0.5}
    assert {row["percentile"] for row in rows if row["family"] == "absent"} == {None}
    found = [row["hit1"] for row in rows if row["model"] == "contrast" and row["family"] == "hue"]
    assert np.mean(found) >= 0.5  # chance is 1 / 49


def test_without_a_difference_a_model_is_at_chance():
    labels = (draw_display("hue", 0.0, seed=1, number=number, size=(192, 192)) for number in range(3))
    hits = [object_scores(Contrast().predict_pixels(shown.image).values, shown.areas).hits[1] for shown in labels]
    assert hits == [pytest.approx(1 / 49)] * 3  # every item is the same pixels, so all tie


def test_a_benchmark_that_was_stopped_goes_on_and_takes_new_models(drawn, tmp_path):
    shown = read_displays(drawn)
    score_displays(enter(["contrast"]), shown, tmp_path / "b")
    before = (tmp_path / "b" / "scores.csv").read_text()
    (part,) = list((tmp_path / "b" / "parts").glob("*/0001.csv"))
    part.unlink()
    asked = []
    score_displays(enter(["contrast", "uniform"]), shown, tmp_path / "b", progress=lambda what, done, total: asked.append((done, total)))
    assert asked[0] == (1, 4)  # of four chunks one was there
    assert (tmp_path / "b" / "scores.csv").read_text().startswith(before)


def test_other_displays_or_files_in_the_folder_are_refused(drawn, tmp_path):
    shown = read_displays(drawn)
    score_displays(enter(["uniform"]), shown, tmp_path / "b")
    other = make_set(plan_set("quick", size=(192, 192), per_level=1, families=("hue",)), tmp_path / "other")
    with pytest.raises(Refused, match="holds scores on other displays than quick-displays"):
        score_displays(enter(["uniform"]), read_displays(other), tmp_path / "b")
    with pytest.raises(Refused, match="holds something that is no benchmark of displays"):
        score_displays(enter(["uniform"]), shown, drawn)


def test_entrants_are_told_apart_and_know_their_kind():
    found = enter(["contrast", "uniform"], with_prior=True)
    assert [(one.name, one.kind, one.with_prior) for one in found] == [
        ("contrast", "classical", False),
        ("uniform", "baseline", False),
        ("contrast x centre bias", "classical", True),
    ]
    assert [one.name for one in enter()] == ["centre-bias", "uniform", "contrast", "upside-down"]  # without those to be trained


def test_requests_that_cannot_be_met_are_told(tmp_path):
    with pytest.raises(InputError, match="light is a network without trained weights"):
        enter(["light"])
    with pytest.raises(UnknownName, match="no model or run folder is called 'contrasts'"):
        enter(["contrasts"])
    with pytest.raises(InputError, match="each model is scored once; given twice: uniform"):
        enter(["uniform", "uniform"])
    with pytest.raises(DataNotFound, match="is no run folder"):
        enter([str(tmp_path)])


def test_the_prior_draws_a_map_to_the_middle(drawn):
    display = read_displays(drawn).displays[0]
    plain, with_prior = (Entrant("c", "contrast", "classical", prior).map_of(display.stimulus).display() for prior in (False, True))
    edge = np.s_[:8, :8]
    assert with_prior[edge].mean() < 0.5 * plain[edge].mean() + 1e-9


def test_a_map_that_cannot_be_made_is_named(drawn, tmp_path, monkeypatch):
    def predict_pixels(self, pixels):
        if pixels[0, 0].tolist() == [128, 128, 128]:
            raise InputError("too grey")
        return SaliencyMap(np.ones(pixels.shape[:2], np.float32))

    monkeypatch.setattr(Contrast, "predict_pixels", predict_pixels)
    result = score_displays(enter(["contrast"]), read_displays(drawn), tmp_path / "b")
    assert {(name, reason) for name, _, reason in result.failed} == {("contrast", "too grey")}
    report_displays(result)
    assert "too grey" in (tmp_path / "b" / "report.html").read_text()


def test_photographs_are_those_of_the_test_part_that_no_model_has_learned_from(drawn, tmp_path, tiny_set, monkeypatch):
    undivided = shutil.copytree(tiny_set, tmp_path / "tiny")
    (undivided / "split.csv").unlink()

    def nss(folder: Path) -> list[float]:
        benchmark._model.cache_clear()
        models = enter(["contrast", "upside-down"])
        found = score_displays(models, read_displays(drawn), tmp_path / "b", natural={"tiny": str(folder)})
        return found.natural["tiny"]["nss"]["contrast"]

    assert len(nss(tiny_set)) == len(load_dataset("tiny", tiny_set).parts["test"])
    whole, data = nss(undivided), load_dataset("tiny", undivided)
    assert len(whole) == 12
    monkeypatch.setattr(Blurred, "trained_on", perceptual_hashes(data.subset(data.keys[:1])))
    assert nss(undivided) == pytest.approx(whole[1:])
    monkeypatch.setattr(Blurred, "trained_on", perceptual_hashes(data))
    with pytest.raises(InputError, match="models here have learned from all 12 photographs of tiny; give others"):
        nss(undivided)


def test_the_page_answers_the_claim_and_carries_its_tables(drawn, tmp_path, tiny_set):
    shown = read_displays(drawn)
    folder = shutil.copytree(tiny_set, tmp_path / "tiny")
    (folder / "split.csv").unlink()  # so that all twelve pictures count
    result = score_displays(enter(["centre-bias", "contrast", "upside-down"]), shown, tmp_path / "b", natural={"tiny": str(folder)})
    assert set(result.natural["tiny"]) == {"auc_shuffled", "nss"}
    assert len(result.natural["tiny"]["nss"]["contrast"]) == 12
    conclusion = report_displays(result, command="salquest displays score")
    # on blobs the contrast is right and its reverse is wrong, on displays as well
    assert "On displays classical models put the target further up than deep ones do" in conclusion
    assert conclusion.endswith("The claim does not hold here: the models of one kind are behind where they should be ahead.")
    page, table = ((tmp_path / "b" / name).read_text() for name in ("report.html", "table.md"))
    for heading in ("By dimension", "Every score", "Search asymmetries", "Set-size slopes", "On photographs: tiny", "hit@1"):
        assert heading in page
        assert heading in table
    assert "http" not in page.replace("http-equiv", "")  # nothing is loaded from elsewhere
    assert page.count("data:image/jpeg") >= 3 * 4
    assert len(list((tmp_path / "b" / "figures").iterdir())) >= 4


def test_a_page_without_deep_models_says_that_the_claim_is_not_tested(drawn, tmp_path):
    result = score_displays(enter(["contrast"]), read_displays(drawn), tmp_path / "b")
    assert report_displays(result) == "Not tested: the claim compares classical models with deep ones; no deep one was given."


def test_displays_without_distractor_masks_are_reported_too(tmp_path):
    root = tmp_path / "sid4vam"
    plan = plan_set("quick", size=(192, 192), per_level=1, families=("hue", "orientation"))
    made = make_set(plan, tmp_path / "made")
    (root / "images").mkdir(parents=True)
    (root / "mmaps").mkdir()
    for number, path in enumerate(sorted((made / "stimuli").iterdir())):
        name = f"d1Bvs4BcolorB0p{number}.png"
        shutil.copy(path, root / "images" / name)
        shutil.copy(made / "targets" / path.name, root / "mmaps" / name)
    result = score_displays(enter(["contrast", "uniform"]), read_displays(root), tmp_path / "b")
    assert report_displays(result).startswith("Not tested")
    assert json.loads((tmp_path / "b" / "benchmark.json").read_text())["number"] == 4
