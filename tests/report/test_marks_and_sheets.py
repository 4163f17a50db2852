"""Marks on pictures and sheets of tiles: where they are, and that nothing strange in names or sizes stops them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from salquest.gaze import SaliencyMap
from salquest.report import Tile, dimmed, heat, heat_layer, jpeg_bytes, outlined, overlay, path_drawn, thumbnail, tile_sheet

GREY = np.full((60, 80, 3), 128, dtype=np.uint8)
SQUARE = [(20.0, 20.0), (60.0, 20.0), (60.0, 50.0), (20.0, 50.0)]


def changed(pixels: np.ndarray) -> np.ndarray:
    return (pixels != 128).any(axis=2)


def test_an_outline_lies_on_its_corners_and_leaves_the_inside_alone() -> None:
    found = changed(outlined(GREY, [("", SQUARE)]))
    assert found[50, 20:60].all()
    assert found[30:50, 60].all()
    assert not found[40:46, 30:50].any()
    assert not found[:10].any()
    assert (GREY == 128).all()


def test_labels_in_one_place_stand_below_each_other() -> None:
    one, two = (changed(outlined(GREY, [("label", SQUARE)] * count)) for count in (1, 2))
    assert two.sum() > one.sum() + 50


def test_stops_are_drawn_where_they_are() -> None:
    found = changed(path_drawn(GREY, [(10, 10), (70, 50)]))
    assert found[10, 10]
    assert found[50, 70]
    assert found[30, 40]  # the line between them
    assert not found[50, 10]
    assert not changed(path_drawn(GREY, [])).any()


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1)])
def test_pictures_of_any_shape_can_be_marked(size: tuple[int, int]) -> None:
    pixels = np.zeros((*size, 3), np.uint8)
    assert outlined(pixels, [("a", [(0, 0), (1, 0), (1, 1)])]).shape == pixels.shape
    assert path_drawn(pixels, [(0, 0)]).shape == pixels.shape


def test_an_overlay_is_grey_where_the_map_is_lowest_and_its_colour_where_it_is_highest() -> None:
    saliency = SaliencyMap(np.array([[0.0, 1.0]]))
    low, high = overlay(np.full((1, 2, 3), 100, np.uint8), saliency)[0].tolist()
    assert low == [105, 105, 105]  # 0.65 * 100 + 40
    assert high == [round(0.25 * 105 + 0.75 * colour) for colour in heat(np.array([[0.0, 1.0]]))[0, 1].tolist()]


def test_the_layers_of_an_overlay_put_together_are_the_overlay() -> None:
    draw = np.random.default_rng(4)
    pixels, saliency = draw.integers(0, 255, (20, 30, 3), dtype=np.uint8), SaliencyMap(draw.random((20, 30)))
    layer = heat_layer(saliency).astype(float)
    alpha = 0.5 * layer[:, :, 3:] / 255
    # ground, colour's share and sum are each rounded to 8 bits
    np.testing.assert_allclose(dimmed(pixels) * (1 - alpha) + layer[:, :, :3] * alpha, overlay(pixels, saliency, strength=0.5), atol=1.5)


def test_heat_is_inferno_from_the_lowest_to_the_highest_value() -> None:
    assert heat([[-3.0, 5.0]])[0].tolist() == [[0, 0, 4], [252, 255, 164]]
    assert heat([[2.0, 2.0]])[0].tolist() == [[0, 0, 4]] * 2


@pytest.mark.parametrize(
    ("size", "expected"), [((100, 200), (20, 40)), ((200, 100), (40, 20)), ((10, 10), (10, 10)), ((10, 20_000), (1, 40))]
)
def test_a_thumbnail_fits_and_is_never_larger(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert thumbnail(np.zeros((*size, 3), np.uint8), 40).shape[:2] == expected


@pytest.mark.parametrize("name", ["a.jpg", "", "$x^2$", "line\nbreak", "日本", "caf\udce9", "x" * 5000])
def test_a_tile_may_have_any_name(name: str) -> None:
    with Image.open(io.BytesIO(tile_sheet([Tile(name, GREY)] * 3, columns=2, width=80))) as sheet:
        assert sheet.size == (8 + 2 * 108, 8 + 2 * (60 + 20 + 8))  # tiles of 100 at least, a line of text, gaps of 8


def test_what_is_longer_than_a_jpeg_can_be_is_scaled_down() -> None:
    with Image.open(io.BytesIO(jpeg_bytes(np.zeros((2, 70_000, 3), np.uint8)))) as found:
        assert found.size == (65_500, 2)
