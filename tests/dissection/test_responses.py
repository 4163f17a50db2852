"""Responses from cells alone agree with maps brought to the picture's size and z-scored there."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from salquest.datasets import DataSet, Sample
from salquest.dissection.annotations import Annotations, Region
from salquest.dissection.geometry import Grid, Place
from salquest.dissection.probe import build_probe
from salquest.dissection.responses import PictureRegions, PictureWork
from salquest.gaze import Fixations, Stimulus

CPU = torch.device("cpu")


class Written(Annotations):
    """Regions that a test wrote down."""

    def __init__(self, regions: dict[str, list[Region]]) -> None:
        self.name, self._regions = "written regions", regions

    def regions(self, stimulus):
        return self._regions.get(stimulus.key, [])

    def names(self):
        return tuple(self._regions)


def region(size, rows, columns, *categories):
    mask = np.zeros(size, dtype=bool)
    mask[rows, columns] = True
    return Region.of_mask(categories, mask)


@pytest.fixture
def two(tmp_path):
    """Two pictures of 24 x 30 and 12 x 30 with their regions; the second one's region holds no fixation."""
    sizes = {"a.png": (24, 30), "b.png": (12, 30)}
    regions = {
        "a.png": [
            region(sizes["a.png"], slice(2, 9), slice(3, 14), "face", "gazed"),
            region(sizes["a.png"], slice(8, 20), slice(10, 30), "text"),
        ],
        "b.png": [region(sizes["b.png"], slice(0, 5), slice(0, 6), "face")],
    }
    looked = {"a.png": ([4, 5, 12.4, 29], [3, 3, 8.2, 23]), "b.png": ([20], [10])}
    samples = []
    for key, size in sizes.items():
        (tmp_path / key).write_bytes(key.encode())
        samples.append(Sample(Stimulus(key, tmp_path / key, size), Fixations(*looked[key], size)))
    return build_probe(Written(regions), DataSet("two", tuple(samples)))


def measured(probe, number, maps, thresholds, *, places=None, entered=None, step=3):
    entered = entered or probe.stimuli[number].size
    work = PictureWork.of(probe, number, entered=entered, step=step, seed=0)
    grid = Grid(tuple(maps.shape[1:]), len(maps), places)
    return work, work.measures({"layer": grid}, CPU)["layer"].respond(maps, thresholds)


def on_the_picture(maps, work, places=None):
    raster = Grid(tuple(maps.shape[1:]), len(maps), places).raster(work.size, work.entered)
    rows, columns = raster.rows.toarray(), raster.columns.toarray()
    return np.einsum("yh,chw,xw->cyx", rows, maps.double().numpy(), columns)


PLACES = (Place(8, 7), Place(8, 0))


@pytest.mark.parametrize(("places", "entered"), [(None, None), (PLACES, (32, 40))])
def test_z_scores_are_those_of_the_maps_on_the_picture(two, places, entered):
    maps = torch.randn(5, 4, 5) * 30 + 400
    work, found = measured(two, 0, maps, torch.zeros(5), places=places, entered=entered)
    pictures = on_the_picture(maps, work, places)
    z = (pictures - pictures.mean(axis=(1, 2), keepdims=True)) / pictures.std(axis=(1, 2), keepdims=True)
    masks = [one.mask((24, 30)) for one in work.own.regions]
    np.testing.assert_allclose(found.nss["own"][0], [z[:, mask].mean(axis=1) for mask in masks], atol=2e-5)
    face = z[:, [3, 3], [4, 5]].mean(axis=1)
    text = z[:, 8, 12]  # 12.4, 8.2 lies in cell 12, 8, which is inside both; the last fixation in none
    assert found.nss["own"][1][0] == pytest.approx(z[:, [3, 3, 8], [4, 5, 12]].mean(axis=1), abs=2e-5) != pytest.approx(face)
    assert found.nss["own"][1][1] == pytest.approx(text, abs=2e-5)


def test_overlaps_are_counted_on_every_third_pixel(two):
    maps = torch.randn(5, 4, 5)
    work, found = measured(two, 0, maps, torch.full((5,), 0.3))
    on = on_the_picture(maps, work)[:, 1::3, 1::3] > 0.3
    face, text = (one.mask((24, 30))[1::3, 1::3] for one in work.own.regions)
    assert two.table.categories == ("face", "gazed", "text")
    assert found.overlap["own"].tolist() == [(on & mask).sum(axis=(1, 2)).tolist() for mask in (face, face, text)]
    assert found.above.tolist() == on.sum(axis=(1, 2)).tolist()


def test_z_scores_of_two_spots_worked_out_by_hand(two):
    maps = torch.zeros(1, 24, 30)
    maps[0, 3, 4], maps[0, 8, 12] = 4, 2
    _, found = measured(two, 0, maps, torch.zeros(1))
    mean = 6 / 720
    deviation = (20 / 720 - mean**2) ** 0.5
    # three fixations in the face: two in the cells beside the spots' (3, 4) and (3, 5), one in (8, 12)
    assert found.nss["own"][1][0, 0] == pytest.approx(((4 + 0 + 2) / 3 - mean) / deviation, rel=1e-5)


def test_a_region_without_fixations_has_no_score_there(two):
    _, found = measured(two, 1, torch.randn(2, 3, 5), torch.zeros(2))
    assert np.isnan(found.nss["own"][1]).all()
    assert np.isfinite(found.nss["own"][0]).all()
    assert two.table.fixations.tolist() == [3, 1, 0]


def test_a_positive_scale_and_a_shift_change_no_z_score_and_a_negative_one_its_sign(two):
    maps = torch.randn(3, 6, 6)
    first, second, third = (measured(two, 0, changed, torch.zeros(3))[1].nss["own"] for changed in (maps, 50 * maps + 7, -0.1 * maps))
    np.testing.assert_allclose(second, first, atol=1e-5)
    np.testing.assert_allclose(third, -first, atol=1e-5)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e4, float("nan")])
def test_a_constant_map_scores_nothing_and_lies_above_no_threshold(two, value):
    _, found = measured(two, 0, torch.full((1, 5, 7), value), torch.tensor([0.0 if np.isnan(value) else value]))
    assert not found.nss["own"].any()
    assert not found.above.any()


def test_cells_between_saturated_ones_are_not_above_them(two):
    """6 is where ReLU6 ends; interpolation between two sixes may round above 6."""
    maps = torch.full((1, 7, 11), 6.0)
    maps[0, 0, 0] = 0
    assert not measured(two, 0, maps, torch.tensor([6.0]), step=1)[1].above.any()


def test_other_pictures_lend_their_regions_stretched(two):
    lent = PictureRegions.of(two, 1, (24, 30), 1)
    assert [(one.top, one.left, one.pixels.shape) for one in lent.regions] == [(0, 0, (10, 6))]
    assert lent.fixations.y.tolist() == [20.5]
    assert sorted(two.partner.tolist()) == [0, 1]
    assert all(two.partner[number] != number for number in (0, 1))


def test_permuted_cells_average_to_nothing(two):
    """Over many permutations the z-score of a permuted unit is 0."""
    torch.manual_seed(1)
    maps = torch.randn(4, 4, 5).abs()
    grid = {"layer": Grid((4, 5), 4, None)}
    scores = []
    for seed in range(64):
        work = PictureWork.of(two, 0, entered=(24, 30), step=3, seed=seed)
        scores.append(work.measures(grid, CPU)["layer"].respond(maps, torch.zeros(4)).nss["permuted"][0])
    mean, error = np.mean(scores, axis=0), np.std(scores, axis=0) / 8
    assert (np.abs(mean) < 4 * error).all()


def test_a_permutation_is_the_same_whichever_layers_are_measured(two):
    maps = torch.randn(2, 4, 5)
    work = PictureWork.of(two, 0, entered=(24, 30), step=3, seed=0)
    grids = {"first": Grid((7, 8), 2, None), "second": Grid((4, 5), 2, None)}
    together = work.measures(grids, CPU)["second"].respond(maps, torch.zeros(2)).nss["permuted"]
    alone = work.measures({"second": grids["second"]}, CPU)["second"].respond(maps, torch.zeros(2)).nss["permuted"]
    np.testing.assert_array_equal(together, alone)
