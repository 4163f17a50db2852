"""Banks of filters: both ways of correlating against scipy's, and the border."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from salquest.models.classical.bank import Tiling, correlate_bank, with_border


def by_scipy(maps: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """Correlation where the whole window fits, one filter and channel at a time."""
    margin = filters.shape[-1] // 2
    inside = slice(margin, -margin)
    return np.stack([sum(ndimage.correlate(one, tap)[inside, inside] for one, tap in zip(maps, bank, strict=True)) for bank in filters])


def tiled(maps: np.ndarray, filters: np.ndarray, device: str = "cpu") -> np.ndarray:
    """All pieces of a tiling put together."""
    from salquest.models.classical.arrays import as_numpy, on_device

    tiling = Tiling.of(filters.astype(np.float32), maps.shape[1:], device)
    found = np.full((len(filters), *tiling.size), np.nan)
    for chosen, rows, columns, piece in tiling.correlate(on_device(maps.astype(np.float32), device)):
        assert np.isnan(found[chosen, rows, columns]).all(), "a response is answered once"
        found[chosen, rows, columns] = as_numpy(piece)
    return found


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_a_product_correlates_as_scipy_does(rng):
    maps, filters = rng.random((3, 20, 30)), rng.random((4, 3, 5, 5))
    np.testing.assert_allclose(correlate_bank(maps, filters), by_scipy(maps, filters), rtol=1e-10)


def test_torch_s_product_gives_numpy_s(rng):
    torch = pytest.importorskip("torch")
    maps, filters = rng.random((3, 20, 30)), rng.random((4, 3, 5, 5))
    on_torch = correlate_bank(torch.as_tensor(maps), torch.as_tensor(filters))
    np.testing.assert_allclose(on_torch.numpy(), correlate_bank(maps, filters), rtol=1e-10)


@pytest.mark.parametrize("size", [(11, 11), (12, 97), (150, 131)])
def test_tiles_correlate_as_scipy_does(size, rng):
    maps, filters = rng.random((3, *size)), rng.normal(size=(20, 3, 11, 11))
    # sums of 363 products in single precision
    np.testing.assert_allclose(tiled(maps, filters), by_scipy(maps, filters), atol=1e-4)


def test_torch_s_tiles_give_numpy_s(rng):
    pytest.importorskip("torch")
    maps, filters = rng.random((3, 120, 100)), rng.normal(size=(5, 3, 11, 11))
    np.testing.assert_allclose(tiled(maps, filters, "torch"), tiled(maps, filters), atol=1e-4)


def test_the_border_has_the_least_value_inside():
    picture = np.arange(60.0).reshape(1, 6, 10)
    found = with_border(lambda p: p[0, 1:-1, 1:-1], picture, 3)
    assert found.shape == (6, 10)
    np.testing.assert_array_equal(found[1:-1, 1:-1], picture[0, 1:-1, 1:-1])
    assert set(found[0]) | set(found[:, 0]) | set(found[-1]) | set(found[:, -1]) == {11}


def test_a_picture_smaller_than_the_window_is_continued():
    found = with_border(lambda p: p[0, 2:-2, 2:-2], np.array([[[1.0, 2.0]]]), 5)
    # five columns 1 1 2 2 2 have one window, around their middle
    assert found.tolist() == [[2, 2]]
