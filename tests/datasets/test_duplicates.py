"""Copies of pictures are found however they were saved; different pictures are left alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from salquest.datasets import DataSet, find_duplicates, load_dataset
from salquest.datasets.duplicates import Duplicate, find_near, near_picture, perceptual_hash, perceptual_hashes
from salquest.errors import InputError
from salquest.gaze.pictures import read_picture

CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "half the size": lambda picture: picture.resize((160, 120), Image.Resampling.LANCZOS),
    "a third, squashed": lambda picture: picture.resize((100, 100), Image.Resampling.BICUBIC),
    "twice the size": lambda picture: picture.resize((640, 480), Image.Resampling.BILINEAR),
    "grey": lambda picture: picture.convert("L"),
    "darker": lambda picture: picture.point(lambda value: int(value * 0.7)),
}


@pytest.fixture(scope="module")
def mini() -> DataSet:
    return load_dataset("osie-mini")


def as_set(folder: Path, pictures: dict[str, Image.Image], **saving: object) -> DataSet:
    """A generic folder of these pictures with one fixation each."""
    (folder / "stimuli").mkdir(parents=True)
    for key, picture in pictures.items():
        picture.save(folder / "stimuli" / key, **saving)  # type: ignore[arg-type]
    rows = "".join(f"{key},1,1,3,3,200\n" for key in pictures)
    (folder / "fixations.csv").write_text("image,observer,index,x,y,duration_ms\n" + rows)
    (folder / "meta.json").write_text(json.dumps({"name": "own", "images": len(pictures), "pixels_per_degree": 10}))
    return load_dataset("own", str(folder))


def test_no_two_of_120_different_pictures_are_taken_for_copies(mini: DataSet) -> None:
    hashes = perceptual_hashes(mini)
    for half in (0, 1):
        part, rest = mini.subset(mini.keys[half::2]), {key: hashes[key] for key in mini.keys[1 - half :: 2]}
        assert find_near(part, rest) == []


@pytest.mark.parametrize("change", sorted(CHANGES))
def test_a_changed_copy_is_found_and_named(mini: DataSet, tmp_path: Path, change: str) -> None:
    keys = mini.keys[:20]
    copies = as_set(tmp_path / "s", {f"copy{i}.png": CHANGES[change](Image.open(mini[key].stimulus.path)) for i, key in enumerate(keys)})
    found = find_duplicates(copies, mini)
    assert {one.first: one.second for one in found} == {f"copy{i}.png": key for i, key in enumerate(keys)}
    assert {one.kind for one in found} == {"near"}


def test_a_copy_in_poor_jpeg_is_found(mini: DataSet, tmp_path: Path) -> None:
    copies = as_set(tmp_path / "s", {"a.jpg": Image.open(mini[mini.keys[7]].stimulus.path)}, quality=25)
    assert [(one.second, one.kind) for one in find_duplicates(copies, mini)] == [(mini.keys[7], "near")]


def test_a_mirrored_copy_is_told_apart_from_a_plain_one(mini: DataSet, tmp_path: Path) -> None:
    mirrored = {f"m{i}.png": ImageOps.mirror(Image.open(mini[key].stimulus.path)) for i, key in enumerate(mini.keys[:20])}
    found = find_duplicates(as_set(tmp_path / "s", mirrored), mini)
    assert [one.second for one in sorted(found, key=lambda one: int(one.first[1:-4]))] == list(mini.keys[:20])
    assert {one.kind for one in found} == {"mirrored"}


def test_the_same_file_and_the_same_pixels_are_told_apart(mini: DataSet, tmp_path: Path) -> None:
    first, second = (mini[key].stimulus.path for key in mini.keys[:2])
    made = as_set(tmp_path / "s", {"file.jpg": Image.open(first), "pixels.png": Image.fromarray(read_picture(second))})
    shutil.copy(first, tmp_path / "s" / "stimuli" / "file.jpg")
    assert [(one.first, one.second, one.kind) for one in find_duplicates(made, mini)] == [
        ("file.jpg", mini.keys[0], "same file"),
        ("pixels.png", mini.keys[1], "same pixels"),
    ]


def test_nothing_is_a_copy_of_nothing(mini: DataSet) -> None:
    assert find_near(mini.subset(mini.keys[:2]), {}) == []


def test_one_picture_is_found_among_hashes_as_in_a_set(mini: DataSet) -> None:
    known = perceptual_hashes(mini.subset(mini.keys[:3]))
    own, other = (read_picture(mini[mini.keys[place]].stimulus.path) for place in (1, 5))
    assert near_picture(own, known) == Duplicate("", mini.keys[1], "near", 0)
    assert near_picture(np.ascontiguousarray(own[:, ::-1]), known) == Duplicate("", mini.keys[1], "mirrored", 0)
    assert near_picture(other, known) is None
    assert near_picture(own, {}) is None


def test_a_picture_of_one_pixel_has_a_hash() -> None:
    assert len(perceptual_hash(np.zeros((1, 1, 3), dtype=np.uint8))) == 36


@pytest.mark.parametrize("wrong", ["", "abc", "g" * 36, "0" * 38])
def test_a_broken_hash_is_refused(mini: DataSet, wrong: str) -> None:
    with pytest.raises(InputError, match="a perceptual hash has 36 hexadecimal digits; found"):
        find_near(mini.subset(mini.keys[:1]), {"a.jpg": wrong})
