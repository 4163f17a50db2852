"""osie-mini, the set inside the package: what it holds, that it is small, and that it shows no test picture of OSIE."""

from __future__ import annotations

import subprocess
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from salquest.datasets import load_dataset

FOLDER = Path(str(resources.files("salquest.datasets") / "embedded" / "osie-mini"))


@pytest.fixture(scope="module")
def mini():
    return load_dataset("osie-mini")


def test_it_is_there_without_a_path(mini):
    assert (len(mini), mini.observers, sum(len(sample.fixations) for sample in mini), mini.problems) == (120, 15, 16787, ())


def test_its_pictures_are_320_wide_and_240_high(mini):
    assert {sample.stimulus.size for sample in mini} == {(240, 320)}


def test_a_degree_is_as_many_pixels_as_the_smaller_picture_leaves(mini):
    # OSIE: 24 px at 800 wide
    assert mini.sigma_px == pytest.approx(24 * 320 / 800)


def test_it_is_under_three_megabytes_with_its_notice():
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 3_000_000
    assert "NUS-VIP/predicting-human-gaze-beyond-pixels" in (FOLDER / "NOTICE.md").read_text(encoding="utf-8")


def test_its_parts_hold_every_picture_once(mini):
    named = [key for keys in mini.parts.values() for key in keys]
    assert sorted(named) == list(mini.keys)


def test_all_its_pictures_are_of_osie_s_training_part(mini, shared):
    osie = load_dataset("osie", shared / "data" / "osie")
    assert set(mini.keys) <= set(osie.parts["train"])


def test_its_fixations_are_osie_s_at_its_size(mini, shared):
    osie = load_dataset("osie", shared / "data" / "osie")
    for sample in mini:
        expected = osie[sample.stimulus.key].fixations.resized((240, 320))
        # stored with one decimal
        np.testing.assert_allclose([sample.fixations.x, sample.fixations.y], [expected.x, expected.y], atol=0.0501)
        np.testing.assert_array_equal(sample.fixations.observer, expected.observer)


def test_it_loads_without_torch():
    code = "import sys; from salquest import load_dataset; print(len(load_dataset('osie-mini')), 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "120 False\n"
