"""Observers as models of each other: leaving out really leaves out, hand values, planted bandwidths, and figures measured before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from salquest.datasets import DataSet, Sample, load_dataset
from salquest.errors import InputError
from salquest.evaluation import (
    AllObservers,
    ObserverMixture,
    evaluate,
    fit_observers,
    other_observers,
    other_observers_nss,
    spearman_brown,
    split_half,
)
from salquest.evaluation.ceilings import _Folds
from salquest.gaze import Fixations, Stimulus, fixation_density
from salquest.metrics import nss
from salquest.models import Uniform
from salquest.models.centre_bias import OthersKernelCentreBias


def set_of(pictures: list[tuple[np.ndarray, np.ndarray, np.ndarray]], size=(60, 80)) -> DataSet:
    samples = tuple(
        Sample(Stimulus(f"{i}.png", Path("nowhere"), size), Fixations(x, y, size, observer=observer))
        for i, (x, y, observer) in enumerate(pictures)
    )
    return DataSet("planted", samples, pixels_per_degree=5.0)


def gazers(sigma: float, *, pictures=12, observers=20, each=12, spots=4, seed=6) -> DataSet:
    """Everybody looks near the same few spots of a picture, `sigma` pixels off."""
    draw = np.random.Generator(np.random.PCG64(seed))
    found = []
    for _ in range(pictures):
        centres = draw.uniform([20, 20], [140, 100], (spots, 2))
        at = centres[draw.integers(0, spots, observers * each)] + draw.normal(0, sigma, (observers * each, 2))
        found.append((at[:, 0].clip(0, 159), at[:, 1].clip(0, 119), np.repeat(np.arange(observers), each)))
    return set_of(found, (120, 160))


@pytest.fixture(scope="module")
def osie(shared) -> DataSet:
    return load_dataset("osie", shared / "data" / "osie")


def test_a_kernel_density_by_hand():
    # two observers with one fixation each, 3 px apart; sigma 2: the density of a 2-d Gaussian, far from the border
    data = set_of([(np.array([40.0, 43.0]), np.array([30.0, 30.0]), np.array([1, 2]))])
    found = fit_observers(data, baseline=Uniform(), bandwidth_px=2.0)
    expected = np.exp(-9 / 8) / (2 * np.pi * 4) * 60 * 80
    assert expected > 1  # so that all the weight goes to the kernel
    assert found.kernel == pytest.approx(1.0, abs=1e-3)
    assert found.bits == pytest.approx(np.log2(expected), abs=1e-3)


def test_an_observer_does_not_foretell_oneself():
    # observer 1 looks at one place all the time; the others, far away, are no help
    own = (np.full(30, 25.0), np.full(30, 25.0), np.full(30, 1))
    others = (np.full(5, 60.0), np.full(5, 40.0), np.arange(2, 7))
    data = set_of([tuple(np.concatenate(pair) for pair in zip(own, others, strict=True))])
    likelihoods = _Folds.of(data, Uniform(), lambda done, total: None).kernel(3.0)
    assert likelihoods[:30].max() < 1e-12
    # 30 of the other 34 fixations are observer 1's
    np.testing.assert_allclose(likelihoods[30:], 4 / 34 / (2 * np.pi * 9) * 60 * 80, rtol=1e-6)


def test_the_fit_is_told_what_the_maps_score():
    data = gazers(4.0, pictures=4, observers=5)
    baseline = OthersKernelCentreBias(data, bandwidth=0.1)
    mixture = fit_observers(data, baseline=baseline)
    scored = other_observers(data, metrics=("ll", "ig"), baseline=baseline, mixture=mixture)
    # all observers have as many fixations here, so that the mean over observers is that over fixations
    assert scored.mean("ll") == pytest.approx(mixture.bits, abs=1e-6)
    assert scored.mean("ig") == pytest.approx(mixture.bits_over_centre, abs=1e-6)


def test_the_weights_sum_to_one_and_none_is_negative():
    found = fit_observers(gazers(5.0), baseline=Uniform())
    assert found.kernel + found.centre + found.uniform == pytest.approx(1.0, abs=1e-12)
    assert min(found.kernel, found.centre, found.uniform) >= 0


def test_no_bandwidth_beside_the_found_one_is_better():
    data = gazers(5.0)
    found = fit_observers(data, baseline=Uniform())
    for factor in (0.5, 0.85, 1.2, 2.0):
        beside = fit_observers(data, baseline=Uniform(), bandwidth_px=factor * found.bandwidth_px)
        assert beside.bits < found.bits


def test_the_wider_people_scatter_the_wider_the_bandwidth():
    narrow, wide = (fit_observers(gazers(sigma), baseline=Uniform()).bandwidth_px for sigma in (2.0, 6.0))
    # the same spots and draws three times as wide: three times the bandwidth, were it not for pixels and the border
    assert 2 < wide / narrow < 4


def test_a_planted_bandwidth_is_found():
    # each fixation of the first observer is followed by one of the second, 6 px off by a Gaussian, and of nobody else: the kernel is known
    draw = np.random.Generator(np.random.PCG64(12))
    pictures = []
    for _ in range(400):
        first = draw.uniform([40, 40], [360, 260])
        second = first + draw.normal(0, 6.0, 2)
        pictures.append((np.array([first[0], second[0]]), np.array([first[1], second[1]]), np.array([1, 2])))
    found = fit_observers(set_of(pictures, (300, 400)), baseline=Uniform())
    assert found.bandwidth_px == pytest.approx(6.0, rel=0.06)  # 800 coordinates: a standard error of 2.5 %
    assert found.kernel > 0.97


def test_people_who_agree_on_nothing_have_the_floor_as_ceiling():
    draw = np.random.Generator(np.random.PCG64(1))
    data = set_of([(draw.uniform(0, 79, 60), draw.uniform(0, 59, 60), np.repeat(np.arange(6), 10)) for _ in range(20)])
    assert fit_observers(data, baseline=Uniform()).bits == pytest.approx(0.0, abs=0.02)


def test_all_observers_stand_above_the_other_observers():
    data = gazers(4.0, pictures=4, observers=5)
    baseline = OthersKernelCentreBias(data, bandwidth=0.1)
    mixture = fit_observers(data, baseline=baseline)
    lower = other_observers(data, metrics=("nss", "auc", "ig"), baseline=baseline, mixture=mixture)
    upper = evaluate(AllObservers(data, mixture, baseline=baseline), data, metrics=("nss", "auc", "ig"), baseline=baseline)
    assert all(upper.mean(name) > lower.mean(name) for name in lower.metrics)


def test_without_a_mixture_the_ceiling_is_what_it_was():
    data = gazers(4.0, pictures=3, observers=4)
    found = other_observers(data, metrics=("nss",), sigma_px=5.0, baseline=Uniform(), share=0.0)
    np.testing.assert_allclose(found.values("nss"), [other_observers_nss(sample, 5.0) for sample in data])


def test_fixations_or_observers_weigh_the_same():
    # observer 1, three fixations, scores otherwise than observer 2 with one
    data = set_of([(np.array([20.0, 22.0, 60.0, 21.0]), np.array([20.0, 21.0, 40.0, 20.0]), np.array([1, 1, 1, 2]))])
    made = {
        equal: other_observers(data, metrics=("nss",), sigma_px=4.0, baseline=Uniform(), share=0.0, equal=equal).mean("nss")
        for equal in ("observers", "fixations")
    }
    first, second = _each_nss(data)
    assert made["observers"] == pytest.approx((first + second) / 2)
    assert made["fixations"] == pytest.approx((3 * first + second) / 4)


def _each_nss(data: DataSet) -> list[float]:
    fixations = data.samples[0].fixations
    return [float(nss(fixation_density(others, sigma_px=4.0), own)) for own, others in fixations.by_observer()]


def test_a_width_beside_a_mixture_is_refused():
    with pytest.raises(InputError, match="once"):
        other_observers(gazers(4.0), metrics=("nss",), sigma_px=3.0, baseline=Uniform(), mixture=ObserverMixture(3.0, 1.0, 0.0, 0.0))


def test_one_observer_alone_has_no_ceiling():
    data = set_of([(np.array([3.0]), np.array([3.0]), np.array([1]))])
    with pytest.raises(InputError, match="two or more"):
        fit_observers(data, baseline=Uniform())


def test_halves_that_look_alike_correlate_fully():
    x, y = np.array([10.0, 50.0, 20.0]), np.array([10.0, 30.0, 50.0])
    data = set_of([(np.tile(x, 4), np.tile(y, 4), np.repeat(np.arange(4), 3))])
    assert split_half(data).mean("cc") == pytest.approx(1.0, abs=1e-9)


def test_spearman_brown_of_a_half():
    assert spearman_brown(0.5) == pytest.approx(2 / 3)


def test_osie_has_the_ceiling_measured_before(osie):
    keys = osie.keys
    baseline = OthersKernelCentreBias(osie, bandwidth=0.028)
    every_third = osie.subset(keys[::3])
    at = {px: fit_observers(every_third, baseline=baseline, bandwidth_px=0.64 * px) for px in (12, 16, 24, 32)}
    # METRICS 9, for all 700 pictures; a third of 640 has a standard error of 0.04, the differences between bandwidths a far smaller one
    measured = {12: 2.809, 16: 2.831, 24: 2.703, 32: 2.499}
    assert max(at, key=lambda px: at[px].bits) == 16
    assert at[16].bits == pytest.approx(measured[16], abs=0.1)
    for px, bits in measured.items():
        assert at[px].bits - at[16].bits == pytest.approx(bits - measured[16], abs=0.02)
    assert at[16].kernel == pytest.approx(0.927, abs=0.02)


def test_osie_halves_agree_as_measured_before(osie):
    data = replace(osie, samples=osie.samples[::8])
    # PEERS 4.7: 0.882, halves drawn at random; 80 pictures have a standard error of 0.006
    assert split_half(data, metrics=("cc",)).mean("cc") == pytest.approx(0.882, abs=0.02)
