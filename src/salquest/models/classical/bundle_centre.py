"""GBVS looks at the centre by its very form; the bundle brings a map to take some of that back."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from salquest.models.classical.arrays import Array, like, min_max
from salquest.models.classical.imresize import imresize

# One eighth of the bundle's 32 x 32 table (`invCenterBias`), row by row from the diagonal to the middle column: the table is the same when
# mirrored or transposed. Data of the original program, measured by its author; no formula gives it.
# fmt: off
OCTANT = (
    1.0, 0.9899876, 0.9763997, 0.9609946, 0.9462304, 0.9385032, 0.9326528, 0.9267057, 0.9209829, 0.9157747, 0.9114274, 0.9082472,
    0.9062334, 0.9050876, 0.9041687, 0.903596, 0.9717153, 0.9469585, 0.9189587, 0.8921918, 0.8779076, 0.8669748, 0.8560165, 0.8456504,
    0.836423, 0.8289101, 0.8235959, 0.820297, 0.8184376, 0.8168458, 0.8158541, 0.9072921, 0.8627128, 0.8203267, 0.7972425, 0.779409,
    0.7619256, 0.7457612, 0.7316921, 0.7203289, 0.7122056, 0.7069029, 0.703761, 0.7013529, 0.6999379, 0.7998492, 0.7403124, 0.7070526,
    0.6810959, 0.6561437, 0.6336161, 0.6143783, 0.5988064, 0.5871756, 0.5791125, 0.5742017, 0.5708517, 0.5689726, 0.6645623,
    0.6211576, 0.5871854, 0.5551427, 0.5264856, 0.5023449, 0.48316, 0.4686322, 0.4580866, 0.4511362, 0.4467576, 0.4444187, 0.5707017,
    0.5310046, 0.4941289, 0.4618024, 0.4350302, 0.4138947, 0.3978722, 0.3855544, 0.376723, 0.3714816, 0.3688335, 0.4867374, 0.4464045,
    0.4117999, 0.3836843, 0.3616576, 0.3447757, 0.3311933, 0.3207741, 0.3148246, 0.3120185, 0.4036967, 0.3678667, 0.3392457,
    0.3172261, 0.300082, 0.285685, 0.2739531, 0.2676019, 0.264699, 0.3315717, 0.3033581, 0.2821181, 0.2653144, 0.2505679, 0.2377704,
    0.2311062, 0.2281253, 0.2760934, 0.255996, 0.2399798, 0.2250882, 0.2111616, 0.2040929, 0.2009254, 0.23699, 0.221507, 0.2057422,
    0.1896933, 0.1816297, 0.1779224, 0.20522, 0.1863482, 0.1657259, 0.1551104, 0.1501767, 0.1610397, 0.1323018, 0.116688, 0.1093456,
    0.0930738, 0.0696466, 0.0582788, 0.0372154, 0.0204794, 0.0,
)
# fmt: on
SIDE = 32


@lru_cache(maxsize=1)
def inverse_centre_bias() -> NDArray[np.float64]:
    """How little GBVS looks at each place by itself, (32, 32): 1 in the corners, 0 in the middle."""
    quarter = np.zeros((SIDE // 2, SIDE // 2))
    quarter[np.triu_indices(SIDE // 2)] = OCTANT
    quarter = np.maximum(quarter, quarter.T)
    half = np.concatenate([quarter, quarter[:, ::-1]], axis=1)
    return np.concatenate([half, half[::-1]])


def undo_centre_bias(maps: Array) -> Array:
    """Maps (B, h, w) times a map of 1 in the corners and 1/2 in the middle, scaled to 0..1."""
    return min_max(maps * like(imresize(0.5 + 0.5 * inverse_centre_bias(), tuple(maps.shape[-2:])), maps))
