"""Itti and Koch's centre-surround model in the form of the GBVS bundle, which most papers mean by "Itti"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import array_api_compat

from salquest.errors import InputError
from salquest.models.classical.arrays import Array
from salquest.models.classical.bundle_maps import finish, promote_few_peaks, working_size
from salquest.models.classical.bundle_pyramid import CHANNELS, channel_maps, pyramid
from salquest.models.classical.contract import ClassicalModel
from salquest.models.classical.imresize import imresize


@dataclass(frozen=True, eq=False, kw_only=True)
class IttiBundle(ClassicalModel):
    """Squared differences between levels of a pyramid, maps with few peaks promoted, summed (Itti, Koch and Niebur 1998; Harel 2012).

    Against the paper of 1998: intensity is the largest colour, colour opponents have no sign and are divided by intensity at every level,
    differences are squared, levels begin at a quarter of the picture, and the result is blurred.

    The original takes pictures as they are. Here every picture begins at 640 pixels, the size below which its author warns of deltas of 3;
    blown-up copies of small pictures score a little less than at their own size (`longest=None`), large ones lose nothing.

    Attributes:
        channels: letters of the feature channels: "C" opponent colours (SMILER takes "D", DKL colours), "I", "O", "R".
        weights: of the channels whose weight is not 1, by letter.
        size: the longer side of the maps in pixels; None is an eighth of the picture's (SMILER: 32).
        centres, deltas: levels of the centre, and how many levels further up the surround lies ((2, 3) is nearer to the paper of 1998).
        angles: of the orientation maps, in degrees.
        contrast_width: side of the contrast channel's square as a share of the height.
        blur: standard deviation of the last blur as a share of the longer side: .03 in the bundle and in SMILER; 0 in the copy by the
            authors of OSIE.

    Raises:
        InputError: a channel that is not there, no centre, delta or angle.
    """

    name = "itti"
    longest: int | None = 640
    channels: str = "CIO"
    weights: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    size: int | None = None
    centres: tuple[int, ...] = (2, 3)
    deltas: tuple[int, ...] = (2,)
    angles: tuple[float, ...] = (0, 45, 90, 135)
    contrast_width: float = 0.1
    blur: float = 0.03

    def __post_init__(self) -> None:
        unknown = sorted((set(self.channels) | set(self.weights)) - set(CHANNELS))
        if unknown or not self.channels:
            raise InputError(f"the channels of Itti's model are letters among {', '.join(CHANNELS)}; found: {', '.join(unknown) or 'none'}")
        if not (self.centres and self.deltas and self.angles) or min(*self.centres, *self.deltas) < 1:
            raise InputError(
                f"Itti's model needs centres and deltas from 1 up and an angle; "
                f"found centres {self.centres}, deltas {self.deltas}, angles {self.angles}"
            )

    def native_maps(self, pictures: Array) -> Array:
        """The master maps, (B, h, w) with a longer side of `size`, in 0..1."""
        xp = array_api_compat.array_namespace(pictures)
        height, width = pictures.shape[-2:]
        size = working_size(height, width, self.size or int(max(height, width) / 8 + 0.5))
        master = 0.0
        for letter, maps in self.centre_surround(pictures).items():
            resized = xp.concat([imresize(one, size) for one in maps], axis=1)
            summed = xp.sum(promote_few_peaks(resized), axis=1)
            master = master + self.weights.get(letter, 1.0) * promote_few_peaks(summed)
        return finish(master, self.blur)

    def centre_surround(self, pictures: Array) -> dict[str, list[Array]]:
        """(centre - surround)^2 by channel, (B, types, h, w) at the centre's size, for every centre and its deltas in turn."""
        levels = pyramid(pictures, max(self.centres) + max(self.deltas))
        wanted = sorted({*self.centres, *(centre + delta for centre in self.centres for delta in self.deltas)})
        found = {}
        for letter in sorted(set(self.channels)):
            maps = {level: channel_maps(letter, levels[level], angles=self.angles, contrast_width=self.contrast_width) for level in wanted}
            found[letter] = [
                (maps[centre] - imresize(maps[centre + delta], tuple(maps[centre].shape[-2:]))) ** 2
                for centre in self.centres
                for delta in self.deltas
            ]
        return found
