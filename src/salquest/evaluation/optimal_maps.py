"""The map that a density implies for each metric: the one that scores best on average if people look as the density says (Kümmerer 2018).

    auc, auc_judd, nss, ig, ll    the density itself
    auc_shuffled                  the density divided by the centre bias
    cc, kl                        the density blurred as the observed densities are
    sim                           the map of the greatest expected SIM over drawn sets of fixations

So one density answers all metrics, and a plain map is not punished for a metric that it was not made for. That of KL is exact where the blur
keeps each fixation's mass ("reflect", "kernel") and off by the border's loss otherwise; that of CC leaves out that each observed density is
divided by its own deviation; AUC-Borji and EMD have no closed form here.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from salquest.errors import InputError, UnknownName
from salquest.gaze import Fixations, SaliencyMap, Stimulus, as_density, blur, fixation_density
from salquest.gaze.density import Border
from salquest.gaze.pictures import Pixels
from salquest.models import Model

AS_IT_IS = ("auc", "auc_judd", "nss", "ig", "ll")
BLURRED = ("cc", "kl")
METRICS_WITH_MAPS = (*AS_IT_IS, "auc_shuffled", *BLURRED, "sim")

Floats = NDArray[np.float64]


def optimal_map(
    density: ArrayLike,
    metric: str,
    *,
    centre_bias: ArrayLike | None = None,
    sigma_px: float | None = None,
    border: Border = "lost",
    num_fixations: int = 100,
    draws: int = 200,
    seed: int = 0,
) -> Floats:
    """The map, (H, W), that scores best on average under a metric when fixations are drawn from a density.

    Args:
        density: where people look, (H, W); scaled to sum to 1 here.
        metric: one of METRICS_WITH_MAPS.
        centre_bias: density of fixations on other pictures, (H, W), positive; for auc_shuffled.
        sigma_px: of the observed densities that cc, kl and sim compare with.
        border: their border rule.
        num_fixations: how many fixations make one observed density; for sim. It decides much: few fixations, and islands win.
        draws: sets of fixations drawn; for sim.
        seed: of the drawing.

    Returns:
        A density; for auc_shuffled values, the quotient of two densities.

    Raises:
        UnknownName: a metric without such a map. InputError: something that the metric needs is not given, or a map of another size.
    """
    shares = as_density(density)
    if shares.ndim != 2:
        raise InputError(f"an optimal map is made of one density (H, W); found shape {shares.shape}")
    if metric in AS_IT_IS:
        return shares
    if metric == "auc_shuffled":
        return _over_centre(shares, centre_bias)
    if metric not in METRICS_WITH_MAPS:
        raise UnknownName("metric with an optimal map", metric, METRICS_WITH_MAPS)
    if sigma_px is None:
        raise InputError(f"the best map for {metric} depends on the blur of the densities it is compared with; give sigma_px")
    if metric in BLURRED:
        return as_density(blur(shares, sigma_px, border=border))
    return _most_similar(np.stack(list(_drawn(shares, sigma_px, border, num_fixations, draws, seed))))


class OptimalMaps(Model):
    """A density model that answers, for one metric, the map that its density implies: score each metric with the maps made for it.

    Args:
        model: whose maps are densities.
        metric: one of METRICS_WITH_MAPS.
        centre_bias: density model of the centre bias; for auc_shuffled.
        sigma_px: in pixels of the stimuli; for cc, kl and sim.
        num_fixations, seed: for sim, see `optimal_map`.

    Raises:
        InputError: a model of plain maps (models.densities turns them into densities). UnknownName: a metric without such a map.
    """

    def __init__(
        self,
        model: Model,
        metric: str,
        *,
        centre_bias: Model | None = None,
        sigma_px: float | None = None,
        num_fixations: int = 100,
        seed: int = 0,
    ) -> None:
        if not model.is_density:
            raise InputError(f"{model.name} predicts values, not a density; fit one first (salquest.models.densities.fit_density)")
        if metric not in METRICS_WITH_MAPS:
            raise UnknownName("metric with an optimal map", metric, METRICS_WITH_MAPS)
        self.name, self.is_density = f"{model.name} for {metric}", metric != "auc_shuffled"
        self.model, self.metric, self.centre_bias = model, metric, centre_bias
        self.sigma_px, self.num_fixations, self.seed = sigma_px, num_fixations, seed

    def predict_stimulus(self, stimulus: Stimulus) -> SaliencyMap:
        """The map of a data set's stimulus."""
        centre = self.centre_bias.predict_stimulus(stimulus).density() if self.centre_bias is not None else None
        return self._implied(self.model.predict_stimulus(stimulus), centre)

    def predict_pixels(self, pixels: Pixels) -> SaliencyMap:
        """The map of a picture given as (H, W, 3) uint8 RGB."""
        centre = self.centre_bias.predict_pixels(pixels).density() if self.centre_bias is not None else None
        return self._implied(self.model.predict_pixels(pixels), centre)

    def _implied(self, predicted: SaliencyMap, centre: Floats | None) -> SaliencyMap:
        found = optimal_map(
            predicted.density(),
            self.metric,
            centre_bias=centre,
            sigma_px=self.sigma_px,
            num_fixations=self.num_fixations,
            seed=self.seed,
        )
        return SaliencyMap(found.astype(np.float32), "density" if self.is_density else "values")


def draw_fixations(density: ArrayLike, number: int, generator: np.random.Generator) -> Fixations:
    """Fixations drawn from a density (H, W), each at the centre of its pixel."""
    shares = as_density(density)
    rows, columns = np.unravel_index(generator.choice(shares.size, size=number, p=shares.reshape(-1)), shares.shape)
    return Fixations(columns, rows, (shares.shape[0], shares.shape[1]))


def _over_centre(density: Floats, centre_bias: ArrayLike | None) -> Floats:
    if centre_bias is None:
        raise InputError("the best map for auc_shuffled is the density divided by the centre bias; give centre_bias")
    centre = as_density(centre_bias)
    if centre.shape != density.shape:
        raise InputError(f"the density is {density.shape} but the centre bias {centre.shape}; bring them to one size")
    if centre.min() <= 0:
        raise InputError("the centre bias is 0 somewhere, where the quotient has no value; mix in a little of the uniform density")
    return density / centre


def _drawn(density: Floats, sigma_px: float, border: Border, number: int, draws: int, seed: int) -> Iterator[NDArray[np.float32]]:
    if number < 1 or draws < 2:
        raise InputError(f"drawing needs at least one fixation and two sets; found {number} and {draws}")
    generator = np.random.Generator(np.random.PCG64(seed))
    for _ in range(draws):
        yield fixation_density(draw_fixations(density, number, generator), sigma_px=sigma_px, border=border).astype(np.float32)


def _most_similar(observed: NDArray[np.float32]) -> Floats:
    """The density p of the greatest mean over m of sum_i min(p_i, q_mi), for observed densities q, (M, H, W).

    The mean is concave in p, and its slope in pixel i is the share of the q_mi above p_i. At the best p that sums to 1 all slopes are alike:
    p_i is one and the same quantile of the q_mi in every pixel, and the level is the one at which the quantiles sum to 1. No ascent needed.
    """
    ordered = np.sort(observed, axis=0)
    low, high = 0.0, 1.0
    for _ in range(40):
        level = (low + high) / 2
        low, high = (level, high) if float(_quantile(ordered, level).sum()) < 1 else (low, level)
    return as_density(_quantile(ordered, high))


def _quantile(ordered: NDArray[np.float32], level: float) -> Floats:
    position = level * (len(ordered) - 1)
    below = min(int(position), len(ordered) - 2)
    step = position - below
    return (1 - step) * ordered[below].astype(np.float64) + step * ordered[below + 1].astype(np.float64)
