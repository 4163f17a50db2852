"""Judd's features, each by hand or by another program, the support vector machine, and training."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import ndimage, optimize

from salquest.datasets import DataSet, load_dataset
from salquest.errors import BrokenFile, DataNotFound, InputError
from salquest.evaluation import evaluate
from salquest.models.classical import Judd, JuddWeights, SaliencyToolbox, judd_features, train_judd
from salquest.models.classical.judd import shipped_weights, squared_hinge_machine
from salquest.models.classical.judd_features import FEATURES, centre_distance, colour_rarity


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """(1, 3, 96, 128), 0..1."""
    rough = np.random.default_rng(0).random((1, 3, 12, 16)).repeat(8, axis=2).repeat(8, axis=3)
    return 0.8 * rough + 0.2 * np.random.default_rng(1).random((1, 3, 96, 128))


@pytest.fixture(scope="module")
def features(picture) -> dict[str, np.ndarray]:
    return dict(zip(FEATURES, judd_features(picture)[0], strict=True))


def test_there_are_29_features_of_200_x_200(features):
    assert len(FEATURES) == len(set(FEATURES)) == 29
    assert {one.shape for one in features.values()} == {(200, 200)}
    assert all(np.isfinite(one).all() for one in features.values())


def test_bands_have_a_mean_of_1(features):
    # at 200 x 200 nothing is resized after the division
    for name in ("high-pass", "band-1px-0deg", "band-1px-135deg"):
        assert features[name].mean() == pytest.approx(1, abs=1e-9)


def test_the_conspicuity_maps_are_the_toolbox_s(picture, features):
    expected = SaliencyToolbox().conspicuity_maps(picture)[0]
    for name, one in zip(("itti-colour", "itti-intensity", "itti-orientation"), expected, strict=True):
        assert np.corrcoef(features[name][16::33, 12::25].ravel(), one.ravel())[0, 1] > 0.7


def test_torralba_s_weights_count_six_bands_to_a_scale(features):
    assert features["torralba"].max() == 1
    assert features["torralba"].min() > 0


@pytest.mark.parametrize("side", [2, 4, 8, 16])
def test_the_median_is_the_upper_middle_of_the_window(side):
    colours = np.random.default_rng(side).random((3, 40, 50))
    # scipy's even windows begin one pixel earlier than MATLAB's
    filtered = [
        ndimage.rank_filter(np.floor(one * 10).astype(int), side * side // 2, size=side, mode="reflect", origin=-1) for one in colours
    ]
    codes = 100 * filtered[0] + 10 * filtered[1] + filtered[2]
    counts = np.bincount(codes.ravel(), minlength=1000) + 1
    np.testing.assert_allclose(colour_rarity(colours[None], side)[0], -np.log(counts / counts.sum())[codes])


def test_a_colour_s_rarity_by_hand():
    picture = np.zeros((1, 3, 1, 4))
    picture[0, 0, 0, 3] = 1.0
    np.testing.assert_allclose(colour_rarity(picture, 0)[0, 0], -np.log([4 / 1004] * 3 + [2 / 1004]))


def test_distance_by_hand():
    found = centre_distance((200, 200))
    # pixel (100, 100) counted from 1 is the centre; the farthest one is 100 sqrt(2) = 141.4 away
    assert (found[99, 99], found[199, 199], found[99, 199]) == (0, 1, pytest.approx(100 / 141))


def test_the_machine_of_two_samples_by_hand():
    # min w^2 / 2 + 2 (1 - w)^2
    w, b = squared_hinge_machine(np.array([[1.0], [-1.0]]), np.array([1.0, -1.0]))
    assert (w[0], b) == (pytest.approx(0.8), pytest.approx(0))


@pytest.mark.parametrize("cost", [0.01, 1.0, 100.0])
def test_the_machine_is_at_the_minimum(cost):
    draw = np.random.default_rng(0)
    x = draw.normal(size=(300, 5))
    y = np.sign(x @ [2, -1, 0.5, 0, 0] + 0.4 + draw.normal(size=300))

    def value(w: np.ndarray) -> float:
        return 0.5 * (w[:-1] ** 2).sum() + cost * (np.maximum(0, 1 - y * (x @ w[:-1] + w[-1])) ** 2).sum()

    w, b = squared_hinge_machine(x, y, cost=cost)
    found = optimize.minimize(value, np.zeros(6), method="BFGS", options={"gtol": 1e-6 * cost * 300})
    assert value(np.append(w, b)) <= found.fun * (1 + 1e-9)
    np.testing.assert_allclose(np.append(w, b), found.x, atol=1e-4)


def test_samples_that_can_be_parted_are_parted():
    x = np.array([[0.0, 1.0], [1.0, 3.0], [4.0, 0.0], [6.0, 1.0]])
    y = np.array([1.0, 1.0, -1.0, -1.0])
    w, b = squared_hinge_machine(x, y, cost=1e6)
    np.testing.assert_allclose((y * (x @ w + b)).min(), 1, rtol=1e-4)


@pytest.fixture(scope="module")
def tiny(tiny_set) -> DataSet:
    return load_dataset("tiny", tiny_set)


@pytest.fixture(scope="module")
def trained(tiny) -> JuddWeights:
    return train_judd(tiny.subset(tiny.parts["train"]), longest=None)


def test_what_is_trained_foretells_other_pictures(tiny, trained):
    others = tiny.subset([*tiny.parts["val"], *tiny.parts["test"]])
    found = evaluate(Judd(weights=trained, longest=None), others, metrics=("nss",))
    assert np.mean(found.columns.numbers("nss")) > 1


def test_training_records_what_it_learned_from(tiny, trained):
    assert (trained.num_pictures, trained.num_samples, trained.data) == (8, 160, "tiny")
    assert tuple(trained.trained_on) == tiny.parts["train"]
    assert Judd(weights=trained).trained_on == trained.trained_on


def test_the_same_seed_learns_the_same(tiny):
    part = tiny.subset(tiny.keys[:2])
    first, again, other = (train_judd(part, longest=None, seed=seed) for seed in (0, 0, 1))
    assert first == again
    assert first.weights != other.weights


def test_weights_are_read_as_they_were_written(trained, tmp_path):
    trained.save(tmp_path / "judd.json")
    assert JuddWeights.load(tmp_path / "judd.json") == trained


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weights": [1.0]}, "29 numbers each"),
        ({"spread": [0.0] * 29}, "spread is positive"),
        ({"features": ["red"]}, "features are high-pass"),
        ({"bias": "much"}, "Expected `float`"),
        ({"pickle": 1}, "unknown field"),
    ],
)
def test_weights_of_something_else_are_refused(change, words, trained, tmp_path):
    path = tmp_path / "judd.json"
    trained.save(path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(BrokenFile, match=words):
        JuddWeights.load(path)


def test_missing_weights_say_how_to_make_them(tmp_path):
    with pytest.raises(DataNotFound, match=r"train_judd\(data\)\.save\(path\) makes them"):
        JuddWeights.load(tmp_path / "none.json")


def test_no_pictures_teach_nothing():
    with pytest.raises(InputError, match="found none"):
        train_judd(DataSet("empty", ()))


@pytest.mark.parametrize("change", [{"positives": 0}, {"top": 1.5}, {"bottom": 0.0}, {"rim": 100}, {"cost": 0.0}])
def test_numbers_that_cannot_be_meant_are_refused(change, tiny):
    with pytest.raises(InputError, match="positives and negatives are at least 1"):
        train_judd(tiny, **change)


def test_the_shipped_weights_come_from_osie_s_training_part(shared):
    weights = shipped_weights()
    data = load_dataset("osie", shared / "data" / "osie")
    assert (weights.data, weights.edition) == ("osie", data.subset(data.parts["train"]).edition())
    assert tuple(weights.trained_on) == data.parts["train"]


def test_the_shipped_weights_prefer_the_middle():
    assert dict(zip(FEATURES, shipped_weights().weights, strict=True))["distance"] == min(shipped_weights().weights)
