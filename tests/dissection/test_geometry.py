"""Where units stand on a picture, and sums over pixels taken from cells."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from salquest.dissection.geometry import Grid, Place, survey
from salquest.dissection.hooks import watched
from salquest.dissection.interpolation import Axis, Raster
from salquest.dissection.subjects import open_subject
from salquest.errors import InputError

CPU = torch.device("cpu")


def places(encoder: str, layer: str, size: tuple[int, int] = (64, 96)) -> tuple[Place, Place] | None:
    subject = open_subject(encoder)
    layers = subject.layers([layer])
    return survey(subject.front(layers.values()), layers, size, CPU)[layer].places


def test_stride_two_padded_on_both_sides_puts_cells_on_the_first_pixel():
    assert places("resnet50@none", "layer1") == (Place(4, 0), Place(4, 0))


def test_tensorflow_s_padding_puts_cells_on_the_last_pixel():
    # the embedded weights' padding; 8 i + 7 at stride 8
    assert places("mobilenet_v2", "features.6") == (Place(8, 7), Place(8, 7))


def test_pooling_puts_cells_in_the_middle():
    assert places("vgg16@none", "pool2") == (Place(4, 1.5), Place(4, 1.5))


def test_the_place_is_where_the_network_looks():
    """A dot at the place of a cell moves that cell most: true for filters that are all positive."""
    network = nn.Sequential(nn.Conv2d(3, 1, 3, 2, 1), nn.Conv2d(1, 1, 3, 2, 1), nn.Conv2d(1, 1, 3, 1, 1))
    for module in network:
        nn.init.constant_(module.weight, 1.0)
        nn.init.zeros_(module.bias)
    grid = survey(network, {"last": network[2]}, (32, 40), CPU)["last"]
    vertical, horizontal = grid.places
    picture = torch.zeros(1, 3, 32, 40, requires_grad=True)
    network(picture)[0, 0, 4, 5].backward()
    weight = picture.grad[0, 0].abs()
    rows, columns = torch.meshgrid(torch.arange(32.0), torch.arange(40.0), indexing="ij")
    centre = float((rows * weight).sum() / weight.sum()), float((columns * weight).sum() / weight.sum())
    assert centre == (vertical.first + 4 * vertical.stride, horizontal.first + 5 * horizontal.stride)


def test_evenly_spread_cells_interpolate_as_torch_does():
    maps = torch.rand(1, 1, 3, 4, dtype=torch.float64)
    raster = Raster.of(Axis.spread(11, 3), Axis.spread(14, 4))
    expected = F.interpolate(maps, (11, 14), mode="bilinear", align_corners=False)[0, 0].numpy()
    np.testing.assert_allclose(raster.rows @ maps[0, 0].numpy() @ raster.columns.T.toarray(), expected, atol=1e-12)


def test_a_picture_that_was_resized_on_its_way_in_moves_its_cells():
    grid = Grid((2, 2), 1, (Place(4, 0), Place(4, 0)))
    # 16 pixels enter as 8: input pixel 4 is centred on 4 * 2 + 0.5
    raster = grid.raster((16, 16), (8, 8))
    interpolated = raster.rows @ np.array([0.0, 1.0])
    assert interpolated[[0, 4, 5, 8, 9, 15]] == pytest.approx([0, 3.5 / 8, 4.5 / 8, 7.5 / 8, 1, 1])


def test_sums_over_pixels_are_sums_over_cells():
    draw = np.random.Generator(np.random.PCG64(1))
    maps, mask = draw.normal(size=(3, 5)), draw.random((12, 17)) < 0.3
    raster = Raster.of(Axis(12, 3, 0.0, 4.0), Axis(17, 5, 2.0, 3.0))
    picture = raster.rows @ maps @ raster.columns.T.toarray()
    y, x = np.nonzero(mask)
    assert raster.of_window(2, 3, mask[2:9, 3:]) @ maps.reshape(-1) == pytest.approx(picture[2:9, 3:][mask[2:9, 3:]].sum())
    assert raster.of_points(y, x) @ maps.reshape(-1) == pytest.approx(picture[mask].sum())
    assert raster.mean() @ maps.reshape(-1) == pytest.approx(picture.mean())


def test_hooks_are_gone_when_the_block_ends_even_by_an_error():
    layer = nn.Conv2d(3, 2, 1)
    with pytest.raises(RuntimeError), watched({"layer": layer}):
        raise RuntimeError
    assert not layer._forward_hooks


def test_a_map_is_kept_as_it_was_before_the_next_layer_wrote_over_it():
    network = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU(inplace=True))
    nn.init.constant_(network[0].weight, -1.0)
    with torch.no_grad(), watched({"before": network[0]}) as maps:
        network(torch.ones(1, 3, 2, 2))
    assert maps["before"].max() < 0


def test_a_layer_without_maps_is_told():
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with pytest.raises(InputError, match=r"the layer vector answers \(1, 3\); units are maps"):
        survey(network, {"vector": network[1]}, (8, 8), CPU)
