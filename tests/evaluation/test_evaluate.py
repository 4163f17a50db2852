"""A model on a data set: one row per picture, floors at chance, and nothing skipped in silence."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pytest
from PIL import Image

from salquest.datasets import load_dataset
from salquest.errors import InputError, UnknownName
from salquest.evaluation import DEFAULT_METRICS, compare_maps, evaluate
from salquest.gaze import Fixations, SaliencyMap
from salquest.metrics import METRICS, CountMap, Target
from salquest.models import CentreBias, Model, Uniform
from salquest.models.baselines import OthersCentreBias


@pytest.fixture(scope="module")
def data(tiny_set):
    return load_dataset("tiny", tiny_set)


class Oracle(Model):
    """Knows where people looked."""

    name = "oracle"
    is_density = True

    def __init__(self, data, sigma_px):
        self._data, self._sigma_px = data, sigma_px

    def predict_stimulus(self, stimulus):
        return SaliencyMap(self._data[stimulus.key].density(self._sigma_px).astype(np.float32), "density")

    def predict_pixels(self, pixels):
        raise NotImplementedError


@pytest.fixture
def maps(data, tmp_path):
    """A folder with the observed density of every picture."""
    for sample in data:
        np.save(tmp_path / f"{sample.stimulus.stem}.npy", sample.density(data.sigma_px))
    return tmp_path


def test_there_is_one_row_per_picture_and_one_column_per_metric(data):
    found = evaluate(CentreBias.of(data), data)
    assert list(found.columns) == ["image", *DEFAULT_METRICS, "num_fixations"]
    assert found.columns["image"] == list(data.keys)


def test_a_row_holds_the_score_of_its_picture(data):
    model, sample = CentreBias.of(data), data.samples[5]
    found = evaluate(model, data, metrics=["nss", "cc"])
    target = Target(fixations=sample.fixations, density=sample.density(data.sigma_px))
    values = model.predict_stimulus(sample.stimulus).values.astype(np.float64)
    assert found.columns["nss"][5] == METRICS["nss"].compute(values, target)
    assert found.columns["cc"][5] == METRICS["cc"].compute(values, target)


def test_the_mean_and_its_interval_are_over_the_pictures(data):
    found = evaluate(CentreBias.of(data), data, metrics=["nss"])
    assert found.mean("nss") == pytest.approx(np.mean(found.columns["nss"]), rel=1e-12)
    assert found.summary() == {"nss": found.interval("nss")}
    assert found.interval("nss").low < found.mean("nss") < found.interval("nss").high


def test_who_knows_where_people_looked_scores_the_best_there_is(data):
    found = evaluate(Oracle(data, data.sigma_px), data, metrics=["cc", "sim", "kl"])
    # float32 maps against float64 densities
    assert (found.mean("cc"), found.mean("sim"), found.mean("kl")) == (
        pytest.approx(1, abs=1e-6),
        pytest.approx(1, abs=1e-6),
        pytest.approx(0, abs=1e-6),
    )


def test_uniform_scores_chance_and_is_counted_as_constant(data):
    found = evaluate(Uniform(), data, metrics=["nss", "cc", "auc", "ll"])
    assert {name: found.mean(name) for name in found.metrics} == {"nss": 0, "cc": 0, "auc": 0.5, "ll": pytest.approx(0, abs=1e-6)}
    assert found.constant == data.keys


def test_chance_is_told_in_the_scores_and_not_by_warnings(data):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(evaluate(Uniform(), data).constant) == 12


def test_a_baseline_gains_nothing_over_itself(data):
    floor = CentreBias.of(data)
    assert evaluate(floor, data, metrics=["ig"], baseline=floor).mean("ig") == 0


def test_information_is_gained_over_the_centre_bias_of_the_other_pictures(data):
    found = evaluate(Uniform(), data, metrics=["ig"])
    expected = evaluate(Uniform(), data, metrics=["ig"], baseline=OthersCentreBias(data))
    assert found.columns["ig"] == expected.columns["ig"]


def test_a_folder_of_maps_is_scored_like_a_model(data, maps):
    found = evaluate(maps, data, metrics=["cc"])
    assert (found.model, found.mean("cc"), found.missing) == (maps.name, pytest.approx(1, abs=1e-6), {})


def test_missing_maps_are_named_with_their_reason(data, maps):
    (maps / "blobs03.npy").unlink()
    (maps / "blobs07.npy").write_bytes(b"nothing")
    found = evaluate(maps, data, metrics=["cc"])
    assert (found.columns.height, list(found.missing)) == (10, ["blobs03.png", "blobs07.png"])
    assert "has no map for blobs03.png" in found.missing["blobs03.png"]
    assert "blobs07.npy is not an array that can be read" in found.missing["blobs07.png"]


def test_a_folder_of_other_maps_is_refused_with_the_first_reason(data, tmp_path):
    np.save(tmp_path / "other.npy", np.ones((4, 4)))
    with pytest.raises(InputError, match=r"none of the 12 pictures of tiny could be scored; the first: .* has no map for blobs00.png"):
        evaluate(tmp_path, data)


@pytest.fixture
def small_maps(data, tmp_path):
    """A folder with the observed density of every picture at half its size."""
    for sample in data:
        np.save(tmp_path / f"{sample.stimulus.stem}.npy", sample.density(data.sigma_px, size=(24, 32)))
    return tmp_path


def test_maps_of_another_size_are_resized_where_the_convention_says_how(data, small_maps):
    assert evaluate(small_maps, data, metrics=["cc"], convention="mit").mean("cc") > 0.95


def test_maps_of_another_size_are_refused_where_the_convention_does_not(data, small_maps):
    with pytest.raises(InputError, match=r"none of the 12 pictures .* is \(24, 32\); resize one of them first"):
        evaluate(small_maps, data, metrics=["cc"])


@pytest.fixture
def only_maps(tiny_set, tmp_path):
    """The tiny set with maps in the place of fixations."""
    folder = tmp_path / "only_maps"
    (folder / "maps").mkdir(parents=True)
    (folder / "stimuli").symlink_to(tiny_set / "stimuli")
    (folder / "meta.json").write_text('{"name": "only_maps", "images": 12}')
    for sample in load_dataset("tiny", tiny_set):
        density = sample.density(4.0)
        Image.fromarray(np.rint(255 * density / density.max()).astype(np.uint8)).save(folder / "maps" / f"{sample.stimulus.stem}.png")
    return load_dataset("only_maps", folder)


def test_a_set_of_maps_scores_what_maps_can_say(only_maps, data):
    found = evaluate(Oracle(data, 4.0), only_maps, metrics=["cc", "sim", "kl"])
    # 8-bit maps
    assert (found.mean("cc"), found.mean("sim")) == (pytest.approx(1, abs=1e-3), pytest.approx(1, abs=0.02))


@pytest.mark.parametrize("metric", ["nss", "auc_judd", "ig", "auc_shuffled"])
def test_a_set_of_maps_refuses_what_needs_fixations(metric, only_maps):
    with pytest.raises(InputError, match=rf"only_maps has maps but no fixations; {metric} cannot be had from it: ask for cc, sim or kl"):
        evaluate(Uniform(), only_maps, metrics=["cc", metric])


def test_an_unknown_metric_is_refused_with_the_nearest(data):
    with pytest.raises(UnknownName, match=r"no metric is called 'ns' \(did you mean 'nss'\?\)"):
        evaluate(Uniform(), data, metrics=["ns"])


def test_a_set_without_pictures_is_refused(data):
    with pytest.raises(InputError, match="tiny has no picture to score on"):
        evaluate(Uniform(), dataclasses.replace(data, samples=()))


def test_without_pixels_per_degree_sigma_is_asked_for(data):
    with pytest.raises(InputError, match="tiny does not state its pixels per degree"):
        evaluate(Uniform(), dataclasses.replace(data, pixels_per_degree=None))


def test_sigma_can_be_given_in_pixels(data):
    found = evaluate(Oracle(data, 2.0), dataclasses.replace(data, pixels_per_degree=None), metrics=["cc"], sigma_px=2.0)
    assert (found.sigma_px, found.mean("cc")) == (2.0, pytest.approx(1, abs=1e-6))


def test_the_shuffled_auc_is_shuffled_with_the_other_pictures_only(data):
    model = CentreBias.of(data)
    first, *rest = data.samples[:3]
    others = Fixations(np.concatenate([s.fixations.x for s in rest]), np.concatenate([s.fixations.y for s in rest]), first.stimulus.size)
    found = evaluate(model, data.subset(data.keys[:3]), metrics=["auc_shuffled"])
    values = model.predict_stimulus(first.stimulus).values.astype(np.float64)
    expected = METRICS["auc_shuffled"].compute(values, Target(fixations=first.fixations, others=others))
    assert found.columns["auc_shuffled"][0] == pytest.approx(expected, rel=1e-12)


def test_the_shuffled_auc_asks_where_people_look_in_the_other_pictures(data):
    # people look near blobs, wherever these are: knowing them is worth more than the centre bias
    oracle, floor = (
        evaluate(model, data, metrics=["auc_shuffled"]).mean("auc_shuffled") for model in (Oracle(data, 4.0), CentreBias.of(data))
    )
    assert oracle > 0.8 > 0.65 > floor


def test_progress_is_told_picture_by_picture(data):
    told: list[tuple[int, int]] = []
    evaluate(Uniform(), data, metrics=["cc"], progress=lambda done, total: told.append((done, total)))
    assert told == [(done, 12) for done in range(1, 13)]


def test_the_quick_look_during_training_is_cc_and_nss(data):
    samples = data.samples[:3]
    maps = np.stack([CentreBias.of(data).at((48, 64)).values] * 3)
    densities = np.stack([sample.density(4.0) for sample in samples])
    counts = np.stack([sample.fixations.count_map() for sample in samples])
    found = compare_maps(maps, densities, counts)
    expected = METRICS["nss"].compute(maps, Target(fixations=CountMap(counts)))
    np.testing.assert_allclose(found["nss"], expected, rtol=1e-9)
    np.testing.assert_allclose(found["cc"], METRICS["cc"].compute(maps, Target(density=densities)), rtol=1e-9)


def test_the_quick_look_at_constant_maps_is_chance(data):
    density = data.samples[0].density(4.0)[None]
    assert compare_maps(np.ones((1, 48, 64)), density, density > 0) == {"cc": 0, "nss": 0}
