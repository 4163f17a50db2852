"""The bundle's DKL colours: its table given back from the readings behind it, and values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from salquest.models.classical.dkl import CONES, GREY_CONES, READINGS, dkl_of, monitor_table


def test_the_readings_give_back_the_bundle_s_table_to_the_digit(reference):
    np.testing.assert_array_equal(monitor_table(), reference("gbvs_tables")["dkl_lut"])


def test_light_rises_with_the_pixel_value_from_a_dark_screen_to_one():
    table = monitor_table()
    assert table.shape == (256, 3)
    assert (np.diff(table, axis=0) > 0).all()
    np.testing.assert_array_equal(table[-1], 1)
    np.testing.assert_allclose(table[0], [0.384 / 15.4, 0.384 / 49.9, 0.384 / 9.08], rtol=5e-5)
    assert {len(gun) for gun in READINGS} == {52}


@pytest.mark.parametrize(("value", "row"), [(0.0, 0), (1 / 255, 0), (1.01 / 255, 1), (100 / 255, 99), (1.0, 254)])
def test_a_value_takes_the_row_that_the_original_takes(value, row):
    plane = np.full((1, 1, 1), value)
    guns = monitor_table()[row]
    long, medium, short = np.array(CONES) @ guns - GREY_CONES
    both = GREY_CONES[0] + GREY_CONES[1]
    luminance = 0.5774 * np.sqrt(3) * (long + medium) / both
    red_green = 2.7525 * np.hypot(*GREY_CONES[:2]) / both * (long / GREY_CONES[0] - medium / GREY_CONES[1])
    blue_yellow = 0.4526 / both * (both / GREY_CONES[2] * short - long - medium)
    np.testing.assert_allclose(dkl_of(plane, plane, plane).ravel(), [luminance, red_green, blue_yellow], atol=1e-12)
