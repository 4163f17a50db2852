"""Colours as the originals compute them."""

from __future__ import annotations

import array_api_compat

from salquest.models.classical.arrays import Array, like

GREY = (0.298936021293775, 0.587043074451121, 0.114020904255103)
# sRGB to XYZ with the profile's white, D50, which MATLAB's makecform uses; and with D65, as rgb2lab does
XYZ = {
    "d50": ((0.4360747, 0.3850649, 0.1430804), (0.2225045, 0.7168786, 0.0606169), (0.0139322, 0.0971045, 0.7141733)),
    "d65": ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041)),
}
WHITE = {"d50": (0.96422, 1.0, 0.82521), "d65": (0.950456, 1.0, 1.088754)}


def grey_of(pictures: Array) -> Array:
    """`rgb2gray` of doubles: (B, 3, H, W) in 0..1 becomes (B, H, W)."""
    red, green, blue = pictures[:, 0], pictures[:, 1], pictures[:, 2]
    return GREY[0] * red + GREY[1] * green + GREY[2] * blue


def rounded_grey(pictures: Array) -> Array:
    """`rgb2gray` of a uint8 picture, which rounds to 1/255: (B, H, W) in 0..1."""
    xp = array_api_compat.array_namespace(pictures)
    return xp.floor(grey_of(pictures) * 255 + 0.5) / 255


def lab_of(pictures: Array, white: str = "d50") -> Array:
    """Pictures in sRGB (B, 3, H, W), 0..1, as CIE L*a*b*, L in 0..100.

    Args:
        white: "d50" as MATLAB's `makecform('srgb2lab')`, or "d65" as its `rgb2lab`.
    """
    xp = array_api_compat.array_namespace(pictures)
    clipped = xp.clip(pictures, 0.0, 1.0)
    linear = xp.where(clipped <= 0.04045, clipped / 12.92, ((clipped + 0.055) / 1.055) ** 2.4)
    planes = xp.reshape(linear, (*linear.shape[:2], -1))
    xyz = like(XYZ[white], planes) @ planes / xp.reshape(like(WHITE[white], planes), (1, 3, 1))
    f = xp.where(xyz > 216 / 24389, xp.clip(xyz, 1e-12, None) ** (1 / 3), (24389 / 27 * xyz + 16) / 116)
    lab = xp.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)
    return xp.reshape(lab, pictures.shape)
