"""`salquest data sigma` and the function behind it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from salquest.cli import main
from salquest.datasets import load_dataset, released_blur
from salquest.errors import InputError


@pytest.fixture
def released(tiny_set: Path, tmp_path: Path) -> Path:
    """Maps of 8 bits of all pictures but the first, sigma 3 px."""
    folder = tmp_path / "maps"
    folder.mkdir()
    for sample in load_dataset("tiny", tiny_set).samples[1:]:
        density = sample.density(3.0)
        Image.fromarray(np.rint(density / density.max() * 255).astype(np.uint8)).save(folder / f"{sample.stimulus.stem}.png")
    return folder


def test_the_command_tells_sigma_in_pixels_and_degrees(tiny_set, released, capsys):
    with pytest.raises(SystemExit) as done:
        main(["data", "sigma", f"tiny={tiny_set}", "--maps", str(released), "--pictures", "4"])
    said = capsys.readouterr().out
    assert done.value.code in (0, None)
    assert "degrees; count repeats, border lost; correlation 0.999" in said
    assert "over 4 pictures" in said
    assert said.count("else") == 5


def test_the_command_prints_one_json_document(tiny_set, released, capsys):
    with pytest.raises(SystemExit):
        main(["data", "sigma", f"tiny={tiny_set}", "--maps", str(released), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["sigma_px"] == pytest.approx(3.0, rel=0.01)
    assert told["sigma_degrees"] == pytest.approx(0.75, rel=0.01)
    assert len(told["fits"]) == 6


def test_the_maps_that_came_with_a_set_are_taken_where_no_others_are_named(tiny_set, released):
    data = load_dataset("tiny", tiny_set)
    samples = tuple(replace(sample, map_path=released / f"{sample.stimulus.stem}.png") for sample in data.samples[1:5])
    best = released_blur(replace(data, samples=samples))[0]
    assert best.sigma_px == pytest.approx(3.0, rel=0.01)
    assert best.pictures == 4


def test_a_set_without_maps_or_no_picture_at_all_is_refused(tiny_set):
    data = load_dataset("tiny", tiny_set)
    with pytest.raises(InputError, match="no picture of tiny has both fixations and a released map; name the folder"):
        released_blur(data)
    with pytest.raises(InputError, match="at least one picture; found 0"):
        released_blur(data, pictures=0)
