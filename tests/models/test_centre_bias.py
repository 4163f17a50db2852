"""Centre biases in relative coordinates: hand values, leaving a picture out, and bandwidths found where they were planted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from salquest.datasets import DataSet, Sample, load_dataset
from salquest.errors import InputError
from salquest.gaze import Fixations, Stimulus
from salquest.models.centre_bias import (
    GRID,
    GaussianCentreBias,
    KernelCentreBias,
    OthersKernelCentreBias,
    fit_bandwidth,
    held_out_bits,
)


def set_of(pictures: list[tuple[list[float], list[float]]], size=(64, 64)) -> DataSet:
    samples = tuple(
        Sample(Stimulus(f"{number}.png", Path("nowhere"), size), Fixations(x, y, size)) for number, (x, y) in enumerate(pictures)
    )
    return DataSet("planted", samples)


def test_a_gaussian_centre_bias_has_the_quotients_of_its_formula():
    found = GaussianCentreBias(0.5).at((2, 4)).values.astype(float)
    # pixel centres at 1/4 and 3/4 down, 1/8, 3/8, 5/8, 7/8 across
    assert found.sum() == pytest.approx(1.0, abs=1e-6)
    assert found[0, 0] / found[0, 1] == pytest.approx(np.exp(-(0.375**2 - 0.125**2) / (2 * 0.25)), rel=1e-6)
    np.testing.assert_allclose(found, found[::-1, ::-1], rtol=1e-6)


def test_the_width_that_gaze_was_drawn_with_is_found():
    draw = np.random.Generator(np.random.PCG64(3))
    x, y = draw.normal(0.5, 0.12, (2, 20_000)).clip(0.001, 0.999) * 400 - 0.5
    assert GaussianCentreBias.of(set_of([(x, y)], (400, 400))).width == pytest.approx(0.12, rel=0.02)


@pytest.mark.parametrize("width", [0.0, -1.0, float("nan")])
def test_a_width_that_is_none_is_refused(width):
    with pytest.raises(InputError, match="positive fraction"):
        GaussianCentreBias(width)


def test_the_kernel_density_of_one_fixation_is_its_gaussian():
    counts = np.zeros((64, 64))
    counts[32, 32] = 1
    found = KernelCentreBias(counts, 0.1, uniform=0.0).at((64, 64)).values
    # sigma is 6.4 cells: far enough from the border that nothing is mirrored
    assert found[32, 32] == pytest.approx(norm.pdf(0, 0, 6.4) ** 2, rel=1e-4)
    assert found[32, 38] == pytest.approx(norm.pdf(6, 0, 6.4) * norm.pdf(0, 0, 6.4), rel=1e-4)


def test_held_out_bits_of_two_fixations_by_hand():
    # one fixation each, 8 of 128 cells apart; sigma is 0.1 of the side
    found = held_out_bits(set_of([([31.75], [31.75]), ([35.75], [31.75])]), 0.1, uniform=0.0)
    density = norm.pdf(8 / GRID[1], 0, 0.1) * norm.pdf(0, 0, 0.1)
    np.testing.assert_allclose(np.concatenate(found), np.log2(density), atol=1e-3)


def test_a_picture_does_not_foretell_itself():
    data = set_of([([8.0] * 5, [8.0] * 5), ([50.0] * 5, [50.0] * 5), ([50.0] * 5, [50.0] * 5)])
    model = OthersKernelCentreBias(data, bandwidth=0.05)
    left_out = model.predict_stimulus(data["0.png"].stimulus).values
    assert left_out[8, 8] < 0.01 * left_out[50, 50]
    changed = set_of([([20.0], [3.0]), ([50.0] * 5, [50.0] * 5), ([50.0] * 5, [50.0] * 5)])
    again = OthersKernelCentreBias(changed, bandwidth=0.05).predict_stimulus(changed["0.png"].stimulus).values
    np.testing.assert_allclose(left_out, again, atol=1e-8)  # float32 maps; its own gaze has no part in it


def test_the_maps_of_the_others_score_what_the_fit_was_told():
    draw = np.random.Generator(np.random.PCG64(5))
    data = set_of([tuple(draw.normal(64, 14, (2, 30)).clip(0, 127)) for _ in range(6)], GRID)
    model, told = OthersKernelCentreBias(data, bandwidth=0.06), held_out_bits(data, 0.06)
    for sample, bits in zip(data, told, strict=True):
        density = model.predict_stimulus(sample.stimulus).density()
        looked = density[sample.fixations.rows, sample.fixations.columns]
        np.testing.assert_allclose(np.log2(looked * density.size), bits, atol=1e-4)


def test_a_planted_bandwidth_is_found():
    # a few spots that all pictures share, each blurred by 0.04: the kernel that tells them best is about as wide
    draw = np.random.Generator(np.random.PCG64(8))
    spots = np.array([[0.2, 0.3], [0.7, 0.25], [0.45, 0.75]])
    pictures = []
    for _ in range(40):
        at = spots[draw.integers(0, 3, 50)] + draw.normal(0, 0.04, (50, 2))
        pictures.append((at[:, 0] * 256 - 0.5, at[:, 1] * 256 - 0.5))
    found = fit_bandwidth(set_of(pictures, (256, 256)))
    # smoothing with h gives spots of sqrt(0.04^2 + h^2): with 1950 fixations at hand little of it is wanted
    assert 0.004 < found.bandwidth < 0.03
    coarse = [float(np.concatenate(held_out_bits(set_of(pictures, (256, 256)), h)).mean()) for h in (0.002, 0.06, 0.15)]
    assert found.bits > max(coarse)


def test_one_picture_has_no_others():
    with pytest.raises(InputError, match="2 or more pictures"):
        OthersKernelCentreBias(set_of([([3.0], [3.0])]))


def test_osie_has_the_centre_bias_measured_before(shared):
    found = fit_bandwidth(load_dataset("osie", shared / "data" / "osie"))
    # METRICS 9: 0.572 bit on 700 pictures, 24 px of 800 best, all from 10 to 40 px within 0.006
    assert found.bits == pytest.approx(0.572, abs=0.01)
    assert 10 / 800 < found.bandwidth < 40 / 800
