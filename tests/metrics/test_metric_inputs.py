from __future__ import annotations

import numpy as np
import pytest
import torch
from metric_scenes import SIZE, looked, make_scene

from salquest.errors import InputError
from salquest.gaze import Fixations, SaliencyMap
from salquest.metrics import BinaryMap, Coordinates, CountMap, cc, nss
from salquest.metrics.fixations import as_cells, open_fixations
from salquest.metrics.maps import open_maps

FLAT = np.arange(768.0).reshape(SIZE)
GAZE = Fixations([3.2, 3.4, 0.0, 31.49], [2.0, 1.6, 0.0, 23.0], SIZE)  # the first two share the cell in column 3 and row 2


def test_every_way_of_saying_where_people_looked_gives_the_same_pixels():
    coordinates = np.stack([GAZE.x, GAZE.y], axis=1)
    padded = np.concatenate([coordinates, np.full((3, 2), -77.0)])
    ways = [
        GAZE,
        CountMap(GAZE.count_map()),
        Coordinates(coordinates),
        Coordinates(padded[None], np.array([4])),
        Coordinates(torch.as_tensor(coordinates)),
    ]
    for way in ways:
        cells = as_cells(way, SIZE)
        np.testing.assert_array_equal(cells.cells[0], [0, 2 * 32 + 3, 767])
        np.testing.assert_array_equal(cells.weights[0], [1, 2, 1])
    binary = as_cells(BinaryMap(255 * GAZE.binary_map().astype(np.uint8)), SIZE)
    np.testing.assert_array_equal(binary.cells[0], [0, 2 * 32 + 3, 767])
    np.testing.assert_array_equal(binary.weights[0], [1, 1, 1])


def test_what_passed_the_door_passes_again():
    maps = open_maps(FLAT)
    cells = open_fixations(GAZE, maps)
    assert open_maps(maps) is maps
    assert open_fixations(cells, maps) is cells
    assert nss(maps, cells) == nss(FLAT, GAZE)


@pytest.mark.parametrize("density", [FLAT, FLAT / FLAT.sum(), torch.as_tensor(FLAT), [0.5, 0.5], "fixations", None, []])
def test_a_plain_array_is_never_taken_for_fixations(density):
    with pytest.raises(InputError, match=r"could be a density; .*BinaryMap"):
        nss(FLAT, density)


@pytest.mark.parametrize("wrapper", [BinaryMap, CountMap])
def test_a_density_does_not_pass_as_a_map_of_fixations(wrapper):
    with pytest.raises(InputError, match="density is no map of fixations"):
        nss(FLAT, wrapper(make_scene(0).target.density))
    with pytest.raises(InputError, match="non-negative"):
        nss(FLAT, wrapper(-GAZE.count_map()))


@pytest.mark.parametrize("gaze", [GAZE, [GAZE], BinaryMap(GAZE.binary_map()), [[1.0, 2.0]], None])
def test_fixations_are_never_taken_for_a_density(gaze):
    with pytest.raises(InputError, match=r"found .*gaze\.fixation_density"):
        cc(FLAT, gaze)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_number_that_is_none_is_refused_and_its_picture_named(bad, dtype):
    maps = np.zeros((3, *SIZE), dtype=dtype)
    maps[1, 5, 6] = bad
    with pytest.raises(InputError, match="picture 1 of 3"):
        nss(maps, [GAZE] * 3)
    with pytest.raises(InputError, match="density holds finite numbers; picture 0 of 1"):
        cc(FLAT, maps[1])
    with pytest.raises(InputError, match="picture 1 of 3"):
        nss(torch.as_tensor(maps), [GAZE] * 3)


def test_numbers_whose_sum_leaves_float64_are_refused():
    with pytest.raises(InputError, match="too great"):
        nss(np.full(SIZE, 1e307), GAZE)


@pytest.mark.parametrize("maps", [np.zeros((2, 1, 24, 32)), np.zeros(768), np.zeros((0, 32)), np.zeros(SIZE, dtype=complex), [[1.0]], GAZE])
def test_what_is_no_map_is_refused(maps):
    with pytest.raises(InputError, match="a saliency map "):
        nss(maps, GAZE)


def test_sizes_must_agree():
    with pytest.raises(InputError, match=r"pictures of \(24, 32\) but the saliency map is \(12, 16\)"):
        nss(np.zeros((12, 16)), GAZE)
    with pytest.raises(InputError, match=r"density is \(12, 16\) but the saliency map is \(24, 32\)"):
        cc(FLAT, np.ones((12, 16)))
    with pytest.raises(InputError, match=r"density is \(24, 32\) but the saliency map is \(1, 24, 32\)"):
        cc(FLAT[None], np.ones(SIZE))


def test_each_map_of_a_batch_needs_its_own_fixations():
    with pytest.raises(InputError, match="1 pictures were handed over with 2 maps"):
        nss(np.stack([FLAT, FLAT]), GAZE)
    with pytest.raises(InputError, match="pictures of one size"):
        nss(np.stack([FLAT, FLAT]), [GAZE, looked(0, 3, (12, 16))])


@pytest.mark.parametrize("xy", [[[32.0, 3.0]], [[-0.6, 3.0]], [[3.0, 24.0]], [[np.nan, 3.0]]])
def test_a_coordinate_outside_is_refused(xy):
    with pytest.raises(InputError, match="outside its 32 x 24 px"):
        nss(FLAT, Coordinates(np.array(xy)))


@pytest.mark.parametrize(
    ("xy", "counts"), [(np.zeros((3, 3)), None), (np.zeros((2, 3, 2)), [1]), (np.zeros((1, 3, 2)), [4]), (np.zeros((1, 3, 2)), [-1])]
)
def test_coordinates_of_another_form_are_refused(xy, counts):
    with pytest.raises(InputError, match="of fixations"):
        as_cells(Coordinates(xy, None if counts is None else np.array(counts)), SIZE)


def test_fixations_on_the_border_belong_to_the_pixels_there():
    corners = Fixations([-0.5, 31.4999], [-0.5, 23.4999], SIZE)
    np.testing.assert_array_equal(as_cells(corners, SIZE).cells[0], [0, 767])
    assert nss(FLAT, corners) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    "dtype", [np.bool_, np.uint8, np.int8, np.uint16, np.int32, np.int64, np.float16, np.float32, np.longdouble, ">f4", ">f8"]
)
def test_every_real_type_scores_as_float64_does(dtype):
    levels = np.random.default_rng(0).integers(0, 2 if dtype == np.bool_ else 100, SIZE).astype(dtype)
    density = make_scene(1).target.density
    assert nss(levels, GAZE) == nss(levels.astype(np.float64), GAZE)
    assert cc(levels, density) == pytest.approx(cc(levels.astype(np.float64), density), abs=1e-15)


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.uint16, torch.int64, torch.float16, torch.bfloat16, torch.float32])
def test_every_real_type_of_torch_scores_as_float64_does(dtype):
    levels = torch.as_tensor(np.random.default_rng(0).integers(0, 2, SIZE))
    assert nss(levels.to(dtype), GAZE) == nss(levels.to(torch.float64), GAZE)


def test_memory_order_and_read_only_arrays_change_nothing():
    values = np.random.default_rng(2).random((48, 64))
    strided, turned = values[::2, ::2], np.asfortranarray(values[::2, ::2])
    frozen = strided.copy()
    frozen.setflags(write=False)
    expected = nss(strided.copy(), GAZE)
    assert expected == nss(strided, GAZE) == nss(turned, GAZE) == nss(frozen, GAZE) == nss(values[::-1][::-1][::2, ::2], GAZE)


def test_inputs_are_left_as_they_were():
    values, density = np.random.default_rng(3).random(SIZE) - 0.5, np.random.default_rng(4).random(SIZE)
    before = values.copy(), density.copy()
    cc(values, density)
    nss(values, GAZE)
    np.testing.assert_array_equal((values, density), before)


def test_a_saliency_map_object_is_a_map():
    values = make_scene(5).saliency.astype(np.float32)
    assert nss(SaliencyMap(values), GAZE) == nss(values, GAZE)


def test_a_tensor_that_learns_is_scored_like_any_other():
    values = torch.as_tensor(FLAT).requires_grad_()
    assert nss(values, GAZE) == nss(FLAT, GAZE)


def test_numpy_densities_go_with_torch_maps():
    density = make_scene(6).target.density
    assert cc(torch.as_tensor(FLAT), density) == cc(FLAT, density)
    native = open_maps(torch.as_tensor(FLAT), through_numpy=False)
    assert cc(native, density) == pytest.approx(cc(FLAT, density), abs=1e-14)
    with pytest.raises(InputError, match="lives on"):
        cc(FLAT, open_maps(torch.as_tensor(density), through_numpy=False))


def test_blocks_of_any_length_give_the_same_scores(monkeypatch):
    scene = make_scene(7)
    whole = nss(scene.saliency, scene.target.fixations), cc(scene.saliency, scene.target.density)
    monkeypatch.setattr("salquest.metrics.maps.HOST_BLOCK", 100)
    assert (nss(scene.saliency, scene.target.fixations), cc(scene.saliency, scene.target.density)) == pytest.approx(whole, abs=1e-13)
