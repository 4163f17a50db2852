"""AWS-like: how far a pixel's local structure lies from the picture's, every scale and colour counted alike (after Garcia-Diaz 2012)."""

from __future__ import annotations

from dataclasses import dataclass

import array_api_compat

from salquest.models.classical.arrays import Array, like, min_max
from salquest.models.classical.contract import ClassicalModel
from salquest.models.classical.filters import correlate_separable, gaussian_taps
from salquest.models.classical.fourier import energy, spectra
from salquest.models.classical.log_gabor import rings, sectors
from salquest.models.classical.whitening import principal_components, squared_distances


@dataclass(frozen=True, eq=False, kw_only=True)
class AwsLike(ClassicalModel):
    """A rewrite in the manner of Adaptive Whitening Saliency (Garcia-Diaz, Fdez-Vidal, Pardo and Dosil 2012), not the model itself.

    The authors published it as p-code only. Colour whitening, 4 orientations, 7 scales of luminance and 5 of chroma, wavelengths from 6 pixels
    on by octaves, whitening over scales and the squared norm are the paper's as others describe it; the bandwidth, the rim, the floor of
    small eigenvalues, how groups are weighed and the last blur are ours, and no map of the original was at hand to compare with.

    Steps: the whitened principal components of RGB; of the first the log-Gabor energy at each angle and scale, of the others band-pass
    energy at each scale; in each of these six groups Hotelling's T^2 of the vector over scales, divided by its sum over the picture; groups added
    in a component, components added, blur.

    Attributes:
        longest: 400, where it was tried; its score falls with smaller pictures.
        wavelength: the shortest, in pixels.
        scales: of luminance and of chroma, an octave apart.
        ratio: bandwidth of the filters: standard deviation over centre frequency, about two octaves.
        angles, spread: how many, and their standard deviation in degrees.
        blur: standard deviation of the last blur as a share of the longer side.
    """

    name = "aws-like"
    longest: int | None = 400
    wavelength: float = 6.0
    scales: tuple[int, int] = (7, 5)
    ratio: float = 0.55
    angles: int = 4
    spread: float = 37.5
    blur: float = 0.03

    def native_maps(self, pictures: Array) -> Array:
        """The maps at the picture's size, (B, H, W), in 0..1."""
        xp = array_api_compat.array_namespace(pictures)
        transformed, inside = spectra(principal_components(pictures, whiten=True))
        size = tuple(transformed.shape[-2:])
        wavelengths = tuple(self.wavelength * 2.0**octave for octave in range(max(self.scales)))
        radial = like(rings(size, wavelengths, self.ratio), pictures)
        angular = like(sectors(size, self.angles, self.spread), pictures)

        def distances(component: int, window: Array, scales: int) -> Array:
            bands = [energy(transformed[:, component], radial[scale] * window, inside) for scale in range(scales)]
            return shared_out(squared_distances(xp.stack(bands, axis=1)))

        luminance = sum(distances(0, angular[angle], self.scales[0]) for angle in range(self.angles))
        chroma = [distances(component, xp.ones_like(angular[0]), self.scales[1]) for component in (1, 2)]
        total = shared_out(luminance) + sum(shared_out(one) for one in chroma)
        # once at the end: blurring every group would give the same sum
        sigma = self.blur * max(pictures.shape[-2:])
        return min_max(correlate_separable(total, gaussian_taps(2 * int(4 * sigma + 0.5) + 1, sigma), border="replicate"))


def shared_out(maps: Array) -> Array:
    """Non-negative maps (..., H, W) divided by their sums; an empty map stays."""
    xp = array_api_compat.array_namespace(maps)
    sums = xp.sum(maps, axis=(-2, -1), keepdims=True)
    return maps / xp.where(sums > 0, sums, xp.ones_like(sums))
