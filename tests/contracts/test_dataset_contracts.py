"""What every data set of the catalogue must do; a new one inherits these by standing in DATASETS."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from salquest.datasets import DATASETS, DataSet, load_dataset
from salquest.errors import DataNotFound

EMBEDDED = sorted(name for name, card in DATASETS.items() if card.embedded)
ELSEWHERE = sorted(name for name, card in DATASETS.items() if not card.embedded)


@pytest.fixture(scope="module", params=sorted(DATASETS))
def real(request) -> DataSet:
    """Each set: the embedded ones from the package, the others from the shared folder."""
    if DATASETS[request.param].embedded:
        return load_dataset(request.param)
    return load_dataset(request.param, request.getfixturevalue("shared") / "data" / request.param)


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_a_set_says_what_it_is_where_it_comes_from_and_under_which_licence(name):
    card = DATASETS[name]
    assert min(map(len, (card.title, card.licence, card.source, card.citation))) > 2
    assert card.layouts[0] == "generic folder"


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_set_that_does_not_travel_along_says_so(name, monkeypatch):
    monkeypatch.delenv("SALQUEST_DATA", raising=False)
    with pytest.raises(DataNotFound, match=rf"{name} does not travel with salquest: give its folder \({name}=PATH\)"):
        load_dataset(name)


@pytest.mark.parametrize("name", EMBEDDED)
def test_an_embedded_set_has_a_notice_of_origin_and_licence_beside_it(name):
    notice = (Path(str(load_dataset(name).root)) / "NOTICE.md").read_text(encoding="utf-8")
    assert DATASETS[name].source in notice
    assert DATASETS[name].licence in notice


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_the_rule_of_the_first_fixation_goes_by_the_card(name, tiny_set):
    data = load_dataset(name, tiny_set)
    assert data.first_fixation == {True: "dropped", False: "kept"}[DATASETS[name].drop_first]
    assert sum(len(sample.fixations) for sample in data) == {True: 192, False: 240}[DATASETS[name].drop_first]


def test_samples_come_sorted_and_once(real):
    assert list(real.keys) == sorted(set(real.keys))


def test_every_fixation_lies_in_a_pixel_of_its_picture(real):
    for sample in real:
        height, width = sample.stimulus.size
        assert sample.fixations.size == (height, width)
        assert 0 <= sample.fixations.rows.min() <= sample.fixations.rows.max() < height
        assert 0 <= sample.fixations.columns.min() <= sample.fixations.columns.max() < width


def test_observers_are_numbered_from_1_to_their_number(real):
    assert np.unique(np.concatenate([sample.fixations.observer for sample in real])).tolist() == list(range(1, real.observers + 1))


def test_parts_share_no_picture_and_name_only_what_is_there(real):
    named = [key for keys in real.parts.values() for key in keys]
    assert len(named) == len(set(named))
    assert set(named) <= set(real.keys)


def test_the_pixels_have_the_size_that_the_sample_says(real):
    sample = real.samples[len(real) // 2]
    assert sample.stimulus.pixels().shape == (*sample.stimulus.size, 3)


def test_a_density_sums_to_one(real):
    sample = real.samples[0]
    assert sample.density(real.pixels_per_degree or 17.0).sum() == pytest.approx(1, abs=1e-9)


def test_reading_twice_gives_the_same_edition(real):
    assert load_dataset(real.name, real.root).edition() == real.edition()
