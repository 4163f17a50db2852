"""How well people predict each other: by hand on a row of pixels, and between floor and self on a set."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.datasets import DataSet, Sample, load_dataset
from salquest.errors import InputError
from salquest.evaluation import evaluate, other_observers, other_observers_nss
from salquest.gaze import Fixations, Stimulus
from salquest.models import CentreBias, Uniform
from salquest.models.baselines import OthersCentreBias


@pytest.fixture(scope="module")
def data(tiny_set):
    return load_dataset("tiny", tiny_set)


def row_of_pixels(*looks: tuple[int, int]) -> Sample:
    """A picture of one row of 5 pixels; looks are (observer, x)."""
    observers, x = zip(*looks, strict=True)
    return Sample(Stimulus("a.png", None, (1, 5)), Fixations(x, [0] * len(x), (1, 5), observer=observers))


def test_each_observer_is_scored_by_all_the_others():
    # sigma 0: the others of 1 are (0, 0, 0, 1, 0), z-scores 2 and -1/2; the others of 2 are (0, 1, 0, 1, 0), z-scores sqrt(3/2), -sqrt(2/3)
    found = other_observers_nss(row_of_pixels((1, 1), (1, 3), (2, 3)), 0.0)
    of_1, of_2 = (2 - 0.5) / 2, np.sqrt(3 / 2)
    assert found == pytest.approx((of_1 + of_2) / 2, rel=1e-9)


def test_distinct_scores_an_observer_s_cell_once_and_counts_the_others_repeats():
    sample = row_of_pixels((1, 1), (1, 1), (1, 3), (2, 3))
    once, every = other_observers_nss(sample, 0.0, distinct=True), other_observers_nss(sample, 0.0)
    # the others of 1: pixel 3 only; the others of 2: counts 2 at pixel 1, 1 at pixel 3, mean 0.6, deviation 0.8
    of_2 = (1 - 0.6) / 0.8
    assert once == pytest.approx(((2 - 0.5) / 2 + of_2) / 2, rel=1e-9)
    assert every == pytest.approx(((2 - 0.5 - 0.5) / 3 + of_2) / 2, rel=1e-9)


def test_the_ceiling_lies_above_the_floor(data):
    floor = OthersCentreBias(data)
    people = other_observers(data, metrics=["nss", "auc", "ig"], baseline=floor)
    chance = evaluate(floor, data, metrics=["nss", "auc", "ig"], baseline=floor)
    for metric in ("nss", "auc", "ig"):
        assert people.interval(metric).low > chance.interval(metric).high


def test_only_metrics_of_fixations_have_this_ceiling(data):
    assert other_observers(data, metrics=["cc", "nss", "kl"], baseline=Uniform()).metrics == ("nss",)


def test_metrics_of_densities_alone_are_refused(data):
    with pytest.raises(InputError, match="other observers can be scored by fixations only; found cc, kl"):
        other_observers(data, metrics=["cc", "kl"], baseline=Uniform())


def test_all_share_given_to_the_baseline_is_the_baseline(data):
    floor = CentreBias.of(data)
    found = other_observers(data, metrics=["ig"], baseline=floor, share=1.0)
    assert found.mean("ig") == pytest.approx(0, abs=1e-9)


def test_a_picture_with_one_observer_is_named_as_missing(data):
    lonely = row_of_pixels((1, 1), (1, 3))
    found = other_observers(
        DataSet("mixed", (lonely, *data.samples[:2]), pixels_per_degree=4.0), metrics=["nss"], baseline=OthersCentreBias(data)
    )
    assert (found.missing, found.columns["image"]) == ({"a.png": "fewer than two observers"}, list(data.keys[:2]))


def test_one_observer_alone_has_no_ceiling():
    with pytest.raises(InputError, match=r"a\.png has fewer than two observers; nobody is left to predict them"):
        other_observers_nss(row_of_pixels((1, 1), (1, 3)), 1.0)
