"""Attribution: which parts of a picture drive what a saliency network predicts at a place.

A map needs one number before it has a gradient: the target is the mean over chosen pixels of the predicted log-density (nats per pixel of the
picture), or of the z-scored map. Methods are Captum's; they work on the picture as it enters the network, and the answer is laid on the
picture's own pixels so that its sum is kept.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.stats import rankdata
from torch import Tensor

from salquest.dissection.annotations.region import Region
from salquest.dissection.interpolation import Raster
from salquest.dissection.subjects import Size, Subject, as_input, input_size, open_subject, random_twin
from salquest.errors import InputError, MissingExtra
from salquest.gaze import blur
from salquest.gaze.pictures import as_pixels
from salquest.losses import Prediction
from salquest.models.deep.network import SaliencyNetwork
from salquest.models.fitting import fitted_map_size

Floats = NDArray[np.float64]
Method = Literal["integrated-gradients", "input-x-gradient", "occlusion"]
Baseline = Literal["blurred", "grey"]
Quantity = Literal["log-density", "z-score"]

# deviation of the blurred baseline, as a share of the smaller side: what is left says where light and dark are, and no more
BLUR = 0.1
# of integrated gradients; what they leave open is told with every answer
STEPS = 128
# pictures that go through the network at a time
BATCH = 8
# side of what occlusion covers and how far it moves, as shares of the smaller side
PATCH, STRIDE = 1 / 8, 1 / 16


@dataclass(frozen=True)
class Place:
    """Pixels of a picture that a target is about: rectangles (left, top, width, height), and points as rectangles of one pixel."""

    boxes: tuple[tuple[int, int, int, int], ...]

    @classmethod
    def at(cls, *points: tuple[int, int]) -> Place:
        """Pixels (x, y)."""
        return cls(tuple((x, y, 1, 1) for x, y in points))

    @classmethod
    def region(cls, left: int, top: int, width: int, height: int) -> Place:
        """A rectangle of pixels."""
        return cls(((left, top, width, height),))

    def mask(self, size: Size) -> NDArray[np.bool_]:
        """The pixels in a picture of (height, width).

        Raises:
            InputError: none was named, or some lie outside.
        """
        if not self.boxes:
            raise InputError("say what the attribution is about: pixels (--at X,Y) or a region (--region LEFT,TOP,WIDTH,HEIGHT)")
        mask = np.zeros(size, dtype=bool)
        for left, top, width, height in self.boxes:
            if width < 1 or height < 1 or left < 0 or top < 0 or left + width > size[1] or top + height > size[0]:
                what = f"pixel {left},{top}" if (width, height) == (1, 1) else f"region {left},{top},{width},{height}"
                raise InputError(
                    f"the {what} does not lie in the picture, which is {size[1]} x {size[0]} pixels (width x height), counted from 0"
                )
            mask[top : top + height, left : left + width] = True
        return mask


@dataclass(frozen=True, eq=False)
class Attribution:
    """Which pixels drive a prediction.

    Attributes:
        values: (H, W), signed; pixels above 0 raise the target. Of integrated gradients they add up to the target less the baseline's, of the
            other methods to nothing in particular.
        target, baseline_target: the quantity for the picture and for the baseline.
        gap: the values' sum less the difference of the two targets: of integrated gradients what its steps leave open; None of other methods.
        model: its name.
        method, quantity: as asked for.
        baseline: what the picture is compared with; None where the method has none.
        place: the pixels that the target is about.
    """

    values: NDArray[np.float32]
    target: float
    baseline_target: float | None
    gap: float | None
    model: str
    method: Method
    quantity: Quantity
    baseline: Baseline | None
    place: Place


@dataclass(frozen=True)
class RegionShare:
    """What one region has of an attribution.

    Attributes:
        categories: the region's names, sorted; empty for the picture outside all regions.
        pixels: its area.
        value: sum of its pixels' values; above 0 the region raises the target.
        share: of the absolute values of the whole picture, 0..1. Regions may overlap.
        over_area: share over the region's share of the picture's area; 1: as much as anywhere.
    """

    categories: tuple[str, ...]
    pixels: int
    value: float
    share: float
    over_area: float


def attribute(
    model: str | Path | Subject,
    picture: str | Path | Image.Image | NDArray,
    place: Place,
    *,
    method: Method = "integrated-gradients",
    baseline: Baseline = "blurred",
    quantity: Quantity | None = None,
    steps: int = STEPS,
    batch: int = BATCH,
    device: str = "cpu",
) -> Attribution:
    """Which pixels of a picture drive the prediction at a place.

    Args:
        model: a saliency network, as `open_subject` takes it.
        picture: a path, a PIL image or an array (H, W, 3).
        place: the pixels that the target is about.
        method: "integrated-gradients" (Sundararajan 2017) along the straight way from the baseline; "input-x-gradient" (Shrikumar 2016), the
            picture above the network's grey times the gradient; "occlusion" (Zeiler 2014), the target's fall while a square shows the baseline.
        baseline: "blurred": the picture under a Gaussian of a tenth of its smaller side; "grey": the colour that the encoder subtracts.
        quantity: "log-density" or "z-score"; log-density of a network whose map is a softmax, else z-score, where it is not given.
        steps: of integrated gradients (Gauss-Legendre).
        batch: pictures that go through the network at a time: what memory is spent on.
        device: where the network runs.

    Raises:
        MissingExtra: Captum is not installed. InputError: a model without maps, a place outside the picture, a name that is not known, or a
            logarithm asked of a map that has none.
    """
    methods = _captum()
    _known("method", method, get_args(Method))
    _known("baseline", baseline, get_args(Baseline))
    if steps < 1 or batch < 1:
        raise InputError(f"integrated gradients take 1 or more steps, 1 or more pictures at a time; found {steps} and {batch}")
    subject = open_subject(model, device=device)
    network, pixels = subject.predictor, as_pixels(picture)
    shown = (pixels.shape[0], pixels.shape[1])
    chosen: Quantity = quantity or ("log-density" if network.activation == "softmax" else "z-score")
    _known("quantity", chosen, get_args(Quantity))
    entered = input_size([subject], shown)
    target = target_of(network, place, shown, entered, chosen)
    inputs = as_input(pixels, entered, subject.device).requires_grad_()
    start = _baseline(network, inputs, baseline)
    if method == "integrated-gradients":
        way = methods.IntegratedGradients(target, multiply_by_inputs=True)
        found = way.attribute(inputs, baselines=start, n_steps=steps, internal_batch_size=batch)
    elif method == "input-x-gradient":
        # above the grey, so that a channel that is 0 is not taken for absent
        grey = _baseline(network, inputs, "grey")
        above = (inputs.detach() - grey).requires_grad_()
        found = methods.InputXGradient(lambda apart: target(grey + apart)).attribute(above)
    else:
        side, stride = (max(1, round(share * min(entered))) for share in (PATCH, STRIDE))
        found = methods.Occlusion(target).attribute(
            inputs.detach(),
            sliding_window_shapes=(3, side, side),
            strides=(3, stride, stride),
            baselines=start,
            perturbations_per_eval=batch,
        )
    # a window is hidden in all channels at once, and each of them is told the whole fall
    channels = found.detach()[0].mean(dim=0) if method == "occlusion" else found.detach()[0].sum(dim=0)
    values = channels.double().cpu().numpy()
    with torch.no_grad():
        here, there = float(target(inputs)), float(target(start))
    has_baseline = method != "input-x-gradient"
    return Attribution(
        laid_on(values, shown),
        here,
        there if has_baseline else None,
        float(values.sum() - (here - there)) if method == "integrated-gradients" else None,
        subject.name,
        method,
        chosen,
        baseline if has_baseline else None,
        place,
    )


def region_shares(found: Attribution, regions: Sequence[Region]) -> list[RegionShare]:
    """Which annotated regions of the picture drive the prediction.

    Args:
        found: what `attribute` answered.
        regions: of the same picture.

    Returns:
        The regions, the greatest share first, and last the picture outside all of them.

    Raises:
        InputError: no regions, or one that reaches beyond the picture.
    """
    size = (found.values.shape[0], found.values.shape[1])
    if not regions:
        raise InputError("the picture has no regions that an attribution could be shared out among")
    if any(rows.stop > size[0] or columns.stop > size[1] for rows, columns in (region.window for region in regions)):
        raise InputError(
            f"regions reach beyond the picture of {size[1]} x {size[0]} pixels: they are of another picture, or of another size of it"
        )
    values = found.values.astype(np.float64)
    whole = float(np.abs(values).sum()) or 1.0

    def shared(categories: tuple[str, ...], mask: NDArray[np.bool_]) -> RegionShare:
        pixels, share = int(mask.sum()), float(np.abs(values[mask]).sum()) / whole
        return RegionShare(categories, pixels, float(values[mask].sum()), share, share * mask.size / pixels if pixels else 0.0)

    masks = [region.mask(size) for region in regions]
    own = [shared(tuple(sorted(region.categories)), mask) for region, mask in zip(regions, masks, strict=True)]
    return [*sorted(own, key=lambda one: -one.share), shared((), ~np.logical_or.reduce(masks))]


def randomisation_check(model: str | Path | Subject, picture: Any, found: Attribution, *, seed: int = 0, **options: Any) -> float:
    """How alike an attribution is to that of the same network with random weights: Spearman's r of absolute values (Adebayo 2018).

    Near 1 says that the method shows the picture's edges rather than what the network learnt.

    Args:
        model, picture: those of `found`.
        found: what `attribute` answered.
        seed: of the random weights.
        **options: those of `attribute` that are not in `found`.
    """
    subject = open_subject(model, device=options.get("device", "cpu"))
    pixels = as_pixels(picture)
    shown = as_input(pixels, input_size([subject], (pixels.shape[0], pixels.shape[1])), subject.device)
    twin = random_twin(subject, [shown], seed=seed)
    other = attribute(
        twin, pixels, found.place, method=found.method, baseline=found.baseline or "blurred", quantity=found.quantity, **options
    )
    first, second = (rankdata(np.abs(one.values)) for one in (found, other))
    return float(np.corrcoef(first.reshape(-1), second.reshape(-1))[0, 1]) if np.ptp(first) and np.ptp(second) else 0.0


def target_of(network: SaliencyNetwork, place: Place, shown: Size, entered: Size, quantity: Quantity) -> Callable[[Tensor], Tensor]:
    """What `attribute` follows: pictures (B, 3, h, w) in 0..1 to one number each, (B,).

    Args:
        network: the network.
        place: pixels of the picture.
        shown, entered: the picture's (height, width), and that at which it enters.
        quantity: "log-density": the mean over the place of ln p, p being the density per pixel of the picture, interpolated between the
            map's cells; "z-score": of the density brought to the picture's pixels (population deviation).

    Raises:
        InputError: a place outside the picture, or the logarithm of a map that may be empty.
    """
    mask = place.mask(shown)
    if quantity == "log-density" and network.activation != "softmax":
        raise InputError(f"only a softmax map has a logarithm everywhere; this network's is a {network.activation}: take the z-score")
    cells = fitted_map_size(entered, network.size, network.map_size)
    raster = Raster.resizing(shown, cells)
    device = next(network.parameters()).device

    def there(values: Any) -> Tensor:
        return torch.from_numpy(np.asarray(values, dtype=np.float64)).to(device)

    weights = there(raster.of_window(0, 0, mask) / mask.sum())
    if quantity == "log-density":
        # cells hold the mass of several pixels, or of a part of one
        share = math.log(cells[0] * cells[1] / (shown[0] * shown[1]))
        return lambda pictures: Prediction(network(pictures), network.activation).log_density.double().flatten(1) @ weights + share
    mean, rows, columns = (
        there(raster.mean()),
        there((raster.rows.T @ raster.rows).toarray()),
        there((raster.columns.T @ raster.columns).toarray()),
    )

    def z_score(pictures: Tensor) -> Tensor:
        density = Prediction(network(pictures), network.activation).density.double() * (cells[0] * cells[1])
        apart = density - density.mean(dim=(1, 2), keepdim=True)
        middle = apart.flatten(1) @ mean
        square = (apart * (rows @ apart @ columns)).sum(dim=(1, 2)) / raster.pixels
        # a constant map, as a baseline may have, scores 0 and has a finite gradient
        return (apart.flatten(1) @ weights - middle) / (square - middle.square()).clamp_min(1e-12).sqrt()

    return z_score


def laid_on(values: Floats, size: Size) -> NDArray[np.float32]:
    """Values (h, w) of a picture that was resized, spread over its own pixels (H, W): each value among the pixels it was seen in, sum kept."""
    raster = Raster.resizing(size, (values.shape[0], values.shape[1]))
    rows, columns = (weights.toarray() for weights in (raster.rows, raster.columns))
    spread: Floats = (rows / rows.sum(axis=0)) @ values @ (columns / columns.sum(axis=0)).T
    return spread.astype(np.float32)


def _baseline(network: SaliencyNetwork, inputs: Tensor, name: Baseline) -> Tensor:
    if name == "grey":
        return network.encoder.mean.expand_as(inputs).detach().clone()
    picture = inputs.detach()[0].cpu().numpy().astype(np.float64)
    softened = blur(picture, BLUR * min(picture.shape[1:]), border="reflect")
    return torch.from_numpy(softened).to(inputs)[None]


def _captum() -> Any:
    """The module of methods. Raises MissingExtra: it is not installed."""
    if importlib.util.find_spec("captum") is None:
        raise MissingExtra("attribution", "attribution")
    return importlib.import_module("captum.attr")


def _known(what: str, name: str, names: Sequence[str]) -> None:
    if name not in names:
        raise InputError(f"no {what} is called {name!r}; there are: {', '.join(names)}")
