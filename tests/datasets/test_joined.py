"""Several data sets side by side: keys tell them apart, and each keeps its own resolution, parts and edition."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from salquest.datasets import DataSet, join, load_dataset
from salquest.errors import InputError


@pytest.fixture(scope="module")
def tiny(tiny_set: Path) -> DataSet:
    return load_dataset("tiny", tiny_set)


@pytest.fixture(scope="module")
def sharp(tiny: DataSet) -> DataSet:
    return replace(tiny.subset(tiny.keys[2:7]), pixels_per_degree=6.0, parts={}, first_fixation="dropped")


def test_a_set_alone_stays_as_it_is_however_it_is_given(tiny: DataSet) -> None:
    for given in (tiny, {"tiny": tiny}, {"other": tiny}):
        joined = join(given)
        assert joined.everything is tiny
        assert joined.divide() == join(tiny).divide()
        assert joined.described({"tiny": 4.0}) == {
            "name": "tiny",
            "edition": tiny.edition(),
            "sigma_px": 4.0,
            "first_fixation": "kept",
        }


def test_keys_of_several_begin_with_the_set_in_the_order_of_their_names(tiny: DataSet, sharp: DataSet) -> None:
    one, other = join({"b": tiny, "a": sharp}), join({"a": sharp, "b": tiny})
    assert one == other
    assert one.name == "a+b"
    assert one.everything.keys == (*(f"a/{key}" for key in sharp.keys), *(f"b/{key}" for key in tiny.keys))
    assert {one.set_of(key) for key in one.everything.keys if key.startswith("a/")} == {"a"}
    assert one.everything["b/blobs03.png"].fixations is tiny["blobs03.png"].fixations


def test_each_set_keeps_its_resolution_and_its_edition(tiny: DataSet, sharp: DataSet) -> None:
    joined = join({"tiny": tiny, "sharp": sharp})
    sigmas = joined.sigmas(0.5)
    assert sigmas == {"sharp": 3.0, "tiny": 2.0}
    assert joined.sigmas(1.0, 7.0) == {"sharp": 7.0, "tiny": 7.0}
    assert joined.described(sigmas)["sets"] == [
        {"name": "sharp", "edition": sharp.edition(), "sigma_px": 3.0, "first_fixation": "dropped"},
        {"name": "tiny", "edition": tiny.edition(), "sigma_px": 2.0, "first_fixation": "kept"},
    ]


def test_each_set_is_divided_as_it_would_be_alone(tiny: DataSet, sharp: DataSet) -> None:
    split = join({"tiny": tiny, "sharp": sharp}).divide()
    assert [key.removeprefix("tiny/") for key in split.val if key.startswith("tiny/")] == list(join(tiny).divide().val)
    assert [key.removeprefix("sharp/") for key in split.train if key.startswith("sharp/")] == list(join(sharp).divide().train)
    assert split.origin == "sharp seed 0, tiny distributed"


def test_a_list_of_parts_names_the_joined_keys(tiny: DataSet, sharp: DataSet, tmp_path: Path) -> None:
    listed = tmp_path / "parts.csv"
    listed.write_text("image,split\nsharp/blobs02.png,train\ntiny/blobs02.png,val\n")
    split = join({"tiny": tiny, "sharp": sharp}).divide(str(listed))
    assert (split.train, split.val) == (("sharp/blobs02.png",), ("tiny/blobs02.png",))


def test_a_part_leaves_out_the_sets_that_have_nothing_in_it(tiny: DataSet, sharp: DataSet) -> None:
    part = join({"tiny": tiny, "sharp": sharp}).subset(["tiny/blobs01.png"])
    assert list(part.sets) == ["tiny"]
    assert part.everything.keys == ("tiny/blobs01.png",)


@pytest.mark.parametrize("name", ["", "a/b", "a+b"])
def test_names_that_keys_cannot_begin_with_are_refused(name: str, tiny: DataSet) -> None:
    with pytest.raises(InputError, match=r"the name of a joined data set has neither / nor \+; found"):
        join({name: tiny, "tiny": tiny})


def test_nothing_cannot_be_joined() -> None:
    with pytest.raises(InputError, match="takes at least one; found none"):
        join({})
