"""GBVS: graph-based visual saliency (Harel, Koch and Perona 2006), as in its authors' bundle of 2012."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import array_api_compat

from salquest.errors import InputError
from salquest.models.classical.arrays import Array
from salquest.models.classical.bundle_centre import undo_centre_bias
from salquest.models.classical.bundle_maps import finish, promote_few_peaks, working_size
from salquest.models.classical.bundle_pyramid import CHANNELS, channel_maps, pyramid
from salquest.models.classical.contract import ClassicalModel
from salquest.models.classical.imresize import imresize
from salquest.models.classical.markov import equilibrium


@dataclass(frozen=True, eq=False, kw_only=True)
class Gbvs(ClassicalModel):
    """Walkers that prefer edges between unlike, near pixels dwell where a feature map is unusual (Harel 2006).

    The original takes pictures as they are, and levels 2 to 4 are a quarter to a sixteenth of that, so that its maps change with the size
    of the picture. Papers ran it on the 800 to 1024 pixels of OSIE and MIT1003. Here every picture begins at 640: copies stored smaller
    score better there than at their own size, and photographs of MIT1003 gain nothing beyond it.

    Attributes:
        channels: letters of the feature channels: "C" opponent colours, "D" DKL colours, "I" intensity, "O" orientation, "R" contrast.
        weights: of the channels whose weight is not 1, by letter.
        size: the longer side of the maps in pixels; the walker's lattice has at most its square of nodes.
        levels: of the pyramid whose maps are used; level l is the picture divided by 2^l. From 1 here, from 2 in the original.
        angles: of the orientation maps, in degrees.
        contrast_width: side of the contrast channel's square as a share of the height.
        lattices: further lattices in the graph, of half the size (1), a quarter (2) .. ("multilevels").
        activation_sigma, normalisation_sigma: reach of the walker as a share of the mean side.
        walk: "tolerance" stops as the original does once a step moves the distribution by `tolerance` or less; "equilibrium" answers what
            that tends to, which has a closed form: half the time, maps correlated at .9995 to .99999.
        tolerance: of the walk, Euclidean.
        normalisation: how maps are sharpened before they are added: "power" raises to `exponent` (type 1 of the bundle), "mass" lets a
            second walker gather on what is high (type 2), "peaks" is the operator N of Itti 1998 (type 3).
        exponent: of "power".
        rounds: of "mass".
        normalises_channels: whether the channels' sums are sharpened once more.
        blur: standard deviation of the last blur as a share of the longer side; 0 for none.
        undoes_centre_bias: whether the last map is multiplied by the bundle's inverse centre bias.

    Raises:
        InputError: a channel that is not there, no level or no angle.
    """

    name = "gbvs"
    longest: int | None = 640
    channels: str = "DIO"
    weights: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    size: int = 32
    levels: tuple[int, ...] = (2, 3, 4)
    angles: tuple[float, ...] = (0, 45, 90, 135)
    contrast_width: float = 0.1
    lattices: tuple[int, ...] = ()
    activation_sigma: float = 0.15
    normalisation_sigma: float = 0.06
    walk: Literal["tolerance", "equilibrium"] = "tolerance"
    tolerance: float = 1e-4
    normalisation: Literal["power", "mass", "peaks"] = "power"
    exponent: float = 1.5
    rounds: int = 1
    normalises_channels: bool = False
    blur: float = 0.02
    undoes_centre_bias: bool = False

    def __post_init__(self) -> None:
        unknown = sorted((set(self.channels) | set(self.weights)) - set(CHANNELS))
        if unknown or not self.channels:
            raise InputError(f"the channels of GBVS are letters among {', '.join(CHANNELS)}; found: {', '.join(unknown) or 'none'}")
        if not self.levels or min(self.levels) < 1 or not self.angles:
            raise InputError(f"GBVS needs levels from 1 up and an angle; found levels {self.levels}, angles {self.angles}")

    def native_maps(self, pictures: Array) -> Array:
        """The master maps, (B, h, w) with a longer side of `size`, in 0..1."""
        channels = self.channel_sums(self.activation(self.features(pictures)))
        master = sum(self.weights.get(letter, 1.0) * maps for letter, maps in channels.items())
        master = finish(master, self.blur)
        return undo_centre_bias(master) if self.undoes_centre_bias else master

    def features(self, pictures: Array) -> dict[str, Array]:
        """The feature maps by channel, (B, maps, h, w) at the small size; a channel's maps follow each other by type, then by level."""
        xp = array_api_compat.array_namespace(pictures)
        levels = pyramid(pictures, max(self.levels))
        height, width = pictures.shape[-2:]
        size = working_size(height, width, self.size)
        found = {}
        for letter in sorted(set(self.channels)):
            at_levels = [
                imresize(channel_maps(letter, levels[level], angles=self.angles, contrast_width=self.contrast_width), size)
                for level in self.levels
            ]
            by_type = xp.stack(at_levels, axis=2)
            found[letter] = xp.reshape(by_type, (len(pictures), -1, *size))
        return found

    def activation(self, features: dict[str, Array]) -> dict[str, Array]:
        """Where the first walker dwells on each feature map, same shapes, each map summing to 1."""
        return {
            letter: self._walked(maps, "dissimilarity", self.activation_sigma, self.tolerance if self.walk == "tolerance" else None)
            for letter, maps in features.items()
        }

    def normalised(self, activation: Array) -> Array:
        """Activation maps (..., h, w) sharpened."""
        if self.normalisation == "power":
            return activation**self.exponent
        if self.normalisation == "peaks":
            return promote_few_peaks(activation)
        for _ in range(self.rounds):
            activation = self._walked(activation, "mass", self.normalisation_sigma, self.tolerance if self.walk == "tolerance" else None)
        return activation

    def channel_sums(self, activation: dict[str, Array]) -> dict[str, Array]:
        """The channels' maps, (B, h, w) each: sharpened maps added, not averaged, so that a channel of many maps weighs more."""
        xp = array_api_compat.array_namespace(*activation.values())
        sums = {letter: xp.sum(self.normalised(maps), axis=1) for letter, maps in activation.items()}
        return {letter: self.normalised(maps) for letter, maps in sums.items()} if self.normalises_channels else sums

    def _walked(self, maps: Array, edges: Literal["dissimilarity", "mass"], sigma: float, tolerance: float | None) -> Array:
        xp = array_api_compat.array_namespace(maps)
        flat = xp.reshape(maps, (-1, *maps.shape[-2:]))
        return xp.reshape(equilibrium(flat, edges, sigma=sigma, lattices=self.lattices, tolerance=tolerance), maps.shape)


@dataclass(frozen=True, eq=False, kw_only=True)
class FastGbvs(Gbvs):
    """The bundle's fast preset: DKL colours and two orientations at one level, smaller maps, an earlier stop."""

    name = "gbvs-fast"
    channels: str = "DO"
    size: int = 24
    levels: tuple[int, ...] = (3,)
    angles: tuple[float, ...] = (0, 90)
    tolerance: float = 0.003
