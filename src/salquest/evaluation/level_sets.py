"""How smooth a map is, told by its level sets: where the upper values lie together and within short borders (Pan 2017, Figure 5).

The paper shows close-ups and says that adversarial training gives "much smoother and simpler level sets". Here both words are numbers. They
do not change where values are replaced by a rising function of them, so that maps of any scale and activation compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from salquest.errors import InputError

# shares of the picture that the sets cover: from the peaks to nearly half of it
SHARES = (0.02, 0.05, 0.1, 0.2, 0.4)


@dataclass(frozen=True)
class LevelSets:
    """How simple the level sets of a map are, each a mean over several shares of the picture.

    Attributes:
        complexity: length of the border over that of a square of the same area: 1 for one square, sqrt(k) for k equal squares, more where the
            border is ragged. Borders run along the edges of cells, the picture's own included; a disc has 4 / pi / sqrt(4 / pi) = 1.13.
        pieces: connected pieces, cells touching at a corner being connected.
    """

    complexity: float
    pieces: float


def level_sets(saliency: ArrayLike, shares: Sequence[float] = SHARES) -> LevelSets:
    """The level sets of a map: for each share the cells that hold its greatest values, ties included.

    Args:
        saliency: (H, W), any real values.
        shares: of the picture's cells, each above 0 and up to 1.

    Raises:
        InputError: no map of two axes, values that are no finite numbers, or a share out of range.
    """
    from scipy.ndimage import label  # late, so that reading scores does not wait for it

    values = np.asarray(saliency, dtype=np.float64)
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise InputError(f"level sets are of a map (H, W) of finite values; found shape {values.shape}")
    if not shares or not all(0 < share <= 1 for share in shares):
        raise InputError(f"level sets cover shares of the picture, above 0 and up to 1; found {list(shares)}")
    falling = np.sort(values, axis=None)[::-1]
    complexities, pieces = [], []
    for share in shares:
        inside = values >= falling[max(1, round(share * values.size)) - 1]
        framed = np.pad(inside, 1)
        border = np.count_nonzero(np.diff(framed, axis=0)) + np.count_nonzero(np.diff(framed, axis=1))
        complexities.append(border / (4 * np.sqrt(np.count_nonzero(inside))))
        pieces.append(label(inside, structure=np.ones((3, 3)))[1])
    return LevelSets(float(np.mean(complexities)), float(np.mean(pieces)))
