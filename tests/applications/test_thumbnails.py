"""Crops as files: mode, colours and turn of the picture kept, its metadata left behind."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from salquest.applications import crop_pictures
from salquest.applications.crop import Crop
from salquest.applications.thumbnails import cut_out
from salquest.errors import InputError, Refused
from salquest.gaze.pictures import picture_size, read_picture


def colours(height=24, width=40):
    return np.random.default_rng(1).integers(0, 255, (height, width, 3), dtype=np.uint8)


def crop(tmp_path, picture, **options):
    return crop_pictures([picture], out=tmp_path / "out", model="centre-bias", **options)


def test_one_file_per_ratio_and_where_each_lies(tmp_path):
    Image.fromarray(colours()).save(tmp_path / "a.png")
    done = crop(tmp_path, tmp_path / "a.png", ratios=["1:1", "2:1"], drawn=True)
    told = json.loads((tmp_path / "out" / "a.crops.json").read_text())
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "a.1x1.png",
        "a.2x1.png",
        "a.crops.jpg",
        "a.crops.json",
        "made.json",
    ]
    assert (told["picture"], told["size"], [one["ratio"] for one in told["crops"]]) == ("a.png", [40, 24], ["1:1", "2:1"])
    first = done.crops["a"][0]
    cut = colours()[first.top : first.top + first.height, first.left : first.left + first.width]
    assert np.array_equal(read_picture(tmp_path / "out" / "a.1x1.png"), cut)
    assert picture_size(tmp_path / "out" / "a.2x1.png") == (20, 40)


MODES = {
    "grey": (Image.fromarray(colours()[:, :, 0]), "a.png", "L"),
    "16 bit": (Image.fromarray(colours()[:, :, 0].astype(np.uint16) * 256), "a.png", "I;16"),
    "transparent": (Image.fromarray(np.dstack([colours(), colours()[:, :, 0]])), "a.png", "RGBA"),
    "palette": (Image.fromarray(colours()).convert("P"), "a.png", "RGB"),
    "animation": (Image.fromarray(colours()).convert("P"), "a.gif", "RGB"),
    "print colours": (Image.fromarray(colours()).convert("CMYK"), "a.jpg", "CMYK"),
    "black and white": (Image.fromarray(colours()[:, :, 0] > 99), "a.png", "RGB"),
    "floats": (Image.fromarray(colours()[:, :, 0].astype(np.float32)), "a.tif", "RGB"),
    "webp": (Image.fromarray(colours()), "a.webp", "RGB"),
}


@pytest.mark.parametrize("name", MODES)
def test_any_mode_is_cut_and_scaled(name, tmp_path):
    picture, file, mode = MODES[name]
    picture.save(tmp_path / file)
    assert crop(tmp_path, tmp_path / file, width=10).failures == []
    (made,) = (tmp_path / "out").glob("a.1x1.*")
    with Image.open(made) as found:
        assert (found.size, found.mode) == ((10, 10), mode)


def test_a_photograph_is_turned_and_tells_neither_place_nor_turn(tmp_path):
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "at home"
    Image.fromarray(colours(24, 40)).save(tmp_path / "a.jpg", exif=exif, icc_profile=b"profile", quality=95)
    (made,) = crop(tmp_path, tmp_path / "a.jpg", ratios=["24:40"]).crops["a"]
    assert (made.width, made.height) == (24, 40)
    with Image.open(tmp_path / "out" / "a.24x40.jpg") as found:
        assert found.size == (24, 40)
        assert dict(found.getexif()) == {}
        assert found.info["icc_profile"] == b"profile"
        # the stored picture's left lower corner is the upright one's left upper
        stored = read_picture(tmp_path / "a.jpg").astype(int)
        assert np.abs(np.asarray(found).astype(int)[0, 0] - stored[-1, 0]).max() < 30


def test_a_window_that_is_larger_is_filled_up_with_the_colour():
    padded = cut_out(Image.fromarray(colours()), Crop(1.0, 0, -8, 40, 40, 1.0), colour="#102030")
    found = np.asarray(padded)
    assert found[0, 0].tolist() == found[-1, -1].tolist() == [0x10, 0x20, 0x30]
    assert np.array_equal(found[8:32], colours())


def test_done_again_only_what_is_missing_is_made_and_another_request_is_refused(tmp_path):
    Image.fromarray(colours()).save(tmp_path / "a.png")
    crop(tmp_path, tmp_path / "a.png")
    again = crop(tmp_path, tmp_path / "a.png")
    assert (again.crops, again.kept) == ({}, 1)
    Image.fromarray(colours()[::-1]).save(tmp_path / "a.png")
    assert list(crop(tmp_path, tmp_path / "a.png").crops) == ["a"]
    with pytest.raises(Refused, match=r"keep was null, and is 0.5 now"):
        crop(tmp_path, tmp_path / "a.png", keep=0.5)


def test_a_broken_picture_is_named_and_the_rest_is_cut(tmp_path):
    (tmp_path / "in").mkdir()
    Image.fromarray(colours()).save(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "b.jpg").write_text("no picture")
    done = crop(tmp_path, tmp_path / "in")
    assert list(done.crops) == ["a"]
    assert done.failures == [f"{tmp_path}/in/b.jpg is not a picture that can be read (its content is of no known image format)"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"ratios": []}, "a crop needs a ratio"),
        ({"ratios": ["1:1", "1x1"]}, "the ratio 1x1 is named twice"),
        ({"ratios": ["../x"]}, "a ratio is width:height"),
        ({"width": 0}, "the width of a thumbnail is 1 pixel or more; found 0"),
        ({"pad": "whitish", "keep": 0.5}, "--pad takes a colour, such as white or #f0f0f0; found 'whitish'"),
        ({"pad": "white"}, "padding is for keeping a share of the attention"),
        ({"keep": 2.0}, "the share to keep lies above 0"),
    ],
)
def test_a_wrong_request_is_refused_before_anything_is_made(options, sentence, tmp_path):
    Image.fromarray(colours()).save(tmp_path / "a.png")
    with pytest.raises(InputError, match=sentence):
        crop(tmp_path, tmp_path / "a.png", **options)
    assert not (tmp_path / "out").exists()
