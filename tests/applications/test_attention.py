"""Shares of attention: sums counted by hand, intervals that hold what they promise, and the sentences beside them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from scipy.stats import beta

from salquest.applications import NamedRegion, SharePrecision, attention_shares, share_precision, study_attention
from salquest.applications.attention import CANNOT_KNOW, share_differences
from salquest.datasets import load_dataset
from salquest.errors import InputError
from salquest.gaze import SaliencyMap
from salquest.models import Model, Uniform

PRECISION = SharePrecision(15.0, 40, "osie-mini")
LEFT = NamedRegion("left", ((0, 0), (1, 0), (1, 2), (0, 2)))
TOP = NamedRegion("top", ((0, 0), (3, 0), (3, 1), (0, 1)))


class Knowing(Model):
    """What people did look at, blurred: the best that a model could say."""

    name, is_density = "knowing", True

    def __init__(self, data):
        self.densities = {sample.stimulus.key: sample.density(4.0).astype(np.float32) for sample in data}

    def predict_stimulus(self, stimulus):
        return SaliencyMap(self.densities[stimulus.key], "density")

    def predict_pixels(self, pixels):
        raise NotImplementedError


def test_a_share_is_the_sum_of_the_density_in_the_region():
    saliency = SaliencyMap(np.array([[0.1, 0.2, 0.0], [0.3, 0.4, 0.0]]), "density")
    left, top, rest = attention_shares(saliency, [LEFT, TOP], PRECISION)
    assert (left.name, left.share, left.area) == ("left", pytest.approx(0.4), pytest.approx(1 / 3))
    assert (top.name, top.share, top.area) == ("top", pytest.approx(0.3), 0.5)
    assert (rest.name, rest.share, rest.area) == ("(elsewhere)", pytest.approx(0.4), pytest.approx(1 / 3))


def test_regions_that_cover_everything_leave_nothing_elsewhere():
    whole = NamedRegion("whole", ((-9, -9), (99, -9), (99, 99), (-9, 99)))
    (found,) = attention_shares(SaliencyMap(np.ones((4, 4))), [whole], PRECISION)
    assert (found.share, found.area) == (pytest.approx(1.0), 1.0)
    with pytest.raises(InputError, match="shares are of regions; none was given"):
        attention_shares(SaliencyMap(np.ones((4, 4))), [], PRECISION)


def test_an_interval_is_that_of_a_beta_distribution_around_the_share():
    assert PRECISION.interval(0.2) == pytest.approx((beta.ppf(0.025, 3, 12), beta.ppf(0.975, 3, 12)))
    low, high = PRECISION.interval(0.0)  # a region that the model gives nothing may still be looked at
    assert 0 <= low < 1e-6 < 1e-3 < high
    assert PRECISION.draws(0.2, 200_000, np.random.default_rng(0)).var() == pytest.approx(0.2 * 0.8 / 16, rel=0.02)


def test_a_difference_is_clear_where_its_interval_leaves_out_0():
    exact = SharePrecision(5000.0, 40, "osie-mini")
    whole = SaliencyMap(np.array([[3.0, 1.0, 1.0], [3.0, 1.0, 1.0]]) / 10, "density")
    other = SaliencyMap(np.array([[1.0, 3.0, 1.0], [1.0, 3.0, 1.0]]) / 10, "density")
    for precision, clear in ((exact, True), (SharePrecision(3.0, 40, "osie-mini"), False)):
        shares = [attention_shares(one, [LEFT, TOP], precision) for one in (whole, other)]
        left, top, _ = share_differences(*shares, precision)
        assert (left.difference, left.is_clear) == (pytest.approx(-0.4), clear)
        assert (top.difference, top.is_clear) == (pytest.approx(0.0), False)


def test_the_precision_of_counts_that_were_drawn_from_it_is_found_again():
    """Beta-binomial counts around known shares: the fit has to find the precision that they were drawn with."""
    from salquest.applications.share_precision import _fitted

    random = np.random.default_rng(7)
    shares = random.uniform(0.01, 0.5, 4000)
    people = random.beta(shares * 20, (1 - shares) * 20)
    looks = np.full(4000, 140)
    assert _fitted(shares, random.binomial(looks, people).astype(float), looks.astype(float)) == pytest.approx(20, rel=0.05)


def test_a_model_that_knows_is_more_precise_than_one_that_does_not():
    data = load_dataset("osie-mini")
    data = data.subset(data.parts["test"])
    assert share_precision(Knowing(data), data).precision > 50
    uniform = share_precision(Uniform(), data)
    assert 2 < uniform.precision < 12
    assert (uniform.pictures, uniform.data, uniform.has_seen_them) == (20, "osie-mini", False)
    assert share_precision(Uniform(), data) == uniform  # the boxes are the same each time


def test_pictures_that_the_model_has_learnt_from_are_left_out_or_told_of():
    data = load_dataset("osie-mini")
    from salquest.datasets.duplicates import perceptual_hashes

    data = data.subset(data.parts["test"])
    hashes = perceptual_hashes(data)
    model = Uniform()
    model.trained_on = dict(list(hashes.items())[:5])
    assert share_precision(model, data).pictures == 15
    model.trained_on = hashes
    found = share_precision(model, data)
    assert (found.pictures, found.has_seen_them) == (20, True)


def test_too_few_pictures_say_nothing():
    data = load_dataset("osie-mini")
    with pytest.raises(InputError, match="measured on 10 pictures with fixations or more; osie-mini has 3"):
        share_precision(Uniform(), data.subset(data.keys[:3]))


@pytest.fixture
def designs(tmp_path):
    for name, size in (("a.png", (60, 40)), ("long.png", (40, 120))):
        Image.new("RGB", size, (200, 90, 30)).save(tmp_path / name)
    regions = [{"name": "head", "box": [0, 0, 40, 10]}, {"name": "foot", "box": [0, 30, 40, 10]}]
    (tmp_path / "regions.json").write_text(json.dumps({"regions": regions}))
    return tmp_path


def test_two_designs_are_studied_side_by_side(designs):
    study = study_attention([designs / "a.png", designs / "long.png"], [designs / "regions.json"], model="uniform")
    assert [one.share for one in study.designs[0].shares] == pytest.approx([1 / 6, 1 / 6, 2 / 3])
    assert [one.difference for one in study.differences] == pytest.approx([1 / 12 - 1 / 6, 1 / 12 - 1 / 6, 5 / 6 - 2 / 3])
    exact, unknown, long = study.notes
    assert "people's on 40 pictures of osie-mini: about as exact as counting" in exact
    assert unknown == CANNOT_KNOW
    assert long.startswith("long.png is 3.0 times as tall as wide")


def test_a_file_of_regions_for_each_design_or_one_for_both(designs):
    with pytest.raises(InputError, match="found 1 pictures and 2 files of regions"):
        study_attention([designs / "a.png"], [designs / "regions.json"] * 2, model="uniform")
