"""A picture looked at in several ways: mirrored, and at other sizes of the input."""

import numpy as np
import pytest

from salquest.errors import InputError
from salquest.gaze import SaliencyMap, as_density
from salquest.models import Model, load_model
from salquest.models.contract import Network
from salquest.models.views import SeenInViews, Views

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 20, 3), dtype=np.uint8)


class Remembering(Network):
    """Red of each pixel plus a slope to the right and a constant that the scale decides, as a density."""

    name, is_density = "remembering", True

    def __init__(self):
        self.scales = []

    def predict_pixels(self, pixels, *, scale=1.0, size=None):
        self.scales.append(scale)
        slope = np.linspace(1, 50, pixels.shape[1])
        return SaliencyMap(as_density(pixels[..., 0] + slope + 100 * scale).astype(np.float32), "density")


class Values(Model):
    name = "values"

    def predict_pixels(self, pixels):
        return SaliencyMap(pixels[..., 0].astype(np.float32))


def test_the_mean_of_both_sides_is_the_mirror_image_of_that_of_the_mirrored_picture():
    model = SeenInViews(Remembering(), Views(mirror=True))
    seen, mirrored = model.predict(PIXELS).values, model.predict(PIXELS[:, ::-1]).values
    np.testing.assert_allclose(seen, mirrored[:, ::-1], rtol=1e-6)
    assert not np.allclose(Remembering().predict(PIXELS).values, Remembering().predict(PIXELS[:, ::-1]).values[:, ::-1], rtol=1e-3)


def test_maps_are_averaged_as_logarithms_and_sum_to_1():
    at = {scale: Remembering().predict_pixels(PIXELS, scale=scale).density() for scale in (1.0, 2.0)}
    expected = np.sqrt(at[1.0] * at[2.0])
    found = SeenInViews(Remembering(), Views(scales=(1.0, 2.0))).predict(PIXELS).density()
    np.testing.assert_allclose(found, expected / expected.sum(), rtol=1e-5)


def test_every_scale_is_asked_for_on_both_sides():
    inner = Remembering()
    SeenInViews(inner, Views(mirror=True, scales=(1.0, 1.5))).predict(PIXELS)
    assert inner.scales == [1.0, 1.5, 1.0, 1.5]


def test_the_cost_counts_pixels():
    assert Views(mirror=True, scales=(1.0, 1.5)).cost == 2 * (1 + 2.25)
    assert Views().cost == 1
    assert Views().is_plain


def test_a_model_of_one_size_can_be_mirrored_and_not_scaled():
    assert SeenInViews(load_model("centre-bias"), Views(mirror=True)).predict(PIXELS).size == (12, 20)
    with pytest.raises(InputError, match="centre-bias sees pictures at one size; scales are for networks"):
        SeenInViews(load_model("centre-bias"), Views(scales=(1.5,)))


def test_values_have_no_mean_over_views():
    with pytest.raises(InputError, match="the maps of values are values, not densities"):
        SeenInViews(Values(), Views(mirror=True))


@pytest.mark.parametrize("scales", [(), (1.0, 1.0), (0.1,), (float("nan"),), (9.0,)])
def test_scales_that_cannot_be_meant_are_refused(scales):
    with pytest.raises(InputError, match=r"scales are one or more different numbers from 0.25 to 4; found"):
        Views(scales=scales)
