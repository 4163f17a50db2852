"""FixedGaussian: the small blur that is part of a network and learns nothing."""

from __future__ import annotations

import math
from typing import Literal, get_args

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own custom)
from torch import Tensor, nn

from salquest.errors import InputError

BlurPadding = Literal["replicate", "zeros"]


class FixedGaussian(nn.Module):
    """Blur maps (B, h, w) with a fixed kernel; sigma 1 on 5 cells is step 6 of Bruckert 2021.

    Weights along a side are exp(-x**2 / (2 sigma**2)) at whole x, scaled to sum to 1: .0545 .2442 .4026 .2442 .0545 for the default
    (`cv2.getGaussianKernel(5, 1)` gives the same). The kernel is a buffer that no state dict carries.

    Args:
        sigma_cells: in cells of the map that is blurred, not in pixels of the picture.
        size: cells along a side of the kernel, odd.
        padding: "replicate" repeats the border, so that a constant map stays what it is; "zeros" darkens the border.

    Raises:
        InputError: a sigma, size or padding that cannot be meant.
    """

    kernel: Tensor

    def __init__(self, sigma_cells: float = 1.0, size: int = 5, padding: BlurPadding = "replicate") -> None:
        super().__init__()
        if sigma_cells <= 0 or size < 1 or size % 2 == 0 or padding not in get_args(BlurPadding):
            raise InputError(
                f"a blur has a positive sigma, an odd size and replicate or zeros as padding; found {sigma_cells}, {size}, {padding!r}"
            )
        self.padding = padding
        weights = [math.exp(-(x**2) / (2 * sigma_cells**2)) for x in range(-(size // 2), size // 2 + 1)]
        side = torch.tensor(weights, dtype=torch.float64) / sum(weights)
        self.register_buffer("kernel", torch.outer(side, side).float()[None, None], persistent=False)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (B, h, w) to maps of the same size."""
        reach = self.kernel.shape[-1] // 2
        mode = "replicate" if self.padding == "replicate" else "constant"
        padded = F.pad(maps[:, None], (reach, reach, reach, reach), mode=mode)
        return F.conv2d(padded, self.kernel.to(padded.dtype))[:, 0]
