"""Metrics of the standardised map: NSS, its mean z-score where people looked, and CC, its correlation with the observed density."""

from __future__ import annotations

import numpy as np

from salquest.metrics.fixations import FixationsLike, open_fixations
from salquest.metrics.maps import Array, Constant, Maps, open_density, open_maps, row_sums, settle_constant


def nss(
    saliency: Array | Maps,
    fixations: FixationsLike,
    *,
    repeats: bool = True,
    ddof: int = 0,
    constant: Constant = "chance",
) -> float | Array:
    """Normalised scanpath saliency: mean z-score of the map at the fixated pixels (Peters 2005). 0 at chance, more is better.

    Args:
        saliency: (H, W) or (B, H, W), any real numbers; shifting a map or scaling it by a positive factor changes nothing.
        fixations: of the same pictures.
        repeats: every fixation counts; False: every pixel that was looked at once (MIT). The second is smaller by 0.06 on average on OSIE
            at 96 x 128.
        ddof: the deviation divides by H*W - ddof. MATLAB's `std` has 1, which makes the score smaller by sqrt((H*W - 1) / (H*W)).
        constant: what a map without spread scores: "chance" (0, with a ConstantMapWarning) or "nan".

    Returns:
        A float, or (B,) for a batch; NaN for a picture without fixations.

    Raises:
        InputError: see `open_maps` and `open_fixations`.

    >>> from salquest.gaze import Fixations
    >>> round(nss(np.array([[0.0, 0.0], [0.0, 4.0]]), Fixations([1], [1], (2, 2))), 3)
    1.732
    """
    maps = open_maps(saliency)
    fixated = open_fixations(fixations, maps).counted(repeats=repeats)
    scores = fixated.mean(maps.z_scores(maps.at(fixated.padded[0]), ddof))
    return maps.answer(settle_constant(maps, scores, 0.0, constant))


def cc(saliency: Array | Maps, density: Array | Maps, *, constant: Constant = "chance") -> float | Array:
    """Pearson's correlation of the map with the observed density, pixel by pixel: -1 to 1, 0 at chance.

    It is blind to scale and offset of both, but not to the blur that made the density.

    Args:
        saliency: (H, W) or (B, H, W), any real numbers.
        density: of the same shape, non-negative, any scale.
        constant: what a map without spread scores: "chance" (0, with a ConstantMapWarning) or "nan".

    Returns:
        A float, or (B,) for a batch; NaN where the density has no spread.

    Raises:
        InputError: see `open_maps` and `open_density`.
    """
    maps = open_maps(saliency)
    observed = open_density(density, maps)
    together = maps.total(lambda block: row_sums(maps.centred(block), observed.centred(block)))
    lengths = np.sqrt(maps.squares) * np.sqrt(observed.squares)
    scores = together / np.where(maps.constant | observed.constant, 1.0, lengths)
    return maps.answer(settle_constant(maps, np.where(observed.constant, np.nan, scores), 0.0, constant))
