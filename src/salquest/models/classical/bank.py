"""Banks of filters over pictures: windows laid out for one matrix product."""

from __future__ import annotations

import array_api_compat
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from salquest.models.classical.arrays import Array

# floats of the windows that one product takes: within a processor's second cache
AT_ONCE = 1 << 19


def correlate_bank(maps: Array, filters: Array) -> Array:
    """Correlation of maps (C, H, W) with filters (N, C, K, L), where the whole window fits: (N, H - K + 1, W - L + 1).

    On numpy windows are copied side by side, a few rows at a time, which one matrix product then takes; torch has its own convolution.
    """
    if array_api_compat.is_torch_array(maps):
        from torch.nn import functional

        return functional.conv2d(maps[None], filters)[0]
    count, window = filters.shape[0], filters.shape[2:]
    weights = filters.reshape(count, -1)
    views: NDArray = sliding_window_view(maps, window, axis=(1, 2)).transpose(0, 3, 4, 1, 2)
    height, width = views.shape[-2:]
    result = np.empty((count, height * width), maps.dtype)
    rows = max(1, AT_ONCE // (weights.shape[1] * width))
    for top in range(0, height, rows):
        below = min(top + rows, height)
        columns = np.ascontiguousarray(views[..., top:below, :]).reshape(weights.shape[1], -1)
        np.matmul(weights, columns, out=result[:, top * width : below * width])
    return result.reshape(count, height, width)
