"""Where the units of a layer stand: the input pixel on which each cell is centred, followed through strides and paddings.

Cell i of a layer of stride s need not stand in the middle of its s pixels: behind stride-2 convolutions that pad alike on both sides it
stands on s*i, (s - 1)/2 pixels up and to the left of the middle; at stride 32 that is 15.5 pixels, more than many regions are wide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from salquest.dissection.hooks import watched
from salquest.dissection.interpolation import Axis, Raster
from salquest.encoders.padded import SameConv2d, SameMaxPool2d, same_padding
from salquest.errors import InputError

Size = tuple[int, int]


@dataclass(frozen=True)
class Place:
    """Cells along one axis: cell i is centred on input pixel `first + stride * i` (centres at integers)."""

    stride: float
    first: float


@dataclass(frozen=True)
class Grid:
    """The cells of a layer for one input size; `places` along rows and columns, None where they could not be followed."""

    cells: Size
    units: int
    places: tuple[Place, Place] | None

    def raster(self, picture: Size, entered: Size) -> Raster:
        """On the pixels of a picture of (height, width) that entered the network at another (height, width)."""
        if self.places is None:
            return Raster.of(*(Axis.spread(pixels, cells) for pixels, cells in zip(picture, self.cells, strict=True)))
        axes = []
        for pixels, cells, wide, place in zip(picture, self.cells, entered, self.places, strict=True):
            scale = pixels / wide
            axes.append(Axis(pixels, cells, (place.first + 0.5) * scale - 0.5, place.stride * scale))
        return Raster.of(*axes)


def survey(run: nn.Module, layers: Mapping[str, nn.Module], size: Size, device: torch.device, *, centred: bool = True) -> dict[str, Grid]:
    """Let an empty picture of (height, width) through a network and see what grid each layer answers, with where its cells stand.

    Sizes tell which grid a map is on: a layer that brings maps back to an earlier size is taken to stand where that size stood before.

    Args:
        run: what pictures (B, 3, H, W) go into.
        layers: name -> module inside `run`.
        size: of the input.
        device: where the network lies.
        centred: False spreads the cells evenly over the picture, as papers that resize maps do.

    Raises:
        InputError: a layer that answers no maps or never runs, or the network refuses the size.
    """
    known: dict[Size, tuple[Place, Place]] = {size: (Place(1, 0), Place(1, 0))}

    def follow(module: nn.Module, inputs: tuple[Any, ...], answer: Any) -> None:
        if not inputs or not isinstance(inputs[0], Tensor) or not isinstance(answer, Tensor) or answer.ndim != 4:
            return
        before, after = _size(inputs[0]), _size(answer)
        if before in known and after not in known:
            steps = _steps(module, before)
            known[after] = tuple(  # type: ignore[assignment]
                Place(place.stride * stride, place.first + place.stride * shift)
                for place, (stride, shift) in zip(known[before], steps, strict=True)
            )

    handles = [module.register_forward_hook(follow) for module in run.modules() if isinstance(module, _FOLLOWED)]
    try:
        with torch.inference_mode(), watched(layers) as maps:
            run(torch.zeros(1, 3, *size, device=device))
    finally:
        for handle in handles:
            handle.remove()
    for name in layers:
        if name not in maps:
            raise InputError(f"the layer {name} does not run by itself; name one of those that it holds")
    return {name: Grid(_size(found), found.shape[1], known.get(_size(found)) if centred else None) for name, found in maps.items()}


_FOLLOWED = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d, SameMaxPool2d)


def _steps(module: nn.Module, before: Size) -> list[tuple[int, float]]:
    """(stride, input cells from the first input cell to the centre of the first output cell) along rows and columns."""
    kernel, stride = (_pair(getattr(module, "kernel_size", getattr(module, "kernel", 1))), _pair(module.stride))
    dilation = _pair(getattr(module, "dilation", 1))
    if isinstance(module, (SameConv2d, SameMaxPool2d)):
        padding = tuple(same_padding(side, k, s)[0] for side, k, s in zip(before, kernel, stride, strict=True))
    elif module.padding == "same":
        padding = tuple(d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True))
    else:
        padding = _pair(0 if module.padding == "valid" else module.padding)
    return [(s, d * (k - 1) / 2 - p) for k, s, d, p in zip(kernel, stride, dilation, padding, strict=True)]


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (int(value[0]), int(value[1]))


def _size(maps: Tensor) -> Size:
    return int(maps.shape[-2]), int(maps.shape[-1])
