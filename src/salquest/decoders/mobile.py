"""The readout of the shipped network: several scales and the whole picture on one light grid, then a learned blur and a learned centre prior."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own custom)
from torch import Tensor, nn

from salquest.decoders.taps import check_taps, resize_tap
from salquest.errors import InputError

# cells of the centre prior's log-map, and the deviation, in fractions of the sides, of the Gaussian that it starts as
PRIOR_CELLS, PRIOR_WIDTH = (9, 12), 0.25
# of the Gaussian between those cells, in cells; and the least one of the learned blur, so that a map that grows shows no steps
PRIOR_BLUR, LEAST_BLUR = 0.7, 0.5
# where the learned blur starts, as a fraction of the root of the picture's area
BLUR = 0.02


class MobileReadout(nn.Module):
    """Taps to one raw map, the logarithm of a density up to a constant; made for a softmax.

    Each tap: conv 1x1 to `width`, norm, brought to the grid of tap `level`; their sum with the deepest tap's mean over the picture (conv 1x1);
    ReLU; twice depthwise 5x5, norm, ReLU, conv 1x1, norm, ReLU; conv 1x1 to one map. That is blurred by a Gaussian of learned width while it
    grows, and the centre prior is added: a coarse map of log-density of its own, stretched to the picture, times a learned weight. Source: ours;
    the order blur, prior, softmax is that of DeepGaze (Kümmerer 2016), the taps' sum that of `LightReadout`.

    Both Gaussians are matrices that rows and columns are multiplied with, so that maps of any size have them, exported ones too.

    Args:
        channels: of the taps, finest first.
        width: maps in between.
        strides: of the taps, which say how grids lie on each other; each twice the last where they are not given.
        level: the tap whose grid is worked on; finer ones are averaged onto it.
        grow: the map has so many times that grid's rows and columns.
        last_bias: where the bias of the last convolution starts.
        last_scale: what its weights at the start are multiplied with; small ones start at the centre prior.
        dropout: share of the merged maps that are left out, drawn anew for every picture of training.
        seed: of the start (torch's own initialisation); torch's global generator is left as it was.

    Raises:
        InputError: a level beyond the taps, a map that shrinks, or a dropout outside of 0..1.
    """

    def __init__(
        self,
        channels: Sequence[int],
        width: int = 64,
        *,
        strides: Sequence[int] | None = None,
        level: int = 0,
        grow: int = 1,
        last_bias: float = 0.0,
        last_scale: float = 1.0,
        dropout: float = 0.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if not 0 <= dropout < 1:
            raise InputError(f"a dropout is a share of the maps, from 0 to less than 1; found {dropout:g}")
        if not 0 <= level < len(channels) or grow < 1:
            raise InputError(f"level is one of the {len(channels)} taps, from 0, and grow 1 or more; found {level} and {grow}")
        self.channels, self.level, self.grow = tuple(channels), level, grow
        self.strides = tuple(strides) if strides is not None else tuple(2**place for place in range(len(self.channels)))
        if len(self.strides) != len(self.channels):
            raise InputError(f"every tap has a stride; found {len(self.channels)} taps and the strides {self.strides}")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.laterals = nn.ModuleList(
                nn.Sequential(nn.Conv2d(tap, width, 1, bias=False), nn.BatchNorm2d(width)) for tap in self.channels
            )
            self.context = nn.Conv2d(self.channels[-1], width, 1)
            self.drop = nn.Dropout2d(dropout)
            self.smooth = nn.Sequential(nn.ReLU(), *_separable(width), *_separable(width))
            self.last = nn.Conv2d(width, 1, 1)
        self.last.bias = nn.Parameter(torch.tensor([float(last_bias)]))
        self.last.weight = nn.Parameter(self.last.weight.detach() * last_scale)
        self.log_blur = nn.Parameter(torch.tensor(math.log(BLUR)))
        self.prior = nn.Parameter(_gaussian_log_map(PRIOR_CELLS, PRIOR_WIDTH))
        self.prior_weight = nn.Parameter(torch.tensor(1.0))

    def forward(self, taps: Sequence[Tensor]) -> Tensor:
        """Taps, one (B, channels[i], h_i, w_i) each, to a raw map (B, grow * h, grow * w) on the grid (h, w) of tap `level`.

        Raises:
            InputError: other taps than it was made for.
        """
        check_taps(taps, self.channels)
        grid = (taps[self.level].shape[-2], taps[self.level].shape[-1])
        merged = self.context(taps[-1].mean(dim=(-2, -1), keepdim=True))
        for lateral, tap, stride in zip(self.laterals, taps, self.strides, strict=True):
            here = self.strides[self.level]
            # a 1x1 convolution and an average change places freely: the smaller map first
            merged = merged + (lateral(_onto(tap, stride, grid, here)) if stride < here else _onto(lateral(tap), stride, grid, here))
        smoothed = self.smooth(self.drop(merged))
        # in bfloat16 a log-density of -8 would be off by 3 %: the last steps are taken in float32 or better whatever the training's precision
        with torch.autocast(smoothed.device.type, enabled=False):
            raw = self.last(smoothed.to(torch.promote_types(smoothed.dtype, torch.float32)))[:, 0]
            return self._blurred(raw) + self.prior_weight * self._stretched_prior(grid, raw)

    def _blurred(self, maps: Tensor) -> Tensor:
        rows, columns = (_places(length, maps) for length in maps.shape[-2:])
        # (rows[-1] + 0.5) is the number of rows, as a tensor: exported networks then read it from the picture at hand
        area = (rows[-1] + 0.5) * (columns[-1] + 0.5)
        sigma = ((2 * self.log_blur).exp() * area + LEAST_BLUR**2).sqrt()
        down, across = (
            _gaussian_weights(_places(length * self.grow, maps) / self.grow, places, sigma)
            for length, places in zip(maps.shape[-2:], (rows, columns), strict=True)
        )
        return down @ maps @ across.transpose(0, 1)

    def _stretched_prior(self, grid: tuple[int, int], like: Tensor) -> Tensor:
        """The prior's log-map at the size of the map, (grow * h, grow * w)."""
        sides = []
        for length, cells in zip(grid, PRIOR_CELLS, strict=True):
            places = _places(length * self.grow, like)
            sides.append(_gaussian_weights(places * (cells / (places[-1] + 0.5)), _places(cells, like), PRIOR_BLUR))
        return sides[0] @ self.prior @ sides[1].transpose(0, 1)


def _separable(width: int) -> list[nn.Module]:
    return [
        nn.Conv2d(width, width, 5, padding=2, groups=width, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.Conv2d(width, width, 1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    ]


def _onto(tap: Tensor, stride: int, grid: tuple[int, int], grid_stride: int) -> Tensor:
    """A tap on the grid of another: averaged where it is finer; where it is coarser enlarged by a whole factor, and what juts out cut off.

    An encoder that rounds up has a last cell that lies partly outside the picture. Squeezing its grid onto a finer one would shift every cell, by
    a different share for every size; cutting off shifts none. The factor is that of the strides: sizes alone do not tell it for small pictures
    (6 rows over 2 are a factor of 4 whose last cell juts out by half), and an exported network has to know it before it sees a picture.
    """
    if stride < grid_stride:
        tap = F.avg_pool2d(tap, grid_stride // stride, ceil_mode=True, count_include_pad=False)
    elif stride > grid_stride:
        tap = F.interpolate(tap, scale_factor=float(stride // grid_stride), mode="bilinear", align_corners=False)
        tap = tap[..., : grid[0], : grid[1]]
    return resize_tap(tap, grid)


def _places(cells: int, like: Tensor) -> Tensor:
    """Centres of cells along a side, (cells,), in cells: 0.5, 1.5, ..."""
    # float32 even where a map comes in half precision, which cannot tell places of a large map apart
    return torch.arange(cells, device=like.device, dtype=torch.promote_types(like.dtype, torch.float32)) + 0.5


def _gaussian_weights(wanted: Tensor, known: Tensor, sigma: Tensor | float) -> Tensor:
    """What each known place counts at each wanted one, (wanted, known): Gaussian, each row summing to 1."""
    weights = torch.exp(-((wanted[:, None] - known[None, :]) ** 2) / (2 * sigma**2))
    return weights / weights.sum(dim=1, keepdim=True)


def _gaussian_log_map(cells: tuple[int, int], width: float) -> Tensor:
    """Logarithm of a Gaussian in the middle, on a grid of cells, up to a constant."""
    y, x = (((torch.arange(number) + 0.5) / number - 0.5) / width for number in cells)
    return -(y[:, None] ** 2 + x[None, :] ** 2) / 2
