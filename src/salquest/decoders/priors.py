"""LearnedPriors: Gaussian maps whose places and widths are learned, the centre bias of a network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from salquest.errors import InputError

EPS = 1e-7

MU_X, MU_Y = (0.25, 0.75), (0.35, 0.65)
SIGMA_X, SIGMA_Y = (0.1, 0.9), (0.2, 0.8)
"""Where the released network clips means and deviations, in widths of the map."""


class LearnedPriors(nn.Module):
    """Axis-aligned Gaussians on a grid, each divided by its own maximum there (Cornia 2018, as released).

    Coordinates are isotropic: x runs from 0 to 1 over the width, y over as much as the height is of it, centred on 0.5. Means start
    uniform in 0.3..0.7 and deviations in 0.05..0.3. All are clipped when the maps are drawn, and a clipped number has no gradient: a sigma_y that
    starts below 0.2 (six in ten do) stays where it is. The printed factor 1 / (2 pi sigma_x sigma_y) cancels in the division.

    Args:
        gaussians: how many maps.
        seed: of the start; torch's global generator is left as it was.

    Raises:
        InputError: no Gaussian.
    """

    def __init__(self, gaussians: int = 16, *, seed: int = 0) -> None:
        super().__init__()
        if gaussians < 1:
            raise InputError(f"learned priors are one Gaussian or more; found {gaussians}")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.mu_x, self.mu_y = (nn.Parameter(torch.empty(gaussians).uniform_(0.3, 0.7)) for _ in range(2))
            self.sigma_x, self.sigma_y = (nn.Parameter(torch.empty(gaussians).uniform_(0.05, 0.3)) for _ in range(2))

    def forward(self, size: tuple[int, int]) -> Tensor:
        """The maps (gaussians, h, w) on a grid of (height, width), in 0..1, each with a maximum of 1."""
        height, width = size
        aspect = height / width
        across = _profile(0.0, 1.0, width, self.mu_x.clamp(*MU_X), self.sigma_x.clamp(*SIGMA_X))
        down = _profile((1 - aspect) / 2, (1 + aspect) / 2, height, self.mu_y.clamp(*MU_Y), self.sigma_y.clamp(*SIGMA_Y))
        return down[:, :, None] * across[:, None, :]


def _profile(first: float, last: float, cells: int, mu: Tensor, sigma: Tensor) -> Tensor:
    """Gaussians (n, cells) on equally spaced places, divided by their maxima; a map's maximum is the product of its two profiles'."""
    places = torch.linspace(first, last, cells, device=mu.device, dtype=mu.dtype)
    exponents = -((places - mu[:, None]) ** 2) / (2 * sigma[:, None] ** 2 + EPS)
    return torch.exp(exponents - exponents.amax(dim=1, keepdim=True))
