"""Plain maps as densities: what was planted is found, monotone whatever the data, and the same after a trip through JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import check_grad

from salquest.datasets import DataSet, Sample
from salquest.errors import BrokenFile, DataNotFound, InputError
from salquest.gaze import Fixations, SaliencyMap, Stimulus, blur
from salquest.metrics import log_likelihood
from salquest.models import Model, Uniform
from salquest.models.densities import DensityFit, FittedDensity, _Family, fit_density

SIZE = (48, 64)


class Kept(Model):
    """Maps that were made before, by the stimulus' key."""

    name = "kept"

    def __init__(self, maps):
        self.maps = maps

    def predict_stimulus(self, stimulus):
        return SaliencyMap(self.maps[stimulus.key])

    def predict_pixels(self, pixels):
        return SaliencyMap(np.zeros(pixels.shape[:2]))


def planted(truth: DensityFit, *, number=400, pictures=6, seed=1) -> tuple[Kept, DataSet]:
    """Smooth random maps in 0..1, and fixations drawn from the densities that `truth` makes of them."""
    draw = np.random.Generator(np.random.PCG64(seed))
    maps, samples = {}, []
    for index in range(pictures):
        values = blur(draw.normal(size=SIZE), 3.0, border="reflect")
        values = (values - values.min()) / (values.max() - values.min())
        cells = draw.choice(values.size, number, p=truth.density(values).reshape(-1))
        key = f"{index}.png"
        maps[key] = values
        samples.append(Sample(Stimulus(key, Path("nowhere"), SIZE), Fixations(cells % SIZE[1], cells // SIZE[1], SIZE)))
    return Kept(maps), DataSet("planted", tuple(samples))


TRUTH = DensityFit(0.0, 1.0, 0.0, values=(0.0, 0.0, 1.0, 4.0), centre=(0.0, -0.5, -2.0))


def test_a_flat_fit_is_the_uniform_density():
    flat = DensityFit(0.0, 1.0, 0.0, (0.0, 0.0), (0.0, 0.0))
    np.testing.assert_allclose(flat.density(np.arange(6.0).reshape(2, 3)), 1 / 6)


def test_a_density_by_hand():
    # values 0, 1/2, 1 between knots 0 and log 4: shares 1, 2, 4
    found = DensityFit(0.0, 1.0, 0.0, (0.0, float(np.log(4))), (0.0, 0.0)).density([[0.0, 0.5, 1.0]])
    np.testing.assert_allclose(found, np.array([[1, 2, 4]]) / 7)


def test_a_planted_non_linearity_and_centre_bias_are_found():
    model, data = planted(TRUTH, number=4000)
    found = fit_density(model, data, blurs=(0.0,), value_knots=4, centre_knots=3)
    np.testing.assert_allclose(found.values[2:], TRUTH.values[2:], atol=0.25)  # 24,000 fixations; the maps' ends are rare
    np.testing.assert_allclose(found.centre, TRUTH.centre, atol=0.25)


def test_the_fitted_density_foretells_new_gaze_better_than_the_map_does():
    model, data = planted(TRUTH)
    fresh_model, fresh = planted(TRUTH, seed=2)
    fitted = FittedDensity(fresh_model, fit_density(model, data, blurs=(0.0, 0.05)))
    gained = []
    for sample in fresh:
        as_fitted = fitted.predict_stimulus(sample.stimulus).density()
        as_it_is = fresh_model.predict_stimulus(sample.stimulus).density()
        gained.append(log_likelihood(as_fitted, sample.fixations) - log_likelihood(as_it_is, sample.fixations))
    assert min(gained) > 0


def test_noise_over_the_map_is_blurred_away():
    model, data = planted(TRUTH, number=2000)
    draw = np.random.Generator(np.random.PCG64(9))
    noisy = Kept({key: values + draw.normal(0, 0.5, SIZE) for key, values in model.maps.items()})
    assert fit_density(noisy, data).blur > 0
    assert fit_density(model, data).blur == 0


def test_a_map_that_says_the_opposite_becomes_flat_not_falling():
    model, data = planted(TRUTH)
    upside_down = Kept({key: -values for key, values in model.maps.items()})
    found = fit_density(upside_down, data, blurs=(0.0,))
    assert np.diff(found.values).min() >= 0
    assert found.bits >= -1e-9  # the uniform density is in the family


def test_the_gradient_of_the_likelihood_is_its_slope():
    draw = np.random.Generator(np.random.PCG64(4))
    family = _Family([draw.uniform(size=(5, 6)), draw.uniform(size=(4, 7))], [draw.poisson(1, (5, 6)), draw.poisson(1, (4, 7))], 5, 4)
    point = draw.uniform(0.1, 1, 7)
    assert check_grad(lambda p: family.cost(p)[0], lambda p: family.cost(p)[1], point) < 1e-6


def test_the_told_bits_are_the_likelihood_of_the_maps():
    model, data = planted(TRUTH)
    fit = fit_density(model, data, blurs=(0.02,))
    bits = [log_likelihood(FittedDensity(model, fit).predict_stimulus(s.stimulus).density(), s.fixations) for s in data]
    assert fit.bits == pytest.approx(np.mean(bits), abs=1e-5)  # float32 maps


def test_a_fit_comes_back_from_json_equal(tmp_path):
    fit = DensityFit(-0.1, 1.3, 0.02, (0.0, 0.1, 0.30000000000000004), (0.0, -1 / 3), 0.7, "planted", 6)
    fit.save(tmp_path / "fit.json")
    assert DensityFit.load(tmp_path / "fit.json") == fit


@pytest.mark.parametrize("text", ["", "[]", '{"format": "something else"}', '{"format": "salquest density 1", "low": 0}'])
def test_a_file_that_is_no_fit_is_refused(tmp_path, text):
    (tmp_path / "fit.json").write_text(text)
    with pytest.raises(BrokenFile):
        DensityFit.load(tmp_path / "fit.json")


def test_a_fit_whose_values_fall_is_refused(tmp_path):
    DensityFit(0.0, 1.0, 0.0, (0.0, 1.0), (0.0, 0.0)).save(tmp_path / "fit.json")
    content = json.loads((tmp_path / "fit.json").read_text())
    (tmp_path / "fit.json").write_text(json.dumps({**content, "values": [0.0, -1.0]}))
    with pytest.raises(BrokenFile, match="never fall"):
        DensityFit.load(tmp_path / "fit.json")


def test_a_fit_that_is_not_there_is_told():
    with pytest.raises(DataNotFound, match=r"nowhere\.json"):
        DensityFit.load("nowhere.json")


def test_maps_without_spread_are_refused(tiny_set):
    from salquest.datasets import load_dataset

    with pytest.raises(InputError, match="no spread"):
        fit_density(Uniform(), load_dataset("tiny", tiny_set))
