"""Models that do not look at the picture: uniform, and the centre bias of a set, of its other pictures, of osie-mini."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.datasets import DataSet, Sample, load_dataset
from salquest.errors import InputError, UnknownName
from salquest.gaze import Fixations, Stimulus, as_density, mean_density, resize_map
from salquest.models import CentreBias, CentreDistance, MapsFolder, Model, Uniform, load_model
from salquest.models.baselines import GRID, OthersCentreBias


@pytest.fixture(scope="module")
def data(tiny_set):
    return load_dataset("tiny", tiny_set)


def looked_at(tmp_path, *places: tuple[float, float]) -> DataSet:
    """A set in memory: one picture of 64 x 64 for each place, looked at there only."""
    samples = [
        Sample(Stimulus(f"{number}.png", tmp_path / f"{number}.png", (64, 64)), Fixations([x], [y], (64, 64)))
        for number, (x, y) in enumerate(places)
    ]
    return DataSet("places", tuple(samples), pixels_per_degree=2.0)


def test_uniform_gives_every_pixel_its_share():
    assert np.unique(Uniform().predict(np.zeros((4, 5, 3), np.uint8)).values).tolist() == [np.float32(1 / 20)]


def test_the_log_density_of_uniform_is_minus_the_log_of_the_number_of_pixels():
    np.testing.assert_allclose(Uniform().log_density(np.zeros((4, 5, 3), np.uint8)), -np.log(20), rtol=1e-6)


def test_a_density_is_zero_somewhere_without_a_warning():
    assert CentreBias([[0.0, 1.0]]).log_density(np.zeros((1, 2, 3), np.uint8)).tolist() == [[-np.inf, 0.0]]


def test_the_paraboloid_is_the_benchmark_s_at_its_own_size():
    found = CentreDistance().at((100, 100)).values
    # the benchmark's file: 1 at pixel (50, 50) counted from 1, .0396 at (1, 1), 0 at (100, 100)
    np.testing.assert_allclose([found[49, 49], found[0, 0], found[99, 99], found[49, 99]], [1, 0.0396, 0, 0.5], atol=1e-7)


def test_the_paraboloid_is_stretched_with_the_picture():
    found = CentreDistance().at((50, 200)).values
    np.testing.assert_allclose(found[:, ::2], CentreDistance().at((100, 200)).values.reshape(50, 2, 100, 2).mean(axis=(1, 3)), atol=6e-3)


def test_distance_by_hand():
    found = CentreDistance("distance").at((3, 5)).values
    np.testing.assert_allclose(found[1], 1 - np.array([2, 1, 0, 1, 2]) / np.sqrt(5), rtol=1e-6)
    assert found[0, 0] == 0


def test_an_unknown_form_of_the_centre_names_those_there_are():
    with pytest.raises(UnknownName, match="no form of a centre map is called 'cone'; there are: distance, paraboloid"):
        CentreDistance("cone")


def test_a_centre_bias_is_the_mean_density_of_the_pictures(data):
    expected = mean_density((sample.density(data.sigma_px) for sample in data), GRID)
    np.testing.assert_allclose(CentreBias.of(data).density, expected, rtol=1e-6)


def test_a_centre_bias_weighs_pictures_alike_however_many_fixations_they_have(tmp_path):
    few, many = looked_at(tmp_path, (10, 10), (50, 50)).samples
    many = Sample(many.stimulus, Fixations([50] * 9, [50] * 9, (64, 64)))
    density = CentreBias.of(DataSet("two", (few, many), pixels_per_degree=2.0)).density
    assert density[:32, :32].sum() == pytest.approx(0.5, abs=1e-6)


def test_a_centre_bias_is_stretched_to_the_picture(data):
    found = CentreBias.of(data).predict(np.zeros((30, 90, 3), np.uint8))
    np.testing.assert_allclose(found.values, as_density(resize_map(CentreBias.of(data).density, (30, 90))), rtol=1e-5)


def test_a_centre_bias_of_nothing_is_refused():
    with pytest.raises(InputError, match="a centre bias is the mean over pictures; found none"):
        CentreBias.of(DataSet("empty", ()))


@pytest.mark.parametrize("model", [CentreBias.of, OthersCentreBias])
def test_sigma_0_is_a_width_and_not_the_lack_of_one(model, tmp_path):
    found = model(looked_at(tmp_path, (10, 10), (50, 50)), sigma_px=0.0).predict(np.zeros((64, 64, 3), np.uint8))
    assert np.count_nonzero(found.values) == 2


def test_the_others_centre_bias_leaves_the_picture_s_own_gaze_out(tmp_path):
    data = looked_at(tmp_path, (10, 10), (50, 50), (50, 10))
    found = OthersCentreBias(data).predict_stimulus(data.samples[0].stimulus).values
    assert found[10, 10] == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose([found[50, 50], found[10, 50]], found.max(), rtol=1e-5)


def test_the_others_centre_bias_is_the_centre_bias_of_the_set_without_the_picture(data):
    sample = data.samples[3]
    rest = data.subset(set(data.keys) - {sample.stimulus.key})
    expected = CentreBias.of(rest, sigma_px=data.sigma_px).at(sample.stimulus.size).values
    np.testing.assert_allclose(OthersCentreBias(data).predict_stimulus(sample.stimulus).values, expected, rtol=1e-4, atol=1e-9)


def test_a_strange_picture_gets_the_centre_bias_of_the_whole_set(data):
    pixels = np.zeros((48, 64, 3), np.uint8)
    np.testing.assert_allclose(OthersCentreBias(data).predict(pixels).values, CentreBias.of(data).predict(pixels).values, rtol=1e-5)


def test_the_others_of_a_single_picture_are_nobody(tmp_path):
    with pytest.raises(InputError, match="the centre bias of the other pictures needs at least two; places has 1 here"):
        OthersCentreBias(looked_at(tmp_path, (1, 1)))


def test_the_model_that_ships_is_the_centre_bias_of_osie_mini_s_training_part():
    found = load_model("centre-bias").predict(np.zeros((240, 320, 3), np.uint8))
    data = load_dataset("osie-mini")
    np.testing.assert_allclose(found.values, CentreBias.of(data.subset(data.parts["train"])).at((240, 320)).values)
    row, column = found.peak
    assert abs(row - 120) < 40
    assert abs(column - 160) < 40


class Brightness(Model):
    """The grey level itself: the least that a model must define."""

    name = "brightness"

    def predict_pixels(self, pixels):
        from salquest.gaze import SaliencyMap

        return SaliencyMap(pixels.mean(axis=2))


def test_a_model_needs_predict_pixels_only(data):
    stimulus = data.samples[0].stimulus
    np.testing.assert_allclose(Brightness().predict_stimulus(stimulus).values, stimulus.pixels().mean(axis=2), rtol=1e-6)


def test_a_model_of_values_has_no_likelihood():
    with pytest.raises(InputError, match="brightness predicts values, not a density; its map has no likelihood"):
        Brightness().log_density(np.zeros((2, 2, 3), np.uint8))


def test_a_folder_of_maps_predicts_no_pixels(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((2, 2)))
    with pytest.raises(InputError, match="is a folder of maps; it knows pictures of a data set by their names, not by their pixels"):
        MapsFolder(tmp_path).predict(np.zeros((2, 2, 3), np.uint8))
