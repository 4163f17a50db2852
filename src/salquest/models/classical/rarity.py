"""RARE2012-like: what is rare among the picture's own colours and textures, over several scales (after Riche and others 2013)."""

from __future__ import annotations

from dataclasses import dataclass

import array_api_compat

from salquest.models.classical.arrays import Array, like, min_max
from salquest.models.classical.contract import ClassicalModel
from salquest.models.classical.filters import correlate_separable, gaussian_taps
from salquest.models.classical.fourier import energy, spectra
from salquest.models.classical.histograms import self_information
from salquest.models.classical.imresize import imresize
from salquest.models.classical.log_gabor import rings, sectors
from salquest.models.classical.whitening import principal_components


@dataclass(frozen=True, eq=False, kw_only=True)
class RareLike(ClassicalModel):
    """A rewrite in the manner of RARE2012 (Riche, Mancas, Duvinage, Mibulumukini, Gosselin and Dutoit 2013), not the model itself.

    The authors published it as p-code only. From its parameter file are the colour transform (principal components of RGB), 8 angles, 3 scales
    of Gabor filters, 4 levels of rarity and both thresholds of .3. The steps are those of the paper as others describe it; wavelengths and
    widths of the filters, the number of bins, how levels are added and the last blur are ours, and no map of the original was at
    hand to compare with. The authors add a centred Gaussian for photographs, which is in neither.

    Steps: the principal components of RGB; of each its values, and the log-Gabor energy at each angle, scales added; of each of these
    27 maps the self-information of its values on dyadic levels, added; three fusions (angles, then values with angles, then components),
    each a sum of scaled maps weighted by their rank in (maximum - mean)^2.

    Attributes:
        longest: 200, where it was tried (half of 400 x 300); the filters' wavelengths are in pixels of that.
        wavelengths: of the log-Gabor filters.
        ratio: their bandwidth: standard deviation over centre frequency.
        angles, spread: how many, and their standard deviation in degrees.
        levels: of rarity, each half the one before.
        bins: of each histogram, from the map's minimum to its maximum.
        threshold: maps whose (maximum - mean)^2 is below this share of the greatest are left out of a fusion.
        blur: standard deviation of the last blur as a share of the longer side.
    """

    name = "rare2012-like"
    longest: int | None = 200
    wavelengths: tuple[float, ...] = (4.0, 8.0, 16.0)
    ratio: float = 0.65
    angles: int = 8
    spread: float = 20.0
    levels: int = 4
    bins: int = 11
    threshold: float = 0.3
    blur: float = 0.03

    def native_maps(self, pictures: Array) -> Array:
        """The maps at the picture's size, (B, H, W), in 0..1."""
        xp = array_api_compat.array_namespace(pictures)
        components = principal_components(pictures)
        maps = xp.concat([components[:, :, None], self._energies(components)], axis=2)
        rare = self._rarity(maps)
        oriented = self._fused(rare[:, :, 1:])
        of_components = self._fused(xp.stack([rare[:, :, 0], oriented], axis=2))
        sigma = self.blur * max(pictures.shape[-2:])
        return min_max(
            correlate_separable(self._fused(of_components), gaussian_taps(2 * int(4 * sigma + 0.5) + 1, sigma), border="replicate")
        )

    def _energies(self, components: Array) -> Array:
        """Log-Gabor energy of components (B, C, H, W) at each angle, scales added, (B, C, angles, H, W)."""
        xp = array_api_compat.array_namespace(components)
        transformed, inside = spectra(components)
        size = tuple(transformed.shape[-2:])
        radial, angular = (
            like(rings(size, self.wavelengths, self.ratio), components),
            like(sectors(size, self.angles, self.spread), components),
        )
        scales = range(len(self.wavelengths))
        each = [sum(energy(transformed, radial[scale] * angular[angle], inside) for scale in scales) for angle in range(self.angles)]
        return xp.stack(each, axis=2)

    def _rarity(self, maps: Array) -> Array:
        """Self-information of the values of maps (..., H, W) on every level, brought to their size and added."""
        size, level = tuple(maps.shape[-2:]), maps
        total: Array = 0.0
        for number in range(self.levels):
            if number:
                level = imresize(level, (-(-level.shape[-2] // 2), -(-level.shape[-1] // 2)))
            total = total + imresize(self_information(level, self.bins), size)
        return total

    def _fused(self, maps: Array) -> Array:
        """Maps (..., N, H, W) scaled to 0..1, weighted by their rank in contrast and added, (..., H, W)."""
        xp = array_api_compat.array_namespace(maps)
        scaled = min_max(maps)
        contrast = (xp.max(scaled, axis=(-2, -1)) - xp.mean(scaled, axis=(-2, -1))) ** 2  # of a constant map 0
        ranks = xp.astype(xp.argsort(xp.argsort(contrast, axis=-1), axis=-1) + 1, maps.dtype) / maps.shape[-3]
        kept = contrast >= self.threshold * xp.max(contrast, axis=-1, keepdims=True)
        weights = xp.where(kept, ranks, xp.zeros_like(ranks))
        return xp.sum(weights[..., None, None] * scaled, axis=-3)
